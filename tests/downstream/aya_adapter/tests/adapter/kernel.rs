//! The running kernel takes the same programs from aya with and without the adapter.

use std::{
    collections::{BTreeMap, HashMap},
    mem::discriminant,
};

use crate::files::{debian_objects, skipped};
use aya::{
    Btf, EbpfError, EbpfLoader,
    programs::{Program, ProgramType},
    sys::is_program_supported,
};
use aya_obj::Object;
use core_reloc::Target;
use object::{Endianness, Object as _, ObjectSection, ObjectSymbol, read::elf::ElfFile64};

/// Loads a program of the kernel function, tracepoint or hook that its section names, and returns whether
/// the kernel takes it.
fn loads(program: &mut Program, section: &str, kernel: &Btf) -> bool {
    let hook = section.split_once('/').map_or("", |(_, hook)| hook);
    let loaded = match program {
        Program::KProbe(program) => program.load(),
        Program::UProbe(program) => program.load(),
        Program::TracePoint(program) => program.load(),
        Program::RawTracePoint(program) => program.load(),
        Program::PerfEvent(program) => program.load(),
        Program::SocketFilter(program) => program.load(),
        Program::Xdp(program) => program.load(),
        Program::SchedClassifier(program) => program.load(),
        Program::SockOps(program) => program.load(),
        Program::CgroupSkb(program) => program.load(),
        Program::CgroupSock(program) => program.load(),
        Program::CgroupSockAddr(program) => program.load(),
        Program::CgroupDevice(program) => program.load(),
        Program::CgroupSysctl(program) => program.load(),
        Program::BtfTracePoint(program) => program.load(hook, kernel),
        Program::FEntry(program) => program.load(hook, kernel),
        Program::FExit(program) => program.load(hook, kernel),
        Program::Lsm(program) => program.load(hook, kernel),
        Program::Iter(program) => program.load(hook, kernel),
        other => panic!("a program of another type: {other:?}"),
    };
    loaded.is_ok()
}

/// The name of each function's section.
fn sections(object: &[u8]) -> HashMap<String, String> {
    let file = ElfFile64::<Endianness>::parse(object).unwrap();
    let sections = file.symbols().filter_map(|symbol| {
        let section = file.section_by_index(symbol.section_index()?).ok()?;
        Some((symbol.name().ok()?.to_owned(), section.name().ok()?.to_owned()))
    });
    sections.collect()
}

/// The programs of an object, and whether the kernel takes each.
fn programs(object: &[u8], kernel: &Btf) -> Result<BTreeMap<String, bool>, EbpfError> {
    let sections = sections(object);
    let maps = Object::parse(object)?.maps;
    let mut loader = EbpfLoader::new();
    // Tools set the sizes of some maps when they start.
    for (name, _) in maps.iter().filter(|(_, map)| map.max_entries() == 0) {
        loader.map_max_entries(name, 4096);
    }
    let mut loaded = loader.btf(Some(kernel)).load(object)?;
    let programs = loaded.programs_mut();
    Ok(programs.map(|(name, one)| (name.into(), loads(one, &sections[name], kernel))).collect())
}

#[test]
fn the_kernel_takes_the_same_programs() {
    let objects = debian_objects();
    if objects.is_empty() {
        return skipped("there are no objects in target/data");
    }
    match is_program_supported(ProgramType::SocketFilter) {
        Ok(true) => {}
        Ok(false) => return skipped("the kernel loads no programs"),
        // Only `Debug` shows the error of the system call.
        Err(error) => return skipped(&format!("{error:?}")),
    }
    let file = match core_reloc_sys::kernel_btf() {
        Ok(file) => file,
        Err(error) => return skipped(&error.to_string()),
    };
    let btf = file.parse().unwrap();
    let target = Target::new(&btf).indexed();
    let kernel = Btf::from_sys_fs().unwrap();

    let (mut taken, mut refused, mut with_adapter) = (0, 0, 0);
    for (name, object) in &objects {
        let relocated = aya_adapter::relocate(object, &target).unwrap();
        match (programs(object, &kernel), programs(&relocated, &kernel)) {
            (Ok(by_aya), Ok(adapted)) => {
                assert_eq!(by_aya, adapted, "{name}");
                taken += adapted.values().filter(|is_taken| **is_taken).count();
                refused += adapted.values().filter(|is_taken| !**is_taken).count();
            }
            // What aya cannot relocate, the adapter can.
            (Err(EbpfError::BtfRelocationError(_)), Ok(adapted)) => {
                with_adapter += adapted.values().filter(|is_taken| **is_taken).count();
            }
            (Err(EbpfError::BtfRelocationError(_)), Err(error)) => println!("{name}: {error}"),
            // aya cannot read the object or create its maps.
            (Err(by_aya), Err(adapted)) => {
                assert_eq!(discriminant(&by_aya), discriminant(&adapted), "{name}");
                println!("{name}: {adapted}");
            }
            (by_aya, adapted) => panic!("{name}: {by_aya:?}, with the adapter {adapted:?}"),
        }
    }
    println!(
        "the kernel takes {taken} programs and refuses {refused}, both times; with the adapter, aya \
         also loads {with_adapter} programs that it cannot relocate"
    );
    assert!(taken > 100);
}
