//! Relocation of objects: the outcome of each relocation and every byte of the result.

use btf_from_c::btf;
use btf_types::{Btf, ByteOrder, Kind};
use core_reloc::{
    Cause, Module, OnUnresolved, Options, PatchError, Poison, Status, Target,
    elf::{Counts, Failed, Object, Outcome, Skip},
};

use crate::file::{ElfFile, ORDERS, Record, mov, object, offset_of, poison, symbol, target};

/// Relocates an object for [`target`], and returns the outcomes and the result.
fn relocate(
    order: ByteOrder,
    object: &[u8],
    options: Options,
) -> (Vec<Outcome>, Result<Vec<u8>, Failed>, Counts) {
    relocate_against(&target(order), object, options)
}

fn relocate_against(
    target: &[u8],
    object: &[u8],
    options: Options,
) -> (Vec<Outcome>, Result<Vec<u8>, Failed>, Counts) {
    let target = Btf::parse(target).unwrap();
    let target = Target::new(&target);
    let object = Object::parse(object).unwrap();
    let mut relocating = object.relocate(&target, options);
    let outcomes = relocating.by_ref().map(|report| report.outcome).collect();
    let counts = relocating.counts();
    (outcomes, relocating.finish().map(|relocated| relocated.bytes), counts)
}

/// In the order of the records, the sections' turn as it comes.
fn four() -> [Record; 4] {
    [
        offset_of("tc", 8, "0:1"),
        offset_of("xdp", 0, "0:0"),
        offset_of("xdp", 16, "0:2"),
        offset_of("xdp", 8, "0:1"),
    ]
}

/// Returns the well-formed object with some other instructions, and without relocations.
fn expected(order: ByteOrder, records: &[Record], code: &[(usize, usize, Vec<u8>)]) -> Vec<u8> {
    let mut file = object(order, records).write();
    for (section, at, insn) in code {
        let at = file.sections[*section] + at;
        file.bytes = file.clone().set(at, insn);
    }
    let core_relo_len = file.sections[4] + 28;
    file.set(core_relo_len, &[0; 4])
}

#[test]
fn nothing_but_the_instructions_and_the_records_length_changes() {
    for order in ORDERS {
        let file = object(order, &four()).write();
        let (outcomes, bytes, counts) = relocate(order, &file.bytes, Options::default());
        let names: Vec<_> = outcomes.iter().map(Outcome::name).collect();
        assert_eq!(names, ["relocated", "relocated", "poisoned", "relocated"]);
        let values: Vec<_> = outcomes.iter().map(Outcome::value).collect();
        assert_eq!(values, [Some(16), Some(8), None, Some(16)]);
        assert_eq!(counts, Counts { relocated: 3, poisoned: 1, ..Counts::default() });
        let code = [
            (1, 0, mov(order, 8)),
            (1, 8, mov(order, 16)),
            (1, 16, poison(order)),
            (2, 8, mov(order, 16)),
        ];
        assert_eq!(bytes.unwrap(), expected(order, &four(), &code));
    }
}

#[test]
fn reports_name_the_instruction_and_the_outcome() {
    let file = object(ByteOrder::Little, &four()).write();
    let target_btf = target(ByteOrder::Little);
    let target_btf = Btf::parse(&target_btf).unwrap();
    let target = Target::new(&target_btf);
    let object = Object::parse(&file.bytes).unwrap();
    let lines: Vec<_> = object
        .relocate(&target, Options::default())
        .map(|report| {
            let [before, after] =
                [report.before, report.after].map(|insn| insn.unwrap().to_string());
            format!("{report} [{before} {after}]")
        })
        .collect();
    assert_eq!(
        lines,
        [
            "tc+0x8: field_byte_offset of point.y: relocated, 16 [b701000004000000 b701000010000000]",
            "xdp+0x0: field_byte_offset of point.x: relocated, 8 [b701000000000000 b701000008000000]",
            "xdp+0x10: field_byte_offset of point.color: poisoned: candidate struct point [3]: struct point has no member `color` [b701000008000000 850000001023ad0b]",
            "xdp+0x8: field_byte_offset of point.y: relocated, 16 [b701000004000000 b701000010000000]",
        ]
    );
}

