//! Relocations from names.

use btf_types::{Btf, ByteOrder};

use crate::check::*;

const TYPES: &str = "
    typedef struct { int x; int bits : 5 @ 4.5; } node_t;
    struct s {
        int table[4][2];
        struct { int x; int bits : 5 @ 4.5; };
        node_t named;
        node_t *next;
        int rest[];
    } @size 64;
    enum e { A = 3, B = 4 };
";

fn access(root: &str, path: &str) -> Result<(String, u64), GenerateError> {
    let bytes = btf_from_c::btf(ByteOrder::Little, TYPES);
    let btf = Btf::parse(&bytes).unwrap();
    let relocation = field_relocation(&btf, 8, root, path, FieldByteOffset)?;
    assert_eq!(relocation.insn_off, 8);
    let value = local_value(&btf, &relocation).unwrap();
    assert_eq!(access_in_c(&btf, &relocation).replace("s.", "").replace("s[", "["), path);
    Ok((relocation.access.to_string(), value))
}

#[test]
fn paths_become_access_strings_and_offsets() {
    for (path, string, offset) in [
        ("table", "0:0", 0),
        ("table[3]", "0:0:3", 24),
        ("table[3][1]", "0:0:3:1", 28),
        ("x", "0:1:0", 32),
        ("bits", "0:1:1", 36),
        ("named.bits", "0:2:1", 44),
        ("next", "0:3", 48),
        ("rest[5]", "0:4:5", 76),
        ("[2].x", "2:1:0", 2 * 64 + 32),
    ] {
        for root in ["s", "struct s"] {
            assert_eq!(access(root, path), Ok((string.into(), offset)), "{root} {path}");
        }
    }
}

#[test]
fn an_error_gives_the_reason_and_what_to_do() {
    for (root, path, part) in [
        ("t", "x", "has no type `t`"),
        ("union s", "x", "has no type `union s`"),
        ("s", "y", "`struct s` has no member `y` (byte 0 of the path)"),
        ("s", "named.y", "(byte 6 of the path)"),
        ("s", "next.x", "goes through a pointer, `node_t *`, at byte 5"),
        ("s", "next.x", "starts from `node_t`"),
        ("s", "next[0]", "through a pointer"),
        ("s", "x.y", "`int` has no members"),
        ("s", "x[0]", "`int` has no elements"),
        ("s", "table.x", "has no members"),
        ("s", "table[4]", "index 4 is past the 4 elements"),
        ("s", "", "has no member name at byte 0"),
        ("s", ".x", "starts with a '.' at byte 0"),
        ("s", "x.", "has no member name at byte 2"),
        ("s", "table[", "'[' without a ']' at byte 5"),
        ("s", "table[x]", "index that is not a number at byte 6"),
        ("s", "table[-1]", "index that is not a number at byte 6"),
        ("s", "table[99999999999]", "index that is too large"),
        ("s", "table[0]x", "without a '.' or '[' at byte 8"),
        ("s", "a b", "has no member name at byte 0"),
        ("s", "[2147483648]", "above 2147483647"),
    ] {
        let text = access(root, path).unwrap_err().to_string();
        assert!(text.contains(part), "{root} {path}: {text}");
    }
}

#[test]
fn types_and_enumerators_have_their_own_access_strings() {
    let bytes = btf_from_c::btf(ByteOrder::Big, TYPES);
    let btf = Btf::parse(&bytes).unwrap();
    let size = type_relocation(&btf, 0, "struct s", TypeSize).unwrap();
    assert_eq!((local_value(&btf, &size), access_in_c(&btf, &size).as_str()), (Ok(64), "struct s"));
    let value = enumerator_relocation(&btf, 0, "enum e", "B", EnumvalValue).unwrap();
    assert_eq!((local_value(&btf, &value), access_in_c(&btf, &value).as_str()), (Ok(4), "e::B"));
    let missing = enumerator_relocation(&btf, 0, "e", "C", EnumvalValue);
    assert_eq!(missing.unwrap_err().to_string(), "`enum e` has no enumerator `C`");
}

/// The value that C gives it, where the BTF states the sign; otherwise the one that libbpf accepts.
#[test]
fn an_enumerator_is_extended_by_the_sign_that_its_btf_states() {
    for (types, expected) in [
        ("enum e { B = 0x80000001 }; enum other { C = -1 };", 0x8000_0001),
        ("enum e { B = 0x80000001 };", 0xffff_ffff_8000_0001),
        ("enum e { B = -1 };", u64::MAX),
        ("@enum_flags 0; enum e { B = -1 };", u64::MAX),
    ] {
        let bytes = btf_from_c::btf(ByteOrder::Big, types);
        let btf = Btf::parse(&bytes).unwrap();
        let value = enumerator_relocation(&btf, 0, "enum e", "B", EnumvalValue).unwrap();
        assert_eq!(local_value(&btf, &value), Ok(expected), "{types}");
    }
}
