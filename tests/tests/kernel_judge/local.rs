//! The local side of a relocation: the BTF of the program.

use btf_from_c::Ids;
use btf_types::build::Builder;
use btf_types::{ByteOrder, IntEncoding, Linkage, TypeId};
use core_reloc::RelocKind;
use core_reloc_tests::judge::Record;
use core_reloc_tests::judge::kernel::{Btf, FuncInfo};

/// The BTF of a program: its bytes, and loaded into the kernel.
pub(crate) struct Local {
    pub(crate) bytes: Vec<u8>,
    pub(crate) in_kernel: Btf,
    /// The program's function.
    pub(crate) main: FuncInfo,
}

impl Local {
    /// Builds BTF of the types that `describe` adds.
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

/// Adds types that are declared in C.
pub(crate) fn declare(builder: &mut Builder<'_>, source: &str) -> Ids {
    btf_from_c::declare(builder, source).unwrap()
}

/// Returns a record of the first instruction.
pub(crate) fn record(
    builder: &mut Builder<'_>,
    kind: RelocKind,
    root: TypeId,
    access: &str,
) -> Record {
    let access_str_off = builder.string(access).0;
    Record { insn_off: 0, type_id: root.0, access_str_off, kind: kind.to_raw() }
}