#[test]
fn an_unresolved_relocation_can_be_kept_or_fail() {
    let order = ByteOrder::Little;
    let file = object(order, &four()).write();
    let code = [(1, 0, mov(order, 8)), (1, 8, mov(order, 16)), (2, 8, mov(order, 16))];

    let keep = Options::default().unresolved(OnUnresolved::Keep);
    let (outcomes, bytes, counts) = relocate(order, &file.bytes, keep);
    assert!(matches!(
        outcomes[2],
        Outcome::Applied { status: Status::Kept(Poison::Unresolved), .. }
    ));
    assert_eq!(counts.kept, 1);
    assert_eq!(bytes.unwrap(), expected(order, &four(), &code));

    let error = Options::default().unresolved(OnUnresolved::Error);
    let (outcomes, bytes, counts) = relocate(order, &file.bytes, error);
    assert!(
        matches!(&outcomes[2], Outcome::Failed(error) if matches!(error.cause, Cause::Unresolved { .. }))
    );
    assert_eq!(counts, Counts { relocated: 3, failed: 1, ..Counts::default() });
    let Err(Failed { counts: finished, first, .. }) = bytes else { panic!("a relocation failed") };
    assert_eq!(finished, counts);
    assert!(matches!(first.cause, Cause::Unresolved { .. }));
}

#[test]
fn a_load_that_cannot_be_resized_is_poisoned_and_has_no_value() {
    let order = ByteOrder::Little;
    let target = btf(order, "struct point { long x @ 8; };");
    let mut file = object(order, &[offset_of("xdp", 0, "0:0")]);
    // `r1 = *(u32 *)(r1 + 0)`
    file.get("xdp").data[..8].copy_from_slice(&[0x61, 0x11, 0, 0, 0, 0, 0, 0]);
    let bytes = file.write().bytes;
    let (outcomes, _, _) = relocate_against(&target, &bytes, Options::default());
    let resized = Status::Poisoned(Poison::Resized { from: 4, to: 8 });
    assert!(matches!(&outcomes[0], Outcome::Applied { status, .. } if *status == resized));
    assert_eq!(outcomes[0].value(), None);
}

#[test]
fn a_relocation_that_fails_does_not_stop_the_others() {
    let wrong = [
        // The instruction holds 4, the offset of `x` is 0.
        offset_of("xdp", 8, "0:0"),
        // There is no such member, access string, kind or instruction.
        offset_of("xdp", 8, "0:9"),
        offset_of("xdp", 8, "0;9"),
        Record { kind: 13, ..offset_of("xdp", 8, "0:1") },
        offset_of("xdp", 12, "0:1"),
    ];
    for order in ORDERS {
        for wrong in wrong {
            let records = [wrong, offset_of("xdp", 8, "0:1")];
            let file = object(order, &records).write();
            let (outcomes, bytes, counts) = relocate(order, &file.bytes, Options::default());
            assert_eq!(outcomes[0].name(), "failed", "{wrong:?}");
            assert_eq!(outcomes[1].value(), Some(16), "{wrong:?}");
            let Outcome::Failed(error) = &outcomes[0] else { panic!("{wrong:?}") };
            let failed = bytes.unwrap_err();
            assert_eq!((failed.counts, &failed.first), (counts, error));
            let expected = format!("1 of 2 relocations failed, the first: {error}");
            assert_eq!(failed.to_string(), expected);
        }
    }
}

#[test]
fn finishing_applies_the_relocations_that_were_not_iterated() {
    let order = ByteOrder::Big;
    let bad = [offset_of("xdp", 8, "0:1"), offset_of("xdp", 0, "0:9")];
    let (file, target) = (object(order, &bad).write(), target(order));
    let target = Btf::parse(&target).unwrap();
    let target = Target::new(&target);
    let object = Object::parse(&file.bytes).unwrap();
    let mut relocating = object.relocate(&target, Options::default());
    relocating.next().unwrap();
    assert_eq!(relocating.counts().total(), 1);
    let counts = relocating.finish().unwrap_err().counts;
    assert_eq!(counts, Counts { relocated: 1, failed: 1, ..Counts::default() });
}

#[test]
fn alignment_is_checked_first_then_the_function_then_the_record() {
    let order = ByteOrder::Little;
    // No function covers the instructions, and no record can be decoded.
    let records = [offset_of("kprobe", 4, "?"), offset_of("kprobe", 1 << 20, "?")];
    let file = object(order, &records).write();
    let (outcomes, _, _) = relocate(order, &file.bytes, Options::default());
    let Outcome::Failed(error) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(error.cause, Cause::Patch(PatchError::Misaligned { insn_off: 4 }));
    assert_eq!(outcomes[1], Outcome::Skipped(Skip::NoSection));
}

