//! What aya-obj, the parser and relocator of aya, makes of a relocated object.

use std::collections::BTreeMap;

use crate::files::{debian_objects, fixture, skipped};
use aya_obj::{Object, btf::Btf as AyaBtf, generated::bpf_insn};
use btf_types::Btf;
use core_reloc::Target;
use object::{Endian, Endianness, Object as _, ObjectSection, SectionIndex, read::elf::ElfFile64};

/// The bytes of instructions, as the system call takes them.
fn bytes(instructions: &[bpf_insn]) -> Vec<u8> {
    let insn = |insn: &bpf_insn| {
        let ([o0, o1], [i0, i1, i2, i3]) = (insn.off.to_le_bytes(), insn.imm.to_le_bytes());
        [insn.code, insn.src_reg() << 4 | insn.dst_reg(), o0, o1, i0, i1, i2, i3]
    };
    instructions.iter().flat_map(insn).collect()
}

/// Checks that aya-obj takes the code of a relocated object as it is, and returns the number of programs;
/// `None` if it cannot read the object.
fn unchanged_programs(object: &[u8], kernel: &Target<'_>, aya_kernel: &AyaBtf) -> Option<usize> {
    Object::parse(object).ok()?;
    let relocated = aya_adapter::relocate(object, kernel).unwrap();
    let mut read = Object::parse(&relocated).unwrap();
    assert!(!read.has_btf_relocations());
    read.relocate_btf(aya_kernel).unwrap();

    let file = ElfFile64::<Endianness>::parse(&*relocated).unwrap();
    assert!(file.endian().is_little_endian());
    for function in read.functions.values() {
        let section = file.section_by_index(SectionIndex(function.section_index.0)).unwrap();
        let code = &section.data().unwrap()[function.section_offset..];
        let instructions = bytes(&function.instructions);
        assert!(code.starts_with(&instructions), "{} differs", function.name);
    }
    Some(read.programs.len())
}

/// Returns Debian's objects with their names, and the running kernel's types; `None` if one is missing here.
fn debian_and_kernel() -> Option<(Vec<(String, Vec<u8>)>, core_reloc_sys::BtfFile)> {
    let objects = debian_objects();
    if objects.is_empty() {
        skipped("there are no objects in target/data");
        return None;
    }
    match core_reloc_sys::kernel_btf() {
        Ok(file) => Some((objects, file)),
        Err(error) => {
            skipped(&error.to_string());
            None
        }
    }
}

#[test]
fn aya_leaves_relocated_programs_as_they_are() {
    let object = fixture("objects/programs.bpfel.o");
    let kernel = fixture("btf/moved.le.btf");
    let aya_kernel = AyaBtf::parse(&kernel, aya::Endianness::default()).unwrap();
    let kernel = Btf::parse(&kernel).unwrap();
    assert_eq!(unchanged_programs(&object, &Target::new(&kernel), &aya_kernel), Some(3));
}

#[test]
fn aya_leaves_debians_programs_as_they_are() {
    let Some((objects, file)) = debian_and_kernel() else { return };
    let aya_kernel = AyaBtf::from_sys_fs().unwrap();
    let btf = file.parse().unwrap();
    let kernel = Target::new(&btf).indexed();
    let programs = objects.iter();
    let programs = programs.map(|(_, object)| unchanged_programs(object, &kernel, &aya_kernel));
    let programs: Vec<_> = programs.flatten().collect();
    println!("{} programs of {} objects", programs.iter().sum::<usize>(), programs.len());
    assert!(programs.len() > 100);
}

#[test]
fn aya_relocates_the_same_code() {
    let Some((objects, file)) = debian_and_kernel() else { return };
    let aya_kernel = AyaBtf::from_sys_fs().unwrap();
    let btf = file.parse().unwrap();
    let kernel = Target::new(&btf).indexed();
    let mut equal = 0;
    for (name, object) in &objects {
        let Ok(mut by_aya) = Object::parse(object) else { continue };
        if let Err(error) = by_aya.relocate_btf(&aya_kernel) {
            // It does not know that the last array of a struct can have any number of elements.
            println!("{name}: {error}");
            continue;
        }
        let adapted = Object::parse(&aya_adapter::relocate(object, &kernel).unwrap()).unwrap();
        let code = |object: &Object| -> BTreeMap<_, _> {
            let functions = object.functions.iter();
            functions.map(|(key, function)| (*key, bytes(&function.instructions))).collect()
        };
        assert!(code(&by_aya) == code(&adapted), "{name}");
        equal += 1;
    }
    println!("{equal} objects are equal");
    assert!(equal > 100);
}
