//! Instructions that not every kernel knows.

use core_reloc::elf::requirements::{AttachType, Feature, MapType};

use super::{
    enums::{HELPERS, KernelEnums, PSEUDO_JUMPS},
    kernel::Kernel,
    need::{Answer, Effect, OpenReason},
};

/// Returns whether a kernel accepts instructions: by an enumerator that came with them or later, or else by
/// its release.
///
/// Distributions take over BPF from later releases as a whole, so that enumerators tell more than the release.
pub(super) fn answer(feature: Feature, kernel: &Kernel<'_>, enums: &KernelEnums) -> Answer {
    let is_shown = signs(feature).iter().any(|(name, sign)| enums.has_enumerator(name, sign));
    match kernel.release {
        _ if is_shown => Answer::Present,
        Some(release) if (release.major, release.minor) >= feature.since() => Answer::Present,
        Some(_) => Answer::Absent(Effect::NoProgram),
        None => Answer::Open(OpenReason::Release, Effect::NoProgram),
    }
}

/// Returns enumerators, each with the name of its enum, that only kernels with the instructions have.
fn signs(feature: Feature) -> &'static [(&'static str, &'static str)] {
    match feature {
        // Linux 5.2.
        Feature::Jump32 => &[(HELPERS, "BPF_FUNC_sk_storage_get")],
        // Linux 5.13.
        Feature::Atomics => &[(HELPERS, "BPF_FUNC_for_each_map_elem")],
        // Linux 6.7.
        Feature::SignExtension
        | Feature::LongJump
        | Feature::SignedDivision
        | Feature::ByteSwap => &[(AttachType::ENUM, "BPF_NETKIT_PRIMARY")],
        Feature::AddressSpaceCast => &[(MapType::ENUM, "BPF_MAP_TYPE_ARENA")],
        Feature::MayGoto => &[(PSEUDO_JUMPS, "BPF_MAY_GOTO")],
        // Linux 6.19.
        Feature::AcquireRelease | Feature::IndirectJump => {
            &[(MapType::ENUM, "BPF_MAP_TYPE_INSN_ARRAY")]
        }
        _ => &[],
    }
}
