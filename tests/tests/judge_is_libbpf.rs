//! The judge `libbpf` does what libbpf does: it relocates real objects to the same instructions as libbpf's
//! own loader.
//!
//! This tests only the judge, not our crates. It needs root, because the loader creates the objects' maps.
#![cfg(feature = "libbpf")]

use std::ffi::{CStr, CString, c_void};
use std::path::Path;
use std::{fs, ptr, slice};

use core_reloc_tests::conformance::{Group, Parts};
use core_reloc_tests::data;
use core_reloc_tests::judge::libbpf::{Btf, Libbpf, Target, Verdict, logged};
use core_reloc_tests::judge::skipped;
use libbpf_sys::*;
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol, SymbolKind};

type Elf<'a> = ElfFile64<'a, LittleEndian>;

/// A function in a section of code.
struct Function<'a> {
    name: &'a str,
    section: &'a str,
    start: usize,
    end: usize,
}

/// The result of loading an object.
enum Loaded {
    /// The names and instructions of the programs.
    Programs(Vec<(String, Vec<u8>)>),
    /// A relocation failed.
    RelocationFailed,
    /// Something else failed, so there is nothing to compare.
    Failed,
}

#[test]
fn real_objects_are_relocated_as_by_the_loader() {
    let kernels = data::kernels().unwrap();
    let Some(kernel) = kernels.iter().find(|kernel| kernel.name == "amd64-6.1") else {
        return skipped("no kernel amd64-6.1 here; `cargo xtask data` fetches it");
    };
    if !is_root() {
        return skipped("libbpf's loader needs root");
    }
    let target = Target::new(&fs::read(&kernel.btf).unwrap(), &[]).unwrap();
    let mut compared = Compared::default();
    for path in data::objects().unwrap() {
        compared.add(&path, &kernel.btf, &target);
    }
    println!("{compared:?}");
    assert!(compared.objects > 50 && compared.relocations > 500, "{compared:?}");
}

#[test]
fn the_kernels_selftests_are_relocated_as_by_the_loader() {
    if !is_root() {
        return skipped("libbpf's loader needs root");
    }
    let files = data::selftests().unwrap();
    if files.is_empty() {
        return skipped("no selftests here; `cargo xtask data` fetches them");
    }
    let name =
        |path: &Path| path.file_name()?.to_str()?.strip_suffix(".bpfel.o").map(ToOwned::to_owned);
    let mut compared = Compared::default();
    for target_path in &files {
        // The target btf__core_reloc_NAME___CASE is for the program test_core_reloc_NAME, or for several
        // programs test_core_reloc_NAME_VARIANT.
        let Some(case) = name(target_path) else { continue };
        let Some(case) = case.strip_prefix("btf__") else { continue };
        let what = format!("test_{}", case.split("__").next().unwrap_or(case));
        let bytes = fs::read(target_path).unwrap();
        let elf = Elf::parse(&*bytes).unwrap();
        let btf = elf.section_by_name(".BTF").unwrap().data().unwrap();
        let target = Target::new(btf, &[]).unwrap();
        for program in &files {
            let rest = name(program).and_then(|name| Some(name.strip_prefix(&what)?.to_owned()));
            if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_')) {
                compared.add(program, target_path, &target);
            }
        }
    }
    println!("{compared:?}");
    assert!(compared.failures > 0 && compared.relocations > 500, "{compared:?}");
}

#[test]
fn the_judge_reads_every_kernel_and_its_modules() {
    let kernels = data::kernels().unwrap();
    if kernels.is_empty() {
        return skipped("no kernels here; `cargo xtask data` fetches them");
    }
    for kernel in kernels {
        let main = fs::read(&kernel.btf).unwrap();
        let modules: Vec<_> = kernel
            .modules
            .iter()
            .map(|path| (path.file_stem().unwrap().to_str().unwrap(), fs::read(path).unwrap()))
            .collect();
        let modules: Vec<_> = modules.iter().map(|(name, btf)| (*name, &btf[..])).collect();
        let target =
            Target::new(&main, &modules).unwrap_or_else(|error| panic!("{}: {error}", kernel.name));
        let types = target.main().type_count();
        assert!(types > 10_000, "{}: {types} types", kernel.name);
        let starts_after = |module: &Btf| module.start_id() == types && module.type_count() > types;
        assert!(target.modules().all(starts_after), "{}", kernel.name);
    }
}

fn is_root() -> bool {
    // SAFETY: it only reads the id of the user.
    unsafe { libc::geteuid() == 0 }
}

/// The counts of equal results.
#[derive(Debug, Default)]
struct Compared {
    objects: usize,
    relocations: usize,
    /// Objects that both reject.
    failures: usize,
}

