//! Raw BTF and ELF files, as files, pipes and bytes.

use std::{fs, process::Command, thread};

use btf_types::Btf;
use core_reloc_sys::BtfFile;
use object::{Architecture, Endianness};

use crate::tree::{Tree, btf, elf_of, split_btf};

#[test]
fn elf_files_of_both_widths_and_byte_orders_are_read() {
    let bytes = btf(&["a", "b"]);
    for (machine, order, pointer_size) in [
        (Architecture::X86_64, Endianness::Little, 8),
        (Architecture::S390x, Endianness::Big, 8),
        (Architecture::Arm, Endianness::Little, 4),
        (Architecture::Mips, Endianness::Big, 4),
    ] {
        let file = elf_of(machine, order, &[(".text", &[1; 24]), (".BTF", &bytes)]);
        let tree = Tree::new().with("vmlinux", &file);
        let file = BtfFile::open(tree.path("vmlinux")).unwrap();
        assert_eq!(file.as_bytes(), bytes, "{machine:?} {order:?}");
        assert_eq!(file.parse().unwrap().pointer_size(), pointer_size, "{machine:?}");
    }
}

/// Split BTF whose strings start with the empty string, as some encoders write it.
#[test]
fn split_btf_may_start_with_the_empty_string() {
    let names: Vec<String> = (0..100).map(|number| format!("kernel_type_{number}")).collect();
    let kernel = btf(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let split = split_btf(&kernel, &["own", "kernel_type_7", "kernel_type_99"]);
    let header = btf_types::Header::parse(&split).unwrap();
    let mut bytes =
        [&split[..header.strings().start], b"\0", &split[header.strings().start..]].concat();
    // One more byte of strings; the name of the first type starts there.
    let words = [(20, header.strings().len() as u32 + 1)];
    let own = u32::from_le_bytes(bytes[24..28].try_into().unwrap()) + 1;
    for (at, value) in words.into_iter().chain([(24, own)]) {
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    let file = BtfFile::from_bytes("module.btf", bytes).unwrap();
    assert!(file.is_split());
    let kernel_file = BtfFile::from_bytes("kernel.btf", kernel.clone()).unwrap();
    assert!(!kernel_file.is_split());
    let kernel = Btf::parse(&kernel).unwrap();
    let module = file.parse_split(&kernel).unwrap();
    assert_eq!(module.validate(), Ok(()));
    let names: Vec<_> = module.own_types().map(|ty| ty.name().unwrap().to_string()).collect();
    assert_eq!(names, ["own", "kernel_type_7", "kernel_type_99"]);
}

#[test]
fn pipes_are_read() {
    let bytes = btf(&["a"]);
    let object = elf_of(Architecture::X86_64, Endianness::Little, &[(".BTF", &bytes)]);
    for content in [bytes.clone(), object] {
        let tree = Tree::new();
        let pipe = tree.path("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let writer = thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, content).unwrap()
        });
        assert_eq!(BtfFile::open(&pipe).unwrap().as_bytes(), bytes);
        writer.join().unwrap();
    }
}

#[test]
fn bytes_are_accepted_as_a_file() {
    let bytes = btf(&["a"]);
    let object = elf_of(Architecture::Arm, Endianness::Little, &[(".BTF", &bytes)]);
    for (content, pointer_size) in [(bytes.clone(), 8), (object, 4)] {
        let file = BtfFile::from_bytes("packed.xz", content).unwrap();
        assert_eq!(file.as_bytes(), bytes);
        assert_eq!(file.parse().unwrap().pointer_size(), pointer_size);
    }
    for (content, message) in [
        (&b""[..], "packed.xz: is empty"),
        (
            b"abcdef",
            "packed.xz: starts with 61 62 63 64, expected BTF (9f eb, eb 9f) or ELF (7f 45 4c 46)",
        ),
    ] {
        let error = BtfFile::from_bytes("packed.xz", content.to_vec()).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_module_continues_its_kernel() {
    let kernel = btf(&["list_head", "module"]);
    let module = split_btf(&kernel, &["widget"]);
    let object = elf_of(Architecture::X86_64, Endianness::Little, &[(".BTF", &module)]);
    let tree = Tree::new().with("vmlinux", &kernel).with("widget.ko", &object);
    let kernel = BtfFile::open(tree.path("vmlinux")).unwrap();
    let base = kernel.parse().unwrap();
    let module = BtfFile::open(tree.path("widget.ko")).unwrap();
    assert!(module.is_split() && !kernel.is_split());
    let split = module.parse_split(&base).unwrap();
    let names = |btf: &Btf| -> Vec<String> {
        btf.types().map(|ty| ty.name().unwrap().to_string()).collect()
    };
    assert_eq!(names(&split), ["list_head", "module", "widget"]);
}
