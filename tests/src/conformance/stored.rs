//! Kernels of a store: libbpf must relocate with the BTF that is extracted from it as with the original, and as we do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use btf_store::{Info, Store, Writer};
use btf_types::Btf;
use core_reloc_targets::{Files, KernelPath, Limits, open};

use super::inputs;
use super::object::{Mode, ObjectFile};
use super::report::Row;
use super::target::{Index, Kernel};

/// The folder with real kernels in BTFHub's layout, which `cargo xtask fleet` fetches.
const FLEET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/fleet");

/// Returns `true` if the fleet was fetched.
pub fn has_fleet() -> bool {
    Path::new(FLEET).join("debian").is_dir()
}

/// A kernel of the fleet.
struct OfFleet {
    path: PathBuf,
    names: KernelPath,
}

impl OfFleet {
    fn read(&self) -> Result<Vec<u8>, String> {
        let file = open(&self.path, Limits::default()).map_err(|error| error.to_string())?;
        Ok(file.as_bytes().to_vec())
    }

    /// Returns the folder: distribution, version and architecture.
    fn folder(&self) -> String {
        format!("{}/{}", self.names.distribution(), self.names.architecture())
    }
}

/// Returns one in `sample` kernels of the fleet.
fn fleet(sample: usize) -> Result<Vec<OfFleet>, String> {
    let fleet = Path::new(FLEET);
    let folder = &fleet.join("debian");
    if !folder.is_dir() {
        return Err(format!("there is no {}; `cargo xtask fleet` fetches it", folder.display()));
    }
    let mut kernels = Vec::new();
    for path in Files::new(folder).step_by(sample) {
        let path = path.map_err(|error| error.to_string())?;
        let names = KernelPath::found_in(&path, fleet);
        kernels.push(OfFleet { path, names });
    }
    Ok(kernels)
}

/// Makes one store of one in `sample` kernels, and compares the relocations of all objects of a kernel's architecture
/// on what is extracted from it. A row is for one folder.
pub(super) fn compare_stored(sample: usize) -> Result<Vec<Row>, String> {
    let objects = inputs::objects()?;
    let kernels = fleet(sample)?;
    let mut writer = Writer::new();
    for kernel in &kernels {
        let (path, distribution) = (kernel.path.display(), kernel.names.distribution());
        let info = Info {
            release: kernel.names.name(),
            architecture: kernel.names.architecture(),
            distribution: &distribution,
            ..Info::default()
        };
        let bytes = kernel.read()?;
        let btf = Btf::parse(&bytes).map_err(|error| format!("{path}: {error}"))?;
        writer.add(info, &btf, &[]).map_err(|error| format!("{path}: {error}"))?;
    }
    let bytes = writer.finish_packed().map_err(|error| error.to_string())?;
    drop(writer);
    let store = Store::open(&bytes).map_err(|error| error.to_string())?;
    let mut by_folder: BTreeMap<String, Vec<&OfFleet>> = BTreeMap::new();
    for kernel in &kernels {
        by_folder.entry(kernel.folder()).or_default().push(kernel);
    }
    let mut rows = Vec::new();
    for (folder, kernels) in by_folder {
        let name = if folder.ends_with("x86_64") { "amd64" } else { "arm64" };
        let objects = objects.get(name).map(Vec::as_slice).unwrap_or_default();
        let pairs = objects.len() * kernels.len();
        let what = format!("{} kernels of a store, {folder}: {pairs} pairs", kernels.len());
        let mut row = Row::new(format!("{name} ({} objects)", objects.len()), what);
        for kernel in kernels {
            compare(&mut row, objects, kernel, &store)
                .unwrap_or_else(|error| row.add_unexplained(|| error));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn compare(
    row: &mut Row,
    objects: &[ObjectFile],
    kernel: &OfFleet,
    store: &Store<'_>,
) -> Result<(), String> {
    let name = kernel.names.to_string();
    let failed = |error: &dyn ToString| format!("{name}: {}", error.to_string());
    let found = store.find(kernel.names.name()).map_err(|error| failed(&error))?;
    let stored = found.flatten().find(|stored| stored.info().name() == name);
    let stored = stored.ok_or_else(|| failed(&"the store does not have it"))?;
    let extracted = stored.extract().map_err(|error| failed(&error))?.into_bytes();
    let original = Kernel::new(name.clone(), kernel.read()?);
    let extracted = Kernel::new(name.clone(), extracted);
    let original = original.for_libbpf().map_err(|error| failed(&error))?;
    let compared = extracted.with_targets(Index::Kept, |ours, theirs| {
        for object in objects {
            let differences = object.compare_targets(&original, theirs)?;
            differences.into_iter().for_each(|text| row.add_difference(|| failed(&text)));
            for (section, compared) in object.compare(Mode::Relocate, ours, theirs, false)? {
                row.add(|| format!("{} {section} on {name}", object.name), &compared);
            }
        }
        Ok(())
    });
    row.add_result(compared);
    Ok(())
}