impl Compared {
    /// Compares the relocations of one object for the target, whose file is `target_path`.
    fn add(&mut self, path: &Path, target_path: &Path, target: &Target) {
        let bytes = fs::read(path).unwrap();
        let Ok(elf) = Elf::parse(&*bytes) else { return };
        let Some(parts) = Parts::read(&bytes).unwrap() else { return };
        let loaded = load(&bytes, target_path);
        if matches!(loaded, Loaded::Failed) {
            return;
        }
        let relocations = compare(&elf, &parts, &loaded, target).unwrap_or_else(|error| {
            panic!("{} against {}: {error}", path.display(), target_path.display())
        });
        self.objects += 1;
        self.relocations += relocations;
        self.failures += usize::from(matches!(loaded, Loaded::RelocationFailed));
    }
}

/// Relocates with the judge, and returns the number of equal instructions.
fn compare(
    elf: &Elf<'_>,
    parts: &Parts,
    loaded: &Loaded,
    target: &Target,
) -> Result<usize, String> {
    let functions = functions(elf);
    let mut libbpf = Libbpf::new(&parts.btf, target).unwrap();
    let mut compared = 0;
    let groups = parts.groups.iter();
    let all = groups.flat_map(|group| group.records.iter().map(move |record| (group, record)));
    for (Group { section, code, .. }, record) in all {
        let at = record.insn_off as usize;
        let is_here =
            |it: &&Function<'_>| it.section == section && (it.start..it.end).contains(&at);
        // The loader skips instructions outside of functions.
        let Some(function) = functions.iter().find(is_here) else { continue };
        let mut code = code.clone();
        let (verdict, log) = logged(|| libbpf.relocate(*record, &mut code));
        let patch = match (verdict, loaded) {
            (Verdict::Failed(_), Loaded::RelocationFailed) => return Ok(compared),
            (Verdict::Failed(failure), _) => {
                return Err(format!("{record:?}: {failure}, but the loader succeeds\n{log}"));
            }
            (Verdict::Relocated(patch) | Verdict::Poisoned(patch), _) => patch,
        };
        let Loaded::Programs(programs) = loaded else { continue };
        // The loader appends subprograms to the programs that call them.
        let program = programs.iter().find(|(name, _)| name == function.name);
        let Some((_, instructions)) = program else { continue };
        let theirs = &instructions[at - function.start..][..patch.after.len()];
        if theirs != patch.after {
            return Err(format!(
                "{record:?}: {theirs:x?}, but the judge {:x?}\n{log}",
                patch.after
            ));
        }
        compared += 1;
    }
    match loaded {
        Loaded::RelocationFailed => Err("the loader fails, but the judge does not".into()),
        Loaded::Programs(_) | Loaded::Failed => Ok(compared),
    }
}

/// Has libbpf open the object and prepare it for loading.
fn load(bytes: &[u8], kernel: &Path) -> Loaded {
    let kernel = CString::new(kernel.as_os_str().as_encoded_bytes()).unwrap();
    let options = bpf_object_open_opts {
        sz: size_of::<bpf_object_open_opts>() as _,
        object_name: c"judged".as_ptr(),
        btf_custom_path: kernel.as_ptr(),
        ..Default::default()
    };
    // SAFETY: the bytes and the options outlive the object; the programs' names and instructions belong to
    // the object and are copied.
    unsafe {
        let (opened, _) = logged(|| {
            let size = bytes.len() as _;
            bpf_object__open_mem(bytes.as_ptr().cast::<c_void>(), size, &raw const options)
        });
        if opened.is_null() {
            return Loaded::Failed;
        }
        let mut program = ptr::null_mut();
        let mut programs = Vec::new();
        loop {
            program = bpf_object__next_program(opened, program);
            if program.is_null() {
                break;
            }
            bpf_program__set_autoload(program, true);
            programs.push(program);
        }
        let (error, log) = logged(|| bpf_object__prepare(opened));
        let code = programs.into_iter().map(|program| {
            let name = CStr::from_ptr(bpf_program__name(program)).to_str().unwrap().to_owned();
            let instructions = bpf_program__insns(program).cast::<u8>();
            let size = bpf_program__insn_cnt(program) as usize * 8;
            (name, slice::from_raw_parts(instructions, size).to_vec())
        });
        // Maps are created after the relocations; some get their size from the user-space program.
        let loaded = if error == 0 || log.contains(": failed to create: ") {
            Loaded::Programs(code.collect())
        } else if log.contains("failed to perform CO-RE relocations") {
            Loaded::RelocationFailed
        } else {
            Loaded::Failed
        };
        bpf_object__close(opened);
        loaded
    }
}

fn functions<'a>(elf: &'a Elf<'_>) -> Vec<Function<'a>> {
    let functions = elf.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text);
    functions
        .filter_map(|symbol| {
            let section = elf.section_by_index(symbol.section_index()?).ok()?;
            let start = symbol.address() as usize;
            Some(Function {
                name: symbol.name().ok()?,
                section: section.name().ok()?,
                start,
                end: start + symbol.size() as usize,
            })
        })
        .collect()
}
