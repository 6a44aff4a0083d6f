use btf_types::{Btf, Kind};
use core_reloc::Target;
use profiler::{FIELDS, offsets};

#[test]
fn offsets_are_those_of_the_made_up_kernel() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../fixtures/btf/moved.le.btf");
    let bytes = std::fs::read(path).unwrap();
    let btf = Btf::parse(&bytes).unwrap();
    // By hand: `job.queue` is at 80 and its `slots` of two bytes 0 in it; `job.nice` is a bitfield.
    let fields =
        ["job.uid", "job.queue.slots[2]", "job.state", "job.nice", "job.gone", "gone.field", "job"];
    let expected = [Some(8), Some(84), Some(172), None, None, None, None];
    assert_eq!(offsets(&Target::new(&btf), &fields), expected);
    assert_eq!(offsets(&Target::new(&btf).indexed_for_queries(), &fields), expected);
}

#[test]
fn the_running_kernel_has_the_fields() {
    let file = match core_reloc_sys::kernel_btf() {
        Ok(file) => file,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{error}");
            return println!("SKIPPED: {error}");
        }
    };
    let btf = file.parse().unwrap();
    let offsets = offsets(&Target::new(&btf), &FIELDS);
    let missing = FIELDS.iter().zip(&offsets).filter(|(_, offset)| offset.is_none());
    let missing: Vec<_> = missing.map(|(field, _)| *field).collect();
    // `thread.sp` is x86's.
    for field in &missing {
        assert!(
            ["task_struct.__state", "task_struct.state", "task_struct.thread.sp"].contains(field)
        );
    }
    assert!(missing.contains(&"task_struct.state") != missing.contains(&"task_struct.__state"));

    // Members of the struct itself have their offset in the BTF.
    let task = btf.find("task_struct", Kind::Struct).unwrap();
    for name in ["stack", "start_time", "nsproxy"] {
        let asked =
            FIELDS.iter().position(|field| *field == format!("task_struct.{name}")).unwrap();
        let member = task.members().iter().find(|one| one.name().unwrap() == name);
        let member = member.map(|member| u64::from(member.bit_offset() / 8));
        assert_eq!(offsets[asked], member, "{name}");
    }
}
