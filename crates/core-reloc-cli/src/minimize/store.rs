//! Minimized kernels in a store, in which agents find the types of the running kernel.

use btf_store::{Info, WriteError, Writer};
use btf_types::Btf;

use super::{MinimizedBtf, MinimizedTarget};
use crate::failure::Failure;

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
    let info = Info {
        release: build.release.as_deref().unwrap_or(build.path.name()),
        version: build.version.as_deref().unwrap_or_default(),
        architecture: build.path.architecture(),
        distribution: &build.path.distribution(),
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
