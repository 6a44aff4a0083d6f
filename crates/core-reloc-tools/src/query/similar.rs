//! What may have been meant by a name that is not there.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use btf_types::{Btf, Kind, Name, Type, TypeId};

use super::QueryError;
use core_reloc::{
    describe::quote,
    generate::{GenerateError, find_root},
};

use crate::nearness::nearness;

/// How many names are told.
const TOLD: usize = 3;

/// Names that may have been meant by the one that a question failed at: of types and enumerators where
/// the BTF does not know the name, of members or enumerators where a type does not. The most alike, at
/// most three; none where nothing is alike, or the question failed at something else than a name.
///
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # btf.structure("task", 8).member("pid", int, 0).member("exit_code", int, 32).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc_tools::query::{query, similar_names};
///
/// let btf = Btf::parse(&bytes)?;
/// let error = query(&btf, "task.exti_code").unwrap_err();
/// assert_eq!(similar_names(&btf, &error), ["exit_code"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn similar_names(btf: &Btf<'_>, error: &QueryError) -> Vec<String> {
    match error {
        QueryError::NoSuchName { name } => {
            let mut similar = Similar::to(bare(name));
            btf.types().for_each(|ty| similar.look_at_type(ty));
            similar.most_alike()
        }
        QueryError::Path(
            GenerateError::NoSuchMember { member: name, within, .. }
            | GenerateError::NoSuchEnumerator { enumerator: name, within },
        ) => {
            let mut similar = Similar::to(name);
            // It is called by its keyword, and has only the ones or the others.
            let kinds = [Kind::Struct, Kind::Union, Kind::Enum, Kind::Enum64];
            if let Ok(ty) = find_root(btf, within, &kinds) {
                similar.look_at_members(ty);
                similar.look_at_enumerators(ty);
            }
            similar.most_alike()
        }
        QueryError::Path(_) | QueryError::Value(_) => Vec::new(),
    }
}

/// The name behind a keyword.
fn bare(name: &str) -> &str {
    let keywords = ["struct ", "union ", "enum "];
    keywords.iter().find_map(|keyword| name.strip_prefix(keyword)).unwrap_or(name).trim()
}

/// The names that are the most alike: beside those, others would only distract.
struct Similar<'w, 'a> {
    wanted: &'w str,
    /// How far they are from the wanted one.
    distance: usize,
    found: BTreeSet<Name<'a>>,
}

impl<'w, 'a> Similar<'w, 'a> {
    fn to(wanted: &'w str) -> Self {
        Self { wanted, distance: usize::MAX, found: BTreeSet::new() }
    }

    fn look_at(&mut self, name: Name<'a>) {
        let wanted = self.wanted.as_bytes();
        let Some(distance) = nearness(wanted, name.as_bytes()) else { return };
        // What was put before or behind the name, as in `__state`, counts as one letter.
        let is_longer = name.starts_with(wanted) || name.ends_with(wanted);
        let distance = if is_longer { 1 } else { distance };
        // In short names each letter matters.
        if !is_longer && distance.saturating_mul(3) >= wanted.len() {
            return;
        }
        match distance.cmp(&self.distance) {
            Ordering::Less => {
                self.distance = distance;
                self.found = [name].into();
            }
            Ordering::Equal => {
                self.found.insert(name);
                if self.found.len() > TOLD {
                    self.found.pop_last();
                }
            }
            Ordering::Greater => {}
        }
    }

    /// The type's name, and those of its enumerators.
    fn look_at_type(&mut self, ty: Type<'a>) {
        let is_named =
            ty.kind().is_composite() || ty.kind().is_enum() || ty.kind() == Kind::Typedef;
        if let Ok(name) = ty.name()
            && is_named
        {
            self.look_at(name);
        }
        self.look_at_enumerators(ty);
    }

    fn look_at_enumerators(&mut self, ty: Type<'a>) {
        ty.enumerators()
            .iter()
            .filter_map(|one| one.name().ok())
            .for_each(|name| self.look_at(name));
    }

    /// The type's members, and those of its anonymous ones.
    fn look_at_members(&mut self, ty: Type<'a>) {
        let mut known: BTreeSet<TypeId> = [ty.id()].into();
        let mut open = vec![ty];
        while let Some(ty) = open.pop() {
            for member in ty.members() {
                match (member.name(), member.ty().and_then(Type::skip_modifiers_and_typedefs)) {
                    (Ok(name), Ok(inside)) if name.is_empty() => {
                        if known.insert(inside.id()) {
                            open.push(inside);
                        }
                    }
                    (Ok(name), _) => self.look_at(name),
                    (Err(_), _) => {}
                }
            }
        }
    }

    fn most_alike(self) -> Vec<String> {
        self.found.iter().map(quote).collect()
    }
}

#[cfg(test)]
mod tests {
    use btf_types::{ByteOrder, IntEncoding, Linkage, build::Builder};

    use super::*;
    use crate::query::query;

    #[track_caller]
    fn check(question: &str, expected: &[&str]) {
        let mut btf = Builder::new(ByteOrder::Little);
        let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
        let inner = btf.union("", 4).member("exit_code", int, 0).finish();
        let task = btf.structure("task_struct", 12);
        let task = task.member("pid", int, 0).member("tgid", int, 32).member("", inner, 64);
        let task = task.finish();
        btf.typedef("task_state", int);
        btf.func("task_struct_of", task, Linkage::Static);
        let states = btf.enumeration("task_states", 4);
        states.enumerator("TASK_RUNNING", 0).enumerator("TASK_STOPPED", 1).finish();
        let bytes = btf.finish().unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        let error = query(&btf, question).unwrap_err();
        assert_eq!(similar_names(&btf, &error), expected, "{question}");
    }

    #[test]
    fn types_and_enumerators_are_told_where_a_name_is_unknown() {
        check("task_strct", &["task_struct"]);
        check("struct task_strct.pid", &["task_struct"]);
        check("task_stats", &["task_state", "task_states"]);
        check("TASK_RUNING", &["TASK_RUNNING"]);
        check("something_else", &[]);
    }

    #[test]
    fn members_are_told_with_those_of_anonymous_members() {
        check("task_struct.exitcode", &["exit_code"]);
        check("task_struct.tgidd", &["tgid"]);
        check("task_struct.something_else", &[]);
        // Two of three letters.
        check("task_struct.pit", &[]);
        check("task_struct.gid", &["tgid"]);
        check("task_struct.code", &["exit_code"]);
    }

    #[test]
    fn enumerators_are_told_of_their_enum() {
        check("task_states::TASK_STOPED", &["TASK_STOPPED"]);
        check("task_states::PID", &[]);
    }

    #[test]
    fn nothing_is_told_where_no_name_is_wrong() {
        check("task_struct.pid[", &[]);
        check("task_struct.pid.x", &[]);
    }
}
