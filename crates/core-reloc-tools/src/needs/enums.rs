//! Enums of the kernel's interface, which show the numbers that it knows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use btf_types::{Enumerator, Kind, Name, Type};
use core_reloc::elf::{
    Object,
    requirements::{AttachType, MapType, ProgramType},
};

use super::{
    kernel::Kernel,
    need::{Answer, Effect, OpenReason},
};

/// The enum with the numbers of helpers.
pub(super) const HELPERS: &str = "bpf_func_id";
/// The prefix of their enumerators.
const HELPER: &str = "BPF_FUNC_";

/// The enums that show which numbers a kernel knows.
pub(super) const NAMES: [&str; 5] =
    [HELPERS, ProgramType::ENUM, AttachType::ENUM, MapType::ENUM, PSEUDO_JUMPS];

/// A kernel's enums, by name; those that have enumerators.
#[derive(Debug, Default)]
pub(super) struct KernelEnums<'t>(BTreeMap<&'static str, Type<'t>>);

impl<'t> KernelEnums<'t> {
    pub(super) fn find(kernel: &Kernel<'t>) -> Self {
        let questions = NAMES.map(|name| (name, Kind::Enum));
        let found = kernel.target.find_all(&questions);
        let enums = NAMES.iter().zip(&found);
        let enums = enums.filter_map(|(name, found)| Some((*name, found.first()?.ty)));
        Self(enums.filter(|(_, ty)| !ty.enumerators().is_empty()).collect())
    }

    /// Returns whether the kernel's enum has a number.
    pub(super) fn has(&self, name: &str, number: u32, effect: Effect) -> Answer {
        match self.0.get(name) {
            None => Answer::Open(OpenReason::NotInBtf, effect),
            Some(ty) => match enumerator(*ty, number) {
                // `__MAX_BPF_PROG_TYPE`, `__BPF_FUNC_MAX_ID` and the like only mark the end.
                Some(name) if !name.starts_with(b"__") => Answer::Present,
                _ => Answer::Absent(effect),
            },
        }
    }

    /// Returns whether the kernel has a helper. That its number exists does not show that its configuration
    /// has the helper, nor that this type of program may call it.
    pub(super) fn has_helper(&self, number: u32) -> Answer {
        self.has(HELPERS, number, Effect::NoProgram)
    }

    /// Returns the name of a helper, by the kernel or by the object.
    pub(super) fn helper_name(&self, object: &Object<'_>, number: u32) -> Cow<'static, str> {
        let by_kernel = self.0.get(HELPERS).and_then(|ty| enumerator(*ty, number));
        // An object may have been compiled with the kernel's types.
        let of_object = || enumerator(object.btf()?.find(HELPERS, Kind::Enum)?, number);
        let name = by_kernel.or_else(of_object).map(|name| name.to_string());
        match name.as_deref().and_then(|name| name.strip_prefix(HELPER)) {
            Some(name) => format!("bpf_{name}").into(),
            None => number.to_string().into(),
        }
    }

    /// Returns `true` if the kernel's enum has an enumerator of a name.
    pub(super) fn has_enumerator(&self, name: &str, enumerator: &str) -> bool {
        let named = |it: Enumerator<'_>| it.name().is_ok_and(|name| name == enumerator);
        self.0.get(name).is_some_and(|ty| ty.enumerators().iter().any(named))
    }
}

/// The enum of jumps that are no jumps, such as `may_goto`.
pub(super) const PSEUDO_JUMPS: &str = "bpf_cond_pseudo_jmp";

/// Returns the name of the first enumerator of an enum that has a value.
fn enumerator(ty: Type<'_>, value: u32) -> Option<Name<'_>> {
    ty.enumerators().iter().find(|it| it.value() == value.into())?.name().ok()
}
