//! Verdicts by their names, for lines that are read again.

use std::borrow::Cow;

use core_reloc_tools::check::Verdict;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(in crate::check) fn serialize<S: Serializer>(
    verdict: &Verdict,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.serialize_str(verdict.name())
}

pub(in crate::check) fn deserialize<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Verdict, D::Error> {
    let name = Cow::<'de, str>::deserialize(from)?;
    let found = Verdict::ALL.into_iter().find(|verdict| verdict.name() == name);
    found.ok_or_else(|| D::Error::custom(format_args!("unknown verdict {name:?}")))
}
