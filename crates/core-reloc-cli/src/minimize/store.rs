//! Minimized kernels in a store, in which agents find the types of the running kernel.

use btf_store::{Info, WriteError, Writer};
use btf_types::Btf;
use core_reloc_targets::unpacked_name;

use super::{MinimizedBtf, MinimizedTarget};
use crate::{failure::Failure, names::is_architecture};

/// Returns a packed store of the kernels with their modules. The same kernels give the same bytes.
pub(super) fn store(targets: &[MinimizedTarget]) -> Result<Vec<u8>, Failure> {
    let mut writer = Writer::new();
    for target in targets {
        add(&mut writer, target)
            .map_err(|error| Failure::StoredKernel { target: target.main.target.clone(), error })?;
    }
    let last = targets.last().map(|target| target.main.target.clone()).unwrap_or_default();
    writer.finish_packed().map_err(|error| Failure::StoredKernel { target: last, error })
}

fn add(writer: &mut Writer, target: &MinimizedTarget) -> Result<(), WriteError> {
    let MinimizedTarget { main, modules, build, .. } = target;
    let name = main.name.to_string_lossy();
    let (distribution, architecture, file) = parts(&name);
    let info = Info {
        release: build.release.as_deref().unwrap_or(file),
        version: build.version.as_deref().unwrap_or_default(),
        architecture,
        distribution,
        // The rest says it, and agents have no use for it.
        origin: "",
    };
    let btf = Btf::parse(&main.bytes)?;
    let modules = modules.iter().map(|MinimizedBtf { module, bytes, .. }| {
        Ok((module.as_deref().unwrap_or_default(), Btf::parse_split(bytes, &btf)?))
    });
    let modules = modules.collect::<Result<Vec<_>, WriteError>>()?;
    let modules: Vec<_> = modules.iter().map(|(name, btf)| (*name, btf)).collect();
    writer.add(info, &btf, &modules)
}

/// Returns the distribution, the architecture and the name of a kernel from its path in BTFHub's layout:
/// `debian/12/x86_64/6.1.0-50-amd64.btf`. Of another path, all folders are the distribution.
fn parts(path: &str) -> (&str, &str, &str) {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let file = unpacked_name(file);
    let (outer, last) = folder.rsplit_once('/').unwrap_or(("", folder));
    if is_architecture(last) { (outer, last, file) } else { (folder, "", file) }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn paths_state_distributions_and_architectures() {
        for (path, expected) in [
            ("debian/12/x86_64/6.1.0-50-amd64.btf", ("debian/12", "x86_64", "6.1.0-50-amd64")),
            ("arm64/6.1.btf", ("", "arm64", "6.1")),
            ("debian/12/6.1.btf", ("debian/12", "", "6.1")),
            ("6.1.btf", ("", "", "6.1")),
        ] {
            assert_eq!(parts(path), expected, "{path}");
        }
    }
}
