use std::path::PathBuf;

use btf_types::Btf;
use core_reloc::{Options, Target, elf};
use object::{Object, ObjectSection, read::elf::ElfFile64};
use own_structs::{
    Input, Records,
    insn::{Insn, decode, encode},
    link, relocate, relocate_bytes, relocate_function,
};

fn fixture(path: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../fixtures").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The code of a section of a relocated object.
fn section(object: &[u8], kernel: &Btf<'_>, name: &str) -> Vec<Insn> {
    let target = Target::new(kernel);
    let object = elf::Object::parse(object).unwrap();
    let bytes = object.relocate(&target, Options::default()).finish().unwrap().bytes;
    let file = ElfFile64::<object::Endianness>::parse(&*bytes).unwrap();
    decode(file.section_by_name(name).unwrap().data().unwrap())
}

/// Code without the distances of its calls, which linking sets.
fn without_distances(code: &[Insn]) -> Vec<Insn> {
    let clear = |insn: &Insn| match insn.calls_function() {
        true => Insn { immediate: 0, ..*insn },
        false => *insn,
    };
    code.iter().map(clear).collect()
}

#[test]
fn a_linked_program_has_the_code_of_the_relocated_object() {
    let (object, kernel) = (fixture("objects/programs.bpfel.o"), fixture("btf/moved.le.btf"));
    let kernel = Btf::parse(&kernel).unwrap();
    let input = Input::read(&object).unwrap();
    let records = Records::resolve(&input, &Target::new(&kernel)).unwrap();
    let sched = section(&object, &kernel, "raw_tp/sched");
    let exit = section(&object, &kernel, "raw_tp/exit");
    let text = section(&object, &kernel, ".text");

    // The symbols of the object: `first` and `second` have 6 slots each and call `flags_of`, which has 11
    // from slot 3 of its section; `third` has 4 and calls `size_of_job`, which has 3.
    let parts = [
        ("first", &sched[..6], &text[3..14]),
        ("second", &sched[6..12], &text[3..14]),
        ("third", &exit[..], &text[..3]),
    ];
    for (name, own, called) in parts {
        let mut program = link(&input, name).unwrap();
        let mut bytes = encode(&program.code);
        assert_eq!(relocate(&mut program, &records).unwrap(), 0);
        let (own_now, called_now) = program.code.split_at(own.len());
        assert_eq!(without_distances(own_now), without_distances(own), "{name}");
        assert_eq!(called_now, called, "{name}");
        // The call leads to the appended function.
        let call = own_now.iter().position(|insn| insn.calls_function()).unwrap();
        assert_eq!(call as i32 + 1 + own_now[call].immediate, own.len() as i32, "{name}");

        relocate_bytes(&mut bytes, &program, &records).unwrap();
        assert_eq!(decode(&bytes), program.code, "{name}");
    }
}

#[test]
fn offsets_are_those_of_the_kernel() {
    let (object, kernel) = (fixture("objects/programs.bpfel.o"), fixture("btf/moved.le.btf"));
    let kernel = Btf::parse(&kernel).unwrap();
    let input = Input::read(&object).unwrap();
    let target = Target::new(&kernel);
    // By hand: `job.flags` is at 16, `uid` at 8, `state` at 172.
    for (name, offsets) in [("flags_of", &[16][..]), ("first", &[8]), ("second", &[172])] {
        let function = input.function(name).unwrap();
        let (code, reasons) = relocate_function(&input, function, &target).unwrap();
        let changed =
            decode(&code).into_iter().zip(&function.code).filter(|(one, other)| one != *other);
        let values: Vec<_> = changed.map(|(insn, _)| insn.immediate).collect();
        assert_eq!(values, offsets, "{name}");
        assert!(reasons.is_empty());
    }
}

#[test]
fn a_64_bit_immediate_keeps_both_slots() {
    let (object, kernel) = (fixture("objects/enums.bpfel.o"), fixture("btf/enum64.le.btf"));
    let kernel = Btf::parse(&kernel).unwrap();
    let input = Input::read(&object).unwrap();
    let records = Records::resolve(&input, &Target::new(&kernel)).unwrap();
    let mut wide = 0;
    for name in ["values", "existence", "top"] {
        let function = input.function(name).unwrap();
        let mut program = link(&input, name).unwrap();
        relocate(&mut program, &records).unwrap();
        let whole = section(&object, &kernel, &function.section);
        let start = function.start as usize / 8;
        assert_eq!(program.code, whole[start..start + program.code.len()], "{name}");
        wide += program.code.iter().filter(|insn| insn.code == 0x18).count();
    }
    assert!(wide > 0);
}

#[test]
fn a_poisoned_instruction_comes_with_the_reason() {
    let (object, kernel) = (fixture("objects/module.bpfel.o"), fixture("btf/modular.le.btf"));
    let kernel = Btf::parse(&kernel).unwrap();
    let input = Input::read(&object).unwrap();
    let name = "stats";
    let function = input.function(name).unwrap();
    let (code, reasons) = relocate_function(&input, function, &Target::new(&kernel)).unwrap();
    assert_eq!(reasons.len(), 2);
    assert!(reasons[0].contains("job_stats"), "{reasons:?}");
    let poison = Insn { code: 0x85, dst: 0, src: 0, offset: 0, immediate: 0xbad_2310 };
    assert_eq!(decode(&code).iter().filter(|insn| **insn == poison).count(), 2);
}
