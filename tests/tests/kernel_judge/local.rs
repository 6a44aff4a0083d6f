//! The local side of a relocation: a program's own BTF.

use btf_from_c::Ids;
use btf_types::build::Builder;
use btf_types::{ByteOrder, IntEncoding, Linkage, TypeId};
use core_reloc::RelocKind;
use core_reloc_tests::judge::Record;
use core_reloc_tests::judge::kernel::{Btf, FuncInfo};

/// A program's own BTF: its bytes, and the same in the kernel.
pub(crate) struct Local {
    pub(crate) bytes: Vec<u8>,
    pub(crate) in_kernel: Btf,
    /// The function that the program is.
    pub(crate) main: FuncInfo,
}

impl Local {
    /// Builds a BTF of the types that `describe` adds.
    pub(crate) fn new<T>(describe: impl FnOnce(&mut Builder<'_>) -> T) -> (Self, T) {
        let order = if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };
        let mut builder = Builder::new(order);
        let described = describe(&mut builder);
        let int = builder.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let proto = builder.func_proto(int).finish();
        let main = builder.func("main", proto, Linkage::Global);
        let bytes = builder.finish().unwrap();
        let in_kernel = Btf::load(&bytes).unwrap();
        (Self { bytes, in_kernel, main: FuncInfo { insn_off: 0, type_id: main.0 } }, described)
    }
}

/// Adds the types of a text in C.
pub(crate) fn declare(builder: &mut Builder<'_>, source: &str) -> Ids {
    btf_from_c::declare(builder, source).unwrap()
}

/// A record about the first instruction.
pub(crate) fn record(
    builder: &mut Builder<'_>,
    kind: RelocKind,
    root: TypeId,
    access: &str,
) -> Record {
    let access_str_off = builder.string(access).0;
    Record { insn_off: 0, type_id: root.0, access_str_off, kind: kind.to_raw() }
}
