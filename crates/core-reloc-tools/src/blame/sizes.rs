//! The sizes of structs on both sides of a relocation.

use btf_types::{Kind, Type};
use core_reloc::{
    Target,
    elf::{Outcome, Report},
};

/// The sizes of a relocation's root type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RootSizes {
    /// In the object's own types, in bytes; `None` if the type has no size.
    pub local: Option<u32>,
    /// On the target, in bytes; `None` if no candidate matches.
    pub target: Option<u32>,
}

impl RootSizes {
    /// Returns the sizes of the root type of a report. `target` is the one that it was made for.
    pub fn of(report: &Report<'_>, target: &Target<'_>) -> Self {
        let relocation = &report.relocation;
        let local = relocation.local().type_by_id(relocation.type_id()).ok();
        let candidate = match &report.outcome {
            Outcome::Applied { resolution, .. } => resolution.candidate,
            _ => None,
        };
        let found = candidate.and_then(|candidate| target.candidate(candidate).ok());
        Self { local: size(local), target: size(found) }
    }
}

/// Returns the size of a target's struct or union with a name, in bytes, as the verifier knows it.
pub fn struct_size(target: &Target<'_>, name: &str) -> Option<u32> {
    let modules = target.modules().iter().map(|module| module.btf);
    let mut btfs = std::iter::once(target.main()).chain(modules);
    btfs.find_map(|btf| {
        let found = [Kind::Struct, Kind::Union].into_iter().find_map(|kind| btf.find(name, kind));
        size(found)
    })
}

fn size(ty: Option<Type<'_>>) -> Option<u32> {
    ty?.size().ok()
}
