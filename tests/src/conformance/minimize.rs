//! Minimized BTF: libbpf must relocate with it as with the full BTF, and as we do; libbpf and the running
//! kernel must accept it wherever they accept the full BTF. Compares its size with that of the output of
//! `bpftool gen min_core_btf`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use core_reloc::elf::Object;
use core_reloc::{Options, Target};
use core_reloc_tools::minimize::{MinimizeError, Minimized, Needs, minimize};
use tempfile::TempDir;

use super::loading::Readers;
use super::object::{Mode, ObjectFile};
use super::report::{Row, Sizes};
use super::target::{Index, Kernel, TargetError, for_libbpf};
use crate::judge::libbpf;

/// What the size of minimized BTF is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeReference {
    /// The output of bpftool, where it has one.
    BpfTool,
    /// Nothing: with few types, starting bpftool takes longer than all else.
    Nothing,
}

/// Minimizes a kernel for each object alone, and for all objects together.
pub fn compare_minimized(
    row: &mut Row,
    objects: &[ObjectFile],
    kernel: &Kernel,
    reference: SizeReference,
) {
    let readers = Readers::of(kernel);
    let all = kernel.with_targets(Index::None, |ours, theirs| {
        // bpftool does not take modules.
        let use_bpftool = reference == SizeReference::BpfTool && kernel.modules.is_empty();
        let bpftool = use_bpftool.then(|| BpfTool::new(kernel, objects));
        // Objects without relocations need no types.
        let chosen = |object: &&ObjectFile| {
            Object::parse(&object.bytes).is_ok_and(|object| object.relocations().next().is_some())
        };
        let chosen: Vec<&ObjectFile> = objects.iter().filter(chosen).collect();
        for object in &chosen {
            compare(row, &[object], kernel, (ours, theirs), &readers, bpftool.as_ref())
                .unwrap_or_else(|error| row.add_unexplained(|| error));
        }
        if chosen.len() > 1 {
            compare(row, &chosen, kernel, (ours, theirs), &readers, bpftool.as_ref())?;
        }
        Ok(())
    });
    row.add_result(all);
}

/// Minimizes a kernel for some objects, and compares all their relocations.
fn compare(
    row: &mut Row,
    objects: &[&ObjectFile],
    kernel: &Kernel,
    whole: (&Target<'_>, &libbpf::Target),
    readers: &Readers,
    bpftool: Option<&BpfTool>,
) -> Result<(), String> {
    let name = match objects {
        [only] => format!("{} on {}", only.name, kernel.name),
        all => format!("{} objects on {}", all.len(), kernel.name),
    };
    let failed = |error: &dyn ToString| format!("{name}: {}", error.to_string());
    let parsed: Vec<Object<'_>> = objects
        .iter()
        .map(|object| Object::parse(&object.bytes))
        .collect::<Result<_, _>>()
        .map_err(|error| failed(&error))?;
    let needs: Vec<Needs<'_>> = parsed.iter().filter_map(Needs::of_object).collect();
    let Minimized { main, modules, .. } = match minimize(&needs, whole.0, Options::default()) {
        Ok(minimized) => minimized,
        // Nothing to compare. bpftool writes BTF without types, which no reader accepts.
        Err(MinimizeError::Empty { .. }) => return Ok(()),
        Err(error) => return Err(failed(&error)),
    };

    let mut sizes = Sizes::of_one(kernel.main.len(), main.len());
    match bpftool.map(|bpftool| bpftool.minimize(objects)) {
        None => {}
        Some(Ok(theirs)) => {
            sizes.add_bpftool(main.len(), theirs);
            if main.len() > theirs {
                let describe =
                    || format!("{name}: {} bytes, but {theirs} of bpftool's", main.len());
                row.add_difference(describe);
            }
        }
        Some(Err(why)) => sizes.add_refused(name.clone(), why),
    }
    let names = kernel.modules.iter().map(|(name, _)| name.clone());
    let minimized = Kernel { name: name.clone(), main, modules: names.zip(modules).collect() };
    readers.lost(&minimized).into_iter().for_each(|text| row.add_difference(|| text));
    sizes.loaded = readers.loaded() as u64;
    row.add_sizes(sizes);

    let compared = minimized.with_targets(Index::None, |ours, theirs| {
        for object in objects {
            // libbpf must relocate as with the full BTF, and we must relocate as libbpf.
            let differences = object.compare_targets(whole.1, theirs)?;
            differences.into_iter().for_each(|text| row.add_difference(|| text));
            for (section, compared) in object.compare(Mode::Relocate, ours, theirs, false)? {
                row.add(|| format!("{} {section}, minimized {name}", object.name), &compared);
            }
        }
        Ok(())
    });
    match compared {
        Ok(()) => Ok(()),
        Err(TargetError::Other(error)) => Err(error),
        Err(TargetError::UnknownToLibbpf) => Err(failed(&"unknown kinds in minimized BTF")),
    }
}

/// `bpftool gen min_core_btf`, with the files that it reads.
struct BpfTool {
    folder: Result<TempDir, String>,
}

impl BpfTool {
    const KERNEL: &str = "kernel.btf";

    fn new(kernel: &Kernel, objects: &[ObjectFile]) -> Self {
        let write = || -> std::io::Result<TempDir> {
            let folder = tempfile::tempdir()?;
            fs::write(folder.path().join(Self::KERNEL), for_libbpf(&kernel.main))?;
            for object in objects {
                fs::write(folder.path().join(&object.name), &object.bytes)?;
            }
            Ok(folder)
        };
        Self { folder: write().map_err(|error| error.to_string()) }
    }

    /// Returns the size of the output in bytes.
    fn minimize(&self, objects: &[&ObjectFile]) -> Result<usize, String> {
        const OUT: &str = "minimized.btf";
        let folder = self.folder.as_ref()?.path();
        let mut command = Command::new(program());
        command.current_dir(folder).args(["gen", "min_core_btf", Self::KERNEL, OUT]);
        command.args(objects.iter().map(|object| Path::new(&object.name)));
        let output = command.output().map_err(|error| format!("bpftool: {error}"))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            let mut message = message.lines().next().unwrap_or_default().to_string();
            // The same message for every object.
            objects.iter().for_each(|object| message = message.replace(&object.name, "OBJECT"));
            return Err(message);
        }
        Ok(fs::read(folder.join(OUT)).map_err(|error| error.to_string())?.len())
    }
}

/// Returns the path of bpftool, which may be in a folder that only the `PATH` of root has.
fn program() -> PathBuf {
    let usual = Path::new("/usr/sbin/bpftool");
    if usual.exists() { usual.into() } else { "bpftool".into() }
}
