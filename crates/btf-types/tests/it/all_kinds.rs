//! A BTF with a type of every kind, and bpftool's output for it.

use btf_types::{ByteOrder, DeclTarget, IntEncoding, Linkage, TypeId, build::Builder};

/// The types that [`add`] adds, as `bpftool btf dump file` of version 7.1 prints them. It prints SIGNED and
/// CHAR together as UNKN.
pub(crate) const DUMP: &str = "\
[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] INT 'char' size=1 bits_offset=0 nr_bits=8 encoding=UNKN
[3] INT 'bool' size=1 bits_offset=0 nr_bits=8 encoding=BOOL
[4] INT 'unsigned long' size=8 bits_offset=0 nr_bits=64 encoding=(none)
[5] PTR '(anon)' type_id=8
[6] ARRAY '(anon)' type_id=2 index_type_id=4 nr_elems=16
[7] UNION '(anon)' size=8 vlen=2
\t'whole' type_id=4 bits_offset=0
\t'half' type_id=1 bits_offset=0
[8] STRUCT 'node' size=40 vlen=4
\t'next' type_id=5 bits_offset=0
\t'(anon)' type_id=7 bits_offset=64
\t'name' type_id=6 bits_offset=128
\t'ok' type_id=3 bits_offset=256
[9] STRUCT 'flags' size=8 vlen=3
\t'all' type_id=1 bits_offset=0
\t'low' type_id=1 bits_offset=32 bitfield_size=3
\t'high' type_id=1 bits_offset=35 bitfield_size=29
[10] ENUM 'color' encoding=UNSIGNED size=4 vlen=2
\t'RED' val=0
\t'ALL' val=4294967295
[11] ENUM 'offset' encoding=SIGNED size=4 vlen=2
\t'BACK' val=-1
\t'ON' val=2147483647
[12] FWD 'opaque' fwd_kind=struct
[13] FWD 'variant' fwd_kind=union
[14] TYPEDEF 'alias' type_id=10
[15] VOLATILE '(anon)' type_id=14
[16] CONST '(anon)' type_id=15
[17] RESTRICT '(anon)' type_id=5
[18] FUNC_PROTO '(anon)' ret_type_id=1 vlen=3
\t'a' type_id=17
\t'b' type_id=16
\t'(anon)' type_id=0
[19] FUNC 'local' type_id=18 linkage=static
[20] FUNC 'main' type_id=18 linkage=global
[21] FUNC 'outer' type_id=18 linkage=extern
[22] VAR 'counter' type_id=4, linkage=global
[23] VAR 'hidden' type_id=9, linkage=static
[24] VAR 'foreign' type_id=1, linkage=extern
[25] DATASEC '.data' size=16 vlen=2
\ttype_id=22 offset=0 size=8 (VAR 'counter')
\ttype_id=23 offset=8 size=8 (VAR 'hidden')
[26] FLOAT 'double' size=8
[27] DECL_TAG 'on_main' type_id=20 component_idx=-1
[28] DECL_TAG 'on_b' type_id=20 component_idx=1
[29] TYPE_TAG 'user' type_id=1
[30] PTR '(anon)' type_id=29
[31] ENUM64 'wide' encoding=UNSIGNED size=8 vlen=2
\t'TOP' val=18446744073709551615ULL
\t'LOW' val=1ULL
[32] ENUM64 'deep' encoding=SIGNED size=8 vlen=2
\t'BOTTOM' val=-9223372036854775808LL
\t'UP' val=1LL
";

/// The number of types that [`add`] adds.
pub(crate) const COUNT: u32 = 32;

/// Adds one type of each kind, and more of the kinds that are stored in several forms.
pub(crate) fn add(btf: &mut Builder<'_>) {
    let signed_char = IntEncoding::SIGNED | IntEncoding::CHAR;
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let character = btf.int("char", 1, IntEncoding::new(8, signed_char));
    let boolean = btf.int("bool", 1, IntEncoding::new(8, IntEncoding::BOOL));
    let long = btf.int("unsigned long", 8, IntEncoding::new(64, 0));
    let next = btf.ptr(TypeId::VOID);
    let name = btf.array(character, long, 16);
    let anonymous = btf.union("", 8).member("whole", long, 0).member("half", int, 0).finish();
    let node = btf
        .structure("node", 40)
        .member("next", next, 0)
        .member("", anonymous, 64)
        .member("name", name, 128)
        .member("ok", boolean, 256)
        .finish();
    btf.redirect(next, node);
    let flags = btf
        .structure("flags", 8)
        .member("all", int, 0)
        .bitfield("low", int, 32, 3)
        .bitfield("high", int, 35, 29)
        .finish();
    let color =
        btf.enumeration("color", 4).enumerator("RED", 0).enumerator("ALL", u32::MAX).finish();
    btf.enumeration("offset", 4).enumerator("BACK", -1).enumerator("ON", i32::MAX).finish();
    btf.fwd_struct("opaque");
    btf.fwd_union("variant");
    let alias = btf.typedef("alias", color);
    let volatile = btf.volatile(alias);
    let constant = btf.constant(volatile);
    let restrict = btf.restrict(next);
    let proto = btf.func_proto(int).param("a", restrict).param("b", constant).variadic().finish();
    btf.func("local", proto, Linkage::Static);
    let main = btf.func("main", proto, Linkage::Global);
    btf.func("outer", proto, Linkage::Extern);
    let counter = btf.var("counter", long, Linkage::Global);
    let hidden = btf.var("hidden", flags, Linkage::Static);
    btf.var("foreign", int, Linkage::Extern);
    btf.data_section(".data", 16).variable(counter, 0, 8).variable(hidden, 8, 8).finish();
    btf.float("double", 8);
    btf.decl_tag("on_main", main, DeclTarget::Declaration);
    btf.decl_tag("on_b", main, DeclTarget::Component(1));
    let user = btf.type_tag("user", int);
    btf.ptr(user);
    btf.enumeration64("wide", 8).enumerator("TOP", u64::MAX).enumerator("LOW", 1).finish();
    btf.enumeration64("deep", 8).enumerator("BOTTOM", i64::MIN).enumerator("UP", 1).finish();
}

/// Returns a BTF with the types of [`add`].
pub(crate) fn bytes(order: ByteOrder) -> Vec<u8> {
    let mut btf = Builder::new(order);
    add(&mut btf);
    btf.finish().unwrap()
}

/// Both byte orders.
pub(crate) const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

/// Returns [`DUMP`] with `shift` added to every type id except `void`.
pub(crate) fn dump_shifted(shift: u32) -> String {
    let mut shifted = String::new();
    for line in DUMP.lines() {
        let mut rest = line;
        while let Some((at, marker)) =
            ["[", "type_id="].iter().filter_map(|marker| Some((rest.find(marker)?, marker))).min()
        {
            let (before, number) = rest.split_at(at + marker.len());
            let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
            let (digits, following) = number.split_at(digits);
            let id: u32 = digits.parse().unwrap();
            let id = if id == 0 { 0 } else { id + shift };
            shifted.push_str(&format!("{before}{id}"));
            rest = following;
        }
        shifted.push_str(rest);
        shifted.push('\n');
    }
    shifted
}
