//! Enumerators whose sign the object, the kernel or only the instruction shows: programs return what they
//! got.

use btf_types::{Btf, Kind};
use core_reloc::{Options, RelocKind::EnumvalValue, Target, elf::Object};
use core_reloc_tests::data::read_fixture;
use core_reloc_tests::judge::kernel::asm::{exit, insn, set64};
use core_reloc_tests::judge::kernel::{Program, ProgramType};
use object::{Object as _, ObjectSection as _};

use super::compare::{Case, Outcome, is_available};
use super::local::{Local, declare, record};
use super::namesakes;

/// How a compiler declares an enumerator `NAME` of `enum ROOT` and loads it.
struct Form {
    about: &'static str,
    types: &'static str,
    immediate: u64,
}

const NEGATIVE: [Form; 2] = [
    Form { about: "clang 19", types: "enum ROOT { NAME = -5 };", immediate: -5_i64 as u64 },
    Form {
        about: "clang 14",
        types: "@enum_flags 0; enum ROOT { NAME = -5 };",
        immediate: -5_i64 as u64,
    },
];

const LARGE: Form =
    Form { about: "any clang", types: "enum ROOT { NAME = 0x80000005 };", immediate: 0x8000_0005 };

/// Relocates a program that returns a half of the enumerator's value, and returns what it returned. The
/// kernel must relocate it to the same if it `agrees`.
fn half(form: &Form, of: &namesakes::Enumerator, is_upper: bool, agrees: bool) -> u32 {
    let (local, records) = Local::new(|builder| {
        let types = form.types.replace("ROOT", &of.root).replace("NAME", &of.name);
        let ids = declare(builder, &types);
        [record(builder, EnumvalValue, ids.id(&of.root), "0")]
    });
    let [low, high] = set64(0, form.immediate);
    let shift_right = insn(0x77, 0, 0, 0, if is_upper { 32 } else { 0 });
    let code = [low, high, shift_right, exit()];
    let case = Case { local: &local, code: &code, records: &records };
    match if agrees { case.check(form.about) } else { case.ours() } {
        Outcome::Runs { returned, .. } => returned,
        outcome => panic!("{}: {outcome:x?}", form.about),
    }
}

#[test]
fn negative_enumerators_are_sign_extended_as_by_the_kernel() {
    if !is_available() {
        return;
    }
    let Some(found) = namesakes::negative_enumerator() else {
        return println!("this kernel has no negative enumerator");
    };
    for form in &NEGATIVE {
        let halves = [false, true].map(|is_upper| half(form, &found, is_upper, true));
        assert_eq!(halves, [found.value as u32, u32::MAX], "{} {}", form.about, found.name);
    }
}

/// The kernel refuses it: see `differences`.
#[test]
fn large_enumerators_are_zero_extended() {
    if !is_available() {
        return;
    }
    let Some(found) = namesakes::enumerator(Kind::Enum, |value| value >> 31 == 1) else {
        return println!("this kernel has no large enumerator");
    };
    let halves = [false, true].map(|is_upper| half(&LARGE, &found, is_upper, false));
    assert_eq!(halves, [found.value as u32, 0], "{}", found.name);
}

/// The expected values are those of the declarations in `fixtures/c/job.h`.
#[test]
fn programs_of_old_and_new_compilers_get_the_values_of_c() {
    /// The size of `struct sheet`, and the offset of the answers in it.
    const SHEET: (usize, usize) = (1024, 512);
    if !is_available() {
        return;
    }
    let (order, end) = if cfg!(target_endian = "big") { ("bpfeb", "be") } else { ("bpfel", "le") };
    for object in ["signs", "signs_clang14"] {
        let bytes = read_fixture(&format!("objects/{object}.{order}.o"));
        let object_file = Object::parse(&bytes).unwrap();
        let own = object_file.btf().unwrap().as_bytes().to_vec();
        let kernels =
            ["same", "unflagged"].map(|name| read_fixture(&format!("btf/{name}.{end}.btf")));
        for kernel in kernels.iter().chain([&own]) {
            let kernel = Btf::parse(kernel).unwrap();
            let target = Target::new(&kernel);
            let relocated = object_file.relocate(&target, Options::default()).finish().unwrap();
            let relocated = object::File::parse(&*relocated.bytes).unwrap();
            let code = relocated.section_by_name("syscall").unwrap().data().unwrap();
            let program = Program::new(ProgramType::Syscall, code).load().unwrap();
            let mut sheet = vec![0; SHEET.0];
            assert_eq!(program.run_on(&mut sheet).unwrap(), 0);
            let answers = sheet[SHEET.1..].as_chunks().0.iter();
            let answers: Vec<i64> = answers.take(3).map(|word| i64::from_ne_bytes(*word)).collect();
            assert_eq!(answers, [-1, -5, 0x8000_0000], "{object}");
        }
    }
}
