//! Instructions that not every kernel knows.

use core_reloc::elf::requirements::{AttachType, Feature, MapType};

use super::{
    architecture::Architecture,
    enums::{HELPERS, KernelEnums, PSEUDO_JUMPS},
    kernel::Kernel,
    need::{Answer, Effect, OpenReason},
};

/// A release of Linux: its major and minor version.
type Version = (u32, u32);

/// Enumerators, each with its enum and the first release that has it.
///
/// Distributions take over BPF from later releases as a whole, so that enumerators tell more than the release.
const SIGNS: [(&str, &str, Version); 6] = [
    (HELPERS, "BPF_FUNC_sk_storage_get", (5, 2)),
    (HELPERS, "BPF_FUNC_for_each_map_elem", (5, 13)),
    (AttachType::ENUM, "BPF_NETKIT_PRIMARY", (6, 7)),
    (MapType::ENUM, "BPF_MAP_TYPE_ARENA", (6, 9)),
    (PSEUDO_JUMPS, "BPF_MAY_GOTO", (6, 9)),
    (MapType::ENUM, "BPF_MAP_TYPE_INSN_ARRAY", (6, 19)),
];

/// Returns the newest release whose sign is in a kernel's enums; `None` if none is.
pub(super) fn shown(enums: &KernelEnums<'_>) -> Option<Version> {
    let shown = SIGNS.iter().filter(|(name, sign, _)| enums.has_enumerator(name, sign));
    shown.map(|(.., version)| *version).max()
}

/// Returns whether a kernel accepts instructions: its verifier, and the compiler of its architecture.
pub(super) fn answer(
    feature: Feature,
    kernel: &Kernel<'_>,
    shown: Option<Version>,
    architecture: impl FnOnce() -> Option<Architecture>,
) -> Answer {
    let stated = kernel.release.map(|release| (release.major, release.minor));
    let Some(version) = shown.max(stated) else {
        return Answer::Open(OpenReason::Release, Effect::NoProgram);
    };
    if version < feature.since() {
        return match stated {
            Some(_) => Answer::Absent(Effect::NoProgram),
            None => Answer::Open(OpenReason::Release, Effect::NoProgram),
        };
    }
    if compiled_since(feature, architecture()).is_some_and(|since| version >= since) {
        Answer::Present
    } else {
        Answer::Open(OpenReason::Compiler, Effect::NoProgram)
    }
}

/// Returns the first release whose just-in-time compiler has the instructions, if that is known; without an architecture, one
/// from which on all that are known have them.
///
/// Before it, a kernel interprets the program, unless its configuration or the program forbids that. Known are
/// amd64, arm64 and s390x, by the sources of Linux 5.10, 6.1, 6.12 and 7.2 and the commits between them.
fn compiled_since(feature: Feature, architecture: Option<Architecture>) -> Option<Version> {
    let [amd64, arm64, s390x] = match feature {
        // Rewritten by the verifier into what all compilers have.
        Feature::MayGoto => return Some(feature.since()),
        Feature::Jump32 => [(5, 1), (5, 1), (5, 1)].map(Some),
        Feature::Atomics => [(5, 12), (5, 18), (5, 13)].map(Some),
        Feature::SignExtension
        | Feature::LongJump
        | Feature::SignedDivision
        | Feature::ByteSwap => [(6, 6), (6, 6), (6, 7)].map(Some),
        Feature::AddressSpaceCast => [(6, 9), (6, 10), (6, 11)].map(Some),
        // Linux 7.2 for s390x has neither.
        Feature::AcquireRelease => [Some((6, 15)), Some((6, 15)), None],
        Feature::IndirectJump => [Some((6, 19)), Some((6, 19)), None],
        _ => return None,
    };
    match architecture {
        Some(Architecture::X86) => amd64,
        Some(Architecture::Arm64) => arm64,
        Some(Architecture::S390) => s390x,
        Some(_) => None,
        None => Some(amd64?.max(arm64?).max(s390x?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_follow_the_verifier() {
        let features = [
            Feature::Jump32,
            Feature::Atomics,
            Feature::SignExtension,
            Feature::LongJump,
            Feature::SignedDivision,
            Feature::ByteSwap,
            Feature::AddressSpaceCast,
            Feature::MayGoto,
            Feature::AcquireRelease,
            Feature::IndirectJump,
        ];
        for feature in features {
            let since = |architecture| compiled_since(feature, architecture);
            assert_eq!(since(Some(Architecture::X86)), Some(feature.since()));
            for other in [Architecture::Arm64, Architecture::S390] {
                assert!(since(Some(other)).is_none_or(|version| version >= feature.since()));
                assert!(since(None).is_none_or(|version| Some(version) >= since(Some(other))));
            }
        }
        assert_eq!(compiled_since(Feature::Atomics, Some(Architecture::Riscv)), None);
        assert_eq!(compiled_since(Feature::IndirectJump, None), None);
    }
}
