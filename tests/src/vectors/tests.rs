//! The formula for big-endian left shifts gives what libbpf gives on a big-endian machine.

use std::collections::HashMap;
use std::fs;

use super::case::FIELD_LSHIFT_U64;
use super::judge::big_endian_shifts;
use crate::conformance::Parts;
use crate::data::{files, fixture, read_fixture};
use crate::judge::libbpf::{Libbpf, Target};

/// libbpf's values on s390x, by section and offset of the instruction.
type Values = HashMap<(String, u32), u64>;

/// Returns the recorded values of each object on each kernel.
fn recorded() -> Vec<(String, String, Values)> {
    let text = String::from_utf8(read_fixture("expected/libbpf-s390x.txt")).unwrap();
    let mut recorded: Vec<(String, String, Values)> = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("# ") {
            if let Some((object, kernel)) = heading.split_once(" on ")
                && kernel.ends_with(".btf")
            {
                recorded.push((object.into(), kernel.into(), Values::new()));
            }
        } else if let [section, insn_off, "relocated", value, _] =
            line.split(' ').collect::<Vec<_>>()[..]
        {
            let place = (section.to_owned(), insn_off.parse().unwrap());
            recorded.last_mut().unwrap().2.insert(place, value.parse().unwrap());
        }
    }
    recorded
}

/// Reads a kernel with its modules, `NAME.be.MODULE.btf`.
fn target(kernel: &str) -> Target {
    let main = read_fixture(&format!("btf/{kernel}"));
    let is_module =
        |name: &str| name != kernel && name.starts_with(kernel.strip_suffix("btf").unwrap());
    let mut modules = Vec::new();
    for path in files(&fixture("btf"), ".btf").unwrap() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if is_module(&name) {
            modules.push((name, fs::read(&path).unwrap()));
        }
    }
    let modules: Vec<(&str, &[u8])> =
        modules.iter().map(|(name, bytes)| (&name[..], &bytes[..])).collect();
    Target::new(&main, &modules).unwrap()
}

#[test]
fn big_endian_shifts_are_those_of_a_big_endian_machine() {
    let (mut compared, mut differ) = (0, 0);
    for (object, kernel, values) in recorded() {
        let parts = Parts::read(&read_fixture(&format!("objects/{object}"))).unwrap();
        let Some(parts) = parts else { continue };
        let mut libbpf = Libbpf::new(&parts.btf, &target(&kernel)).unwrap();
        for group in parts.groups {
            for record in group.records {
                // All records, because candidates narrow.
                let answer = libbpf.resolution(record);
                let recorded = values.get(&(group.section.clone(), record.insn_off));
                let (Some(recorded), true) = (recorded, record.kind == FIELD_LSHIFT_U64) else {
                    continue;
                };
                let shifts = big_endian_shifts(&mut libbpf, record);
                let context = format!("{object} on {kernel}, {record:?}");
                assert_eq!(shifts.map(|(_, value)| value), Some(*recorded), "{context}");
                compared += 1;
                differ += usize::from(answer.is_ok_and(|answer| answer.value != *recorded));
            }
        }
    }
    assert!(compared > 100 && differ > 50, "{compared} compared, {differ} differ");
}
