//! Looking up fields, enumerators and functions of a kernel by name.

pub mod core_reloc;
#[cfg(feature = "peers")]
pub mod libbpf;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use btf_types::{Btf, Kind, KindSet, Type};
use serde::{Deserialize, Serialize};

use crate::Result;

/// What names are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Fields, such as `task_struct.pid`.
    Fields,
    /// Enumerators, without their enum.
    Enumerators,
    /// Functions.
    Functions,
}

/// An answer: the id of the field's type and its offset in bits, the id of the enum and the value, or the
/// id of the function and 0.
pub type Answer = (u32, i128);

/// Answers, and the time from opening the file to the last answer.
#[derive(Debug)]
pub struct Found {
    /// The time.
    pub time: Duration,
    /// An answer to each name.
    pub answers: Vec<Answer>,
}

/// A library that looks up names in a file of BTF.
pub type LookUp = fn(&Path, What, &[String]) -> Result<Found>;

impl What {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fields, Self::Enumerators, Self::Functions];

    /// Returns the word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Enumerators => "enumerators",
            Self::Functions => "functions",
        }
    }

    /// Chooses names that are spread over a kernel's types.
    ///
    /// # Errors
    /// The kernel has fewer names, or its types are broken.
    pub fn choose(self, kernel: &Btf<'_>, count: usize) -> Result<Vec<String>> {
        let names = match self {
            Self::Fields => fields(kernel)?,
            Self::Enumerators => enumerators(kernel)?,
            Self::Functions => functions(kernel)?,
        };
        if names.len() < count {
            let (what, found) = (self.name(), names.len());
            return Err(format!("the kernel has {found} {what}, not {count}").into());
        }
        Ok((0..count)
            .map(|index| names[(2 * index + 1) * names.len() / (2 * count)].clone())
            .collect())
    }
}

/// Returns a field of each struct: a member, or a member of a member.
fn fields(kernel: &Btf<'_>) -> Result<Vec<String>> {
    let mut fields = Vec::new();
    for ty in kernel.own_types_of([Kind::Struct].into_iter().collect()) {
        let (name, count) = (ty.name()?, ty.members().len());
        if name.is_empty() || count == 0 {
            continue;
        }
        let mut field = format!("{name}");
        let mut within = ty;
        loop {
            // Any member: first, last or in between.
            let members = within.members();
            let index = fields.len() % members.len().max(1);
            let Some(member) = members.get(index) else { break };
            if !member.name()?.is_empty() {
                field = format!("{field}.{}", member.name()?);
            }
            within = member.ty()?.skip_modifiers_and_typedefs()?;
            let is_long_enough = !member.name()?.is_empty() && fields.len().is_multiple_of(2);
            if !within.kind().is_composite() || is_long_enough {
                break;
            }
        }
        if field.contains('.') {
            fields.push(field);
        }
    }
    Ok(fields)
}

/// Returns the enumerators that no type shares its name with.
fn enumerators(kernel: &Btf<'_>) -> Result<Vec<String>> {
    let names = |ty: Type<'_>| Ok::<_, btf_types::Error>(ty.name()?.to_string());
    let types: BTreeSet<String> = kernel
        .own_types_of(KindSet::TYPE_NAMES)
        .map(names)
        .collect::<std::result::Result<_, _>>()?;
    let mut enumerators = Vec::new();
    for ty in kernel.own_types_of([Kind::Enum, Kind::Enum64].into_iter().collect()) {
        for enumerator in ty.enumerators() {
            enumerators.push(enumerator.name()?.to_string());
        }
    }
    enumerators.retain(|name| !types.contains(name));
    Ok(enumerators)
}

fn functions(kernel: &Btf<'_>) -> Result<Vec<String>> {
    let functions = kernel.own_types_of([Kind::Func].into_iter().collect());
    Ok(functions.map(|ty| Ok(ty.name()?.to_string())).collect::<btf_types::Result<_>>()?)
}
