//! Modules with a distilled base.

use btf_types::{Btf, ByteOrder, Kind, build::Builder, distilled::Error};
use core_reloc_sys::{BtfFile, FileProblem};

use crate::tree::{Tree, elf};

/// Makes a kernel with `struct sock` of a size in bytes, after other types.
fn kernel(size: u32) -> Vec<u8> {
    let mut btf = Builder::new(ByteOrder::Little);
    btf.float("double", 8);
    btf.fwd_struct("sk_buff");
    btf.structure("sock", size).finish();
    btf.finish().unwrap()
}

/// Makes a module with `struct vpn_sock { struct sock sk; }`, and its distilled base.
fn module() -> (Vec<u8>, Vec<u8>) {
    let mut base = Builder::new(ByteOrder::Little);
    let sock = base.structure("sock", 8).finish();
    let base = base.finish().unwrap();
    let parsed = Btf::parse(&base).unwrap();
    let mut split = Builder::split(&parsed);
    split.structure("vpn_sock", 8).member("sk", sock, 0).finish();
    let split = split.finish().unwrap();
    (split, base)
}

#[test]
fn a_module_is_relocated_onto_its_kernel() {
    let (split, base) = module();
    let bytes = elf(&[(".BTF", &split), (".BTF.base", &base)]);
    let tree = Tree::new().with("lib/modules/6.12.1/vpn.ko", &bytes);
    let path = tree.path("lib/modules/6.12.1/vpn.ko");
    for file in [BtfFile::open(&path).unwrap(), BtfFile::from_bytes(&path, bytes.clone()).unwrap()]
    {
        assert!(file.is_split());
        assert_eq!(file.distilled_base(), Some(&base[..]));
        let kernel = kernel(8);
        let kernel = Btf::parse(&kernel).unwrap();
        let relocated = file.relocate_onto(&kernel).unwrap();
        assert_eq!((relocated.path(), relocated.distilled_base()), (file.path(), None));
        assert_eq!(relocated.release(), Some("6.12.1"));
        let btf = relocated.parse_split(&kernel).unwrap();
        let vpn_sock = btf.find("vpn_sock", Kind::Struct).unwrap();
        let sk = vpn_sock.members().get(0).unwrap();
        assert_eq!((vpn_sock.id().0, sk.type_id().0, sk.name().unwrap()), (4, 3, "sk".into()));
        // What is relocated is not relocated again.
        let error = relocated.relocate_onto(&kernel).unwrap_err();
        assert!(matches!(error.problem, FileProblem::Distilled(Error::NoBase)), "{error}");
    }
}

#[test]
fn errors_name_the_type_or_the_section() {
    let (split, base) = module();
    let file =
        |base: &[u8]| BtfFile::from_bytes("vpn.ko", elf(&[(".BTF", &split), (".BTF.base", base)]));
    let message = |base: &[u8], kernel: &[u8]| {
        let error = file(base).unwrap().relocate_onto(&Btf::parse(kernel).unwrap()).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        message(&base, &kernel(16)),
        "vpn.ko: cannot be relocated from its distilled base, .BTF.base: the kernel has no STRUCT sock of 8 \
         bytes for type [1] of the distilled base"
    );
    let mut damaged = base.clone();
    damaged[2] = 9;
    assert_eq!(
        message(&damaged, &kernel(8)),
        "vpn.ko: cannot be relocated from its distilled base, .BTF.base: version at offset 2 is 9, only 1 is known"
    );

    // Without being relocated, its ids mean nothing.
    let kernel = kernel(8);
    let kernel = Btf::parse(&kernel).unwrap();
    let file = file(&base).unwrap();
    for error in [file.parse_split(&kernel).unwrap_err(), file.parse().unwrap_err()] {
        assert!(matches!(error.problem, FileProblem::DistilledBase), "{error}");
    }
}

#[test]
fn both_sections_count_for_the_limit() {
    let (split, base) = module();
    let tree = Tree::new().with("vpn.ko", &elf(&[(".BTF", &split), (".BTF.base", &base)]));
    let len = (split.len() + base.len()) as u64;
    assert!(BtfFile::open_with_limit(tree.path("vpn.ko"), len).is_ok());
    let error = BtfFile::open_with_limit(tree.path("vpn.ko"), len - 1).unwrap_err();
    let (found, allowed) = (base.len() as u64, base.len() as u64 - 1);
    assert!(
        matches!(error.problem, FileProblem::TooLarge { what: "the .BTF.base section", len, allowed: most }
            if (len, most) == (found, allowed)),
        "{error}"
    );
}
