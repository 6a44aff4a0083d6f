//! Instructions that not every kernel knows.

use core_reloc::elf::requirements::{Feature, MapType};

use super::{
    enums::KernelEnums,
    kernel::Kernel,
    need::{Answer, Effect, OpenReason},
};

/// Returns whether a kernel accepts instructions: by an enumerator that came with them, or else by its
/// release.
pub(super) fn answer(feature: Feature, kernel: &Kernel<'_>, enums: &KernelEnums) -> Answer {
    let is_shown = match feature {
        Feature::MayGoto => enums.has_pseudo_jumps(),
        Feature::IndirectJump => enums.has_map_type(MapType::INSN_ARRAY),
        _ => false,
    };
    match kernel.release {
        _ if is_shown => Answer::Present,
        Some(release) if (release.major, release.minor) >= feature.since() => Answer::Present,
        Some(_) => Answer::Absent(Effect::NoProgram),
        None => Answer::Open(OpenReason::Release, Effect::NoProgram),
    }
}