#[test]
fn code_that_no_function_covers_stays_unchanged() {
    for order in ORDERS {
        let mut file = object(order, &four());
        // `run` starts with the second instruction, `classify` is gone.
        let (none, run) = (symbol(order, 0, 0, 0, 0), symbol(order, 1, 1, 8, 16));
        file.get(".symtab").data = [none, run].concat();
        let written = file.write();
        let (outcomes, bytes, counts) = relocate(order, &written.bytes, Options::default());
        let skipped = Outcome::Skipped(Skip::NoFunction);
        assert_eq!([&outcomes[0], &outcomes[1]], [&skipped, &skipped]);
        assert_eq!((counts.skipped, counts.total()), (2, 4));
        let bytes = bytes.unwrap();
        let code = |section: usize| &bytes[written.sections[section]..][..24];
        assert_eq!(code(1), [mov(order, 0), mov(order, 16), poison(order)].concat());
        assert_eq!(code(2), [mov(order, 0), mov(order, 4), mov(order, 8)].concat());
    }
}

#[test]
fn the_function_of_one_relocation_covers_no_code_outside_of_it() {
    let records = [
        offset_of("xdp", 0, "0:0"),
        // After the only function, and at its place in another section.
        offset_of("xdp", 8, "0:1"),
        offset_of("tc", 0, "0:0"),
    ];
    for order in ORDERS {
        let mut file = object(order, &records);
        let (none, run) = (symbol(order, 0, 0, 0, 0), symbol(order, 1, 1, 0, 8));
        file.get(".symtab").data = [none, run].concat();
        let bytes = file.write().bytes;
        let (outcomes, _, _) = relocate(order, &bytes, Options::default());
        assert_eq!(outcomes[0].value(), Some(8));
        let skipped = Outcome::Skipped(Skip::NoFunction);
        assert_eq!([&outcomes[1], &outcomes[2]], [&skipped, &skipped]);
    }
}

#[test]
fn a_name_means_the_first_section_that_has_it() {
    let order = ByteOrder::Little;
    let mut file = object(order, &[offset_of("xdp", 8, "0:1")]);
    file.get("tc").name = "xdp";
    let written = file.write();
    let (_, bytes, _) = relocate(order, &written.bytes, Options::default());
    let bytes = bytes.unwrap();
    assert_eq!(bytes[written.sections[1] + 8..][..8], mov(order, 16));
    assert_eq!(bytes[written.sections[2] + 8..][..8], mov(order, 4));
}

#[test]
fn sections_that_overlap_are_patched_where_they_lie() {
    let order = ByteOrder::Little;
    let records = [offset_of("xdp", 8, "0:1"), offset_of("tc", 8, "0:1")];
    let file = object(order, &records);
    let tc = file.index("tc");
    let written = file.write();
    let xdp = written.sections[1];
    let overlapping = written.clone().set_header(tc, 24, xdp as u32);
    let (outcomes, bytes, _) = relocate(order, &overlapping, Options::default());
    assert_eq!(outcomes[0].value(), Some(16));
    // The second relocation finds the result of the first.
    let Outcome::Failed(error) = &outcomes[1] else { panic!("{outcomes:?}") };
    let cause = PatchError::UnexpectedValue { found: 16, expected: 4 };
    assert_eq!(error.cause, Cause::Patch(cause));
    bytes.unwrap_err();
}

#[test]
fn an_instruction_of_two_slots_must_end_in_its_section() {
    let order = ByteOrder::Little;
    let mut file = object(order, &[offset_of("xdp", 16, "0:2")]);
    file.get("xdp").data[16] = 0x18;
    let written = file.write();
    let object = Object::parse(&written.bytes).unwrap();
    let target = target(order);
    let target = Btf::parse(&target).unwrap();
    let target = Target::new(&target);
    let report = object.relocate(&target, Options::default()).next().unwrap();
    let Outcome::Failed(error) = &report.outcome else { panic!("{report}") };
    let cause = PatchError::OutOfBounds { insn_off: 16, len: 24 };
    assert_eq!(error.cause, Cause::Patch(cause));
    assert_eq!((report.before, report.after), (None, None));
}

