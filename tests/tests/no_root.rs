//! Relocations whose compiler recorded no root type (GCC 16 writes the id 0): libbpf rejects them too, except for
//! the local id, which needs no type.
#![cfg(feature = "libbpf")]

use btf_types::{Btf, ByteOrder, IntEncoding, TypeId, build::Builder};
use core_reloc::{Cause, RelocKind, Relocation, Relocator, Target};
use core_reloc_tests::judge::{
    Record,
    kernel::asm::set,
    libbpf::{self, Libbpf, Verdict},
};

#[test]
fn a_root_type_of_0_is_rejected_as_by_libbpf() {
    let order = if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };
    let mut builder = Builder::new(order);
    let int = builder.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    builder.structure("s", 4).member("a", int, 0).finish();
    let access_str_off = builder.string("0").0;
    let bytes = builder.finish().unwrap();
    let btf = Btf::parse(&bytes).unwrap();

    for kind in RelocKind::ALL {
        let target = libbpf::Target::new(&bytes, &[]).unwrap();
        let mut judge = Libbpf::new(&bytes, &target).unwrap();
        let record = Record { insn_off: 0, type_id: 0, access_str_off, kind: kind.to_raw() };
        let is_rejected = matches!(judge.relocate(record, &mut set(1, 0)), Verdict::Failed(_));

        let relocation = Relocation::new(0, TypeId::VOID, "0".parse().unwrap(), kind);
        let ours = Relocator::new(&btf, &Target::new(&btf)).resolve(&relocation);
        assert_eq!(is_rejected, ours.is_err(), "{kind}: {ours:?}");
        match ours {
            Ok(resolution) => {
                assert_eq!((kind, resolution.value()), (RelocKind::TypeIdLocal, Some(0)));
            }
            Err(error) => assert_eq!(error.cause, Cause::NoRoot, "{kind}"),
        }
    }
}
