//! Enums of the kernel's interface, which show the numbers that it knows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use btf_types::{Btf, Kind, Type};
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
/// The enumerator after the last helper.
const HELPERS_END: &str = "__BPF_FUNC_MAX_ID";

/// The enums that show which numbers a kernel knows.
pub(super) const NAMES: [&str; 5] =
    [HELPERS, ProgramType::ENUM, AttachType::ENUM, MapType::ENUM, PSEUDO_JUMPS];

/// The values of a kernel's enums, by the name of the enum.
#[derive(Debug, Default)]
pub(super) struct KernelEnums(BTreeMap<&'static str, BTreeMap<i128, String>>);

impl KernelEnums {
    pub(super) fn find(kernel: &Kernel<'_>) -> Self {
        let questions = NAMES.map(|name| (name, Kind::Enum));
        let found = kernel.target.find_all(&questions);
        let values = |found: Option<&core_reloc::FoundType<'_>>| {
            found.map(|found| values(found.ty)).unwrap_or_default()
        };
        let enums = NAMES.iter().zip(&found).map(|(name, found)| (*name, values(found.first())));
        Self(enums.filter(|(_, values)| !values.is_empty()).collect())
    }

    /// Returns whether the kernel's enum has a number.
    pub(super) fn has(&self, name: &str, number: u32, effect: Effect) -> Answer {
        match self.0.get(name) {
            None => Answer::Open(OpenReason::NotInBtf, effect),
            Some(values) => match values.get(&number.into()) {
                // `__MAX_BPF_PROG_TYPE` and the like are no types.
                Some(name) if !name.starts_with("__") => Answer::Present,
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
        let by_kernel = self.0.get(HELPERS).and_then(|values| values.get(&number.into()).cloned());
        let name = by_kernel.or_else(|| helper_of_object(object.btf()?, number));
        match name.as_deref().and_then(|name| name.strip_prefix(HELPER)) {
            Some(name) => format!("bpf_{name}").into(),
            None => number.to_string().into(),
        }
    }

    /// Returns `true` if the kernel's enum has an enumerator of a name.
    pub(super) fn has_enumerator(&self, name: &str, enumerator: &str) -> bool {
        self.0.get(name).is_some_and(|values| values.values().any(|value| value == enumerator))
    }
}

/// The enum of jumps that are no jumps, such as `may_goto`.
pub(super) const PSEUDO_JUMPS: &str = "bpf_cond_pseudo_jmp";

/// Returns the enumerators of an enum by value. Of several with one value, the first counts.
fn values(ty: Type<'_>) -> BTreeMap<i128, String> {
    let mut values = BTreeMap::new();
    for enumerator in ty.enumerators() {
        let Ok(name) = enumerator.name() else { continue };
        let name = name.to_string();
        if name == HELPERS_END {
            break;
        }
        values.entry(enumerator.value()).or_insert(name);
    }
    values
}

/// Returns the name of a helper in an object that was compiled with the kernel's types.
fn helper_of_object(btf: &Btf<'_>, number: u32) -> Option<String> {
    values(btf.find(HELPERS, Kind::Enum)?).remove(&number.into())
}