#[test]
fn an_object_without_relocations_stays_unchanged() {
    for order in ORDERS {
        // The header of this `.BTF.ext` predates CO-RE and has no length of relocations.
        let file = object(order, &[]).write();
        assert_eq!(file.bytes[file.sections[4] + 4..][..4], crate::file::word(order, 24));
        let mut bare = object(order, &[]);
        bare.sections.truncate(2);
        for bytes in [file.bytes, bare.write().bytes] {
            let (outcomes, relocated, counts) = relocate(order, &bytes, Options::default());
            assert_eq!((outcomes.len(), counts.total()), (0, 0));
            assert_eq!(relocated.unwrap(), bytes);
        }
    }
}

#[test]
fn a_relocated_object_has_no_relocations() {
    let file = object(ByteOrder::Big, &four()).write();
    let (_, once, _) = relocate(ByteOrder::Big, &file.bytes, Options::default());
    let once = once.unwrap();
    let (outcomes, twice, _) = relocate(ByteOrder::Big, &once, Options::default());
    assert_eq!(outcomes, []);
    assert_eq!(twice.unwrap(), once);
}

#[test]
fn candidates_narrow_from_section_to_section() {
    // Two types with the same name: only the second has `color`, and they disagree on `x`.
    let order = ByteOrder::Little;
    let target = btf(
        order,
        "struct point { unsigned y @ 4; unsigned x; }; struct point { unsigned color; unsigned x; };",
    );
    let records = [offset_of("xdp", 16, "0:2"), offset_of("tc", 0, "0:0")];
    let file = object(order, &records).write();

    let (outcomes, _, _) = relocate_against(&target, &file.bytes, Options::default());
    assert_eq!([outcomes[0].value(), outcomes[1].value()], [Some(0), Some(4)]);

    let all = Options::default().narrow(false);
    let (outcomes, _, _) = relocate_against(&target, &file.bytes, all);
    assert!(
        matches!(&outcomes[1], Outcome::Failed(error) if matches!(error.cause, Cause::Ambiguous(_)))
    );
}

#[test]
fn modules_are_needed_where_the_target_has_no_such_type() {
    let needs = |target: &[u8], records: &[Record]| {
        let target = Btf::parse(target).unwrap();
        let file: ElfFile = object(ByteOrder::Little, records);
        Object::parse(&file.write().bytes).unwrap().needs_modules(&Target::new(&target))
    };
    let other = btf(ByteOrder::Little, "struct other { unsigned x; };");
    assert!(!needs(&target(ByteOrder::Little), &four()));
    assert!(needs(&other, &four()));
    assert!(!needs(&other, &[]));
    // The id of a local type needs no target.
    let local = Record { kind: 6, ..offset_of("xdp", 0, "0") };
    assert!(!needs(&other, &[local]));
}

#[test]
fn the_id_of_a_type_of_a_module_names_the_module() {
    let order = ByteOrder::Little;
    let records = [Record { kind: 7, ..offset_of("xdp", 0, "0") }];
    let file = object(order, &records).write();
    let object = Object::parse(&file.bytes).unwrap();
    let other = btf(order, "struct other { unsigned x; };");
    let (main, other) = (target(order), Btf::parse(&other).unwrap());
    let main = Btf::parse(&main).unwrap();
    let named = |target: &Target<'_>| {
        let mut relocating = object.relocate(target, Options::default());
        let report = relocating.next().unwrap();
        (report.id_module().map(str::to_string), report.to_string())
    };
    let (module, text) = named(&Target::new(&main));
    let id = main.find("point", Kind::Struct).unwrap().id().0;
    assert_eq!((module, text), {
        (None, format!("xdp+0x0: type_id_target of struct point: relocated, {id}"))
    });
    let module = Module { name: "points", btf: &main };
    let (module, text) = named(&Target::new(&other).with_modules([module]));
    assert_eq!(module.as_deref(), Some("points"));
    assert!(text.ends_with(&format!(": relocated, {id} (an id of module points)")), "{text}");

    // Other values of a module's types are no ids.
    let file = object_with(offset_of("xdp", 0, "0:0"));
    let object = Object::parse(&file).unwrap();
    let target = Target::new(&other).with_modules([Module { name: "points", btf: &main }]);
    let report = object.relocate(&target, Options::default()).next().unwrap();
    assert_eq!((report.outcome.value(), report.id_module()), (Some(8), None));
}

fn object_with(record: Record) -> Vec<u8> {
    object(ByteOrder::Little, &[record]).write().bytes
}
