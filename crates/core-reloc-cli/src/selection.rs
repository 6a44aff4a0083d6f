//! Selecting types by the names that the user gives.

use std::fmt;

use btf_types::{Btf, Kind, Name, Type, TypeId};
use core_reloc::Target;
use core_reloc_tools::query::{QueryError, similar_names};

use crate::{format::did_you_mean, names::glob_matches};

/// The error that no type has a name or id.
pub(crate) struct NotFound<'a> {
    name: &'a str,
    similar: Vec<String>,
}

impl<'a> NotFound<'a> {
    pub(crate) fn new(name: &'a str, target: &Target<'_>) -> Self {
        let error = QueryError::NoSuchName { name: Selection::of(name).name.into() };
        let is_name = name.parse::<u32>().is_err() && !Selection::of(name).is_pattern();
        let similar = if is_name { similar_types(target, &error) } else { Vec::new() };
        Self { name, similar }
    }
}

/// Returns the similar names that are those of types, not of enumerators.
fn similar_types(target: &Target<'_>, error: &QueryError) -> Vec<String> {
    let mut names = similar_names(target, error);
    let modules = target.modules().iter().map(|module| module.btf);
    let all: Vec<&Btf<'_>> = std::iter::once(target.main()).chain(modules).collect();
    names.retain(|name| all.iter().any(|btf| !find(btf, name).is_empty()));
    names
}

impl fmt::Display for NotFound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "type `{}` not found", self.name)?;
        did_you_mean(&self.similar, f)
    }
}

/// Finds the types with an id or a name, without those of a base.
pub(crate) fn find<'a>(btf: &'a Btf<'a>, id_or_name: &str) -> Vec<Type<'a>> {
    if let Ok(id) = id_or_name.parse() {
        let id = TypeId(id);
        let is_own = btf.base().is_none() || id >= btf.start_id();
        return btf.type_by_id(id).ok().filter(|_| is_own).into_iter().collect();
    }
    find_named(btf, id_or_name)
}

/// Finds the types with a name, without those of a base.
pub(crate) fn find_named<'a>(btf: &'a Btf<'a>, name: &str) -> Vec<Type<'a>> {
    let selection = Selection::of(name);
    btf.own_types().filter(|ty| selection.includes(ty)).collect()
}

/// A name of types, as the user gives it.
struct Selection<'a> {
    keyword: &'a str,
    name: &'a str,
}

impl<'a> Selection<'a> {
    fn of(text: &'a str) -> Self {
        match text.split_once(' ') {
            Some((keyword @ ("struct" | "union" | "enum"), name)) => {
                Self { keyword, name: name.trim() }
            }
            _ => Self { keyword: "", name: text },
        }
    }

    /// Returns `true` if the name stands for several.
    fn is_pattern(&self) -> bool {
        self.name.contains(['*', '?'])
    }

    fn includes(&self, ty: &Type<'_>) -> bool {
        let kind = ty.kind();
        let has_kind = match self.keyword {
            "struct" => kind == Kind::Struct,
            "union" => kind == Kind::Union,
            "enum" => kind.is_enum(),
            _ => true,
        };
        // A name of Rust or C++ may contain an asterisk.
        let matches = |name: Name<'_>| {
            !name.is_empty() && glob_matches(self.name.as_bytes(), name.as_bytes())
        };
        has_kind
            && !self.name.is_empty()
            && (ty.is_named(self.name.as_bytes())
                || self.is_pattern() && ty.name().is_ok_and(matches))
    }
}
