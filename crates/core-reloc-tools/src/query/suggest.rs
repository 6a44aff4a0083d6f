//! Suggestions for a name that a question got wrong.

use std::cmp::Reverse;

use btf_types::{Kind, KindSet, Name, Type};

use super::QueryError;
use core_reloc::{
    FoundType, Target,
    budget::Budget,
    describe::quote,
    generate::{GenerateError, RootName},
};

use crate::{
    limits::{MAX_ANSWERS, MAX_SEARCH_STEPS},
    replacement::{Lost, search},
    similar::{MAX_SUGGESTIONS, Nearest, STEPS_PER_NAME, STEPS_PER_SIMILAR_NAME, Wanted},
};

/// Returns the names that may have been meant by the one that is wrong in a question: at most three.
///
/// If no type has the name, they are the most similar names of types and enumerators; if an enum lacks an
/// enumerator, of its enumerators. If a type lacks a member, they are what may stand for it, the likeliest
/// first: its members of a similar name, and paths to those of the name in the types in it, such as
/// `thread_info.cpu`. [`explain`](crate::explain) ranks them alike, and knows more of what is missing. The
/// result is empty if no name is similar, or if the error is not about a name.
///
/// ```
/// # use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// # let mut btf = Builder::new(ByteOrder::Little);
/// # let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
/// # btf.structure("task", 8).member("pid", int, 0).member("exit_code", int, 32).finish();
/// # let bytes = btf.finish()?;
/// use core_reloc::Target;
/// use core_reloc_tools::query::{query, similar_names};
///
/// let btf = Btf::parse(&bytes)?;
/// let target = Target::new(&btf);
/// let error = query(&target, "task.exti_code").unwrap_err();
/// assert_eq!(similar_names(&target, &error), ["exit_code"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn similar_names(target: &Target<'_>, error: &QueryError) -> Vec<String> {
    match error {
        QueryError::NoSuchName { name } => {
            let mut similar = SimilarNames::to(RootName::parse(name).name);
            similar.add_all_types(target);
            similar.finish()
        }
        QueryError::Path(
            GenerateError::NoSuchMember { member: name, within, .. }
            | GenerateError::NoSuchEnumerator { enumerator: name, within },
        ) => {
            let mut similar = SimilarNames::to(name);
            // `within` has a keyword, and the type has either members or enumerators.
            let kinds = [Kind::Struct, Kind::Union, Kind::Enum, Kind::Enum64];
            let mut members = Vec::new();
            for ty in find(target, RootName::parse(within), &kinds) {
                similar.add_enumerators(ty);
                let names = [name.to_string()];
                let lost = Lost { names: &names, owner: None, member: None, leaf: None };
                members.extend(search(lost, ty, &mut similar.budget));
            }
            if members.is_empty() {
                return similar.finish();
            }
            members.sort_by_key(|member| Reverse(member.points));
            members.truncate(MAX_SUGGESTIONS);
            members.into_iter().map(|member| member.path).collect()
        }
        QueryError::Path(_) | QueryError::Value(_) => Vec::new(),
    }
}

/// Finds the types of a name in the first BTF that has one of the kinds.
fn find<'a>(target: &Target<'a>, root: RootName<'_>, kinds: &[Kind]) -> Vec<Type<'a>> {
    let kinds = kinds.iter().filter(|kind| root.may_be(**kind));
    let names: Vec<_> = kinds.map(|kind| (root.name, *kind)).collect();
    let found: Vec<FoundType<'a>> = target.find_all(&names).into_iter().flatten().collect();
    let first = found.iter().map(|found| found.module).min();
    let found = found.into_iter().filter(|found| Some(found.module) == first);
    found.take(MAX_ANSWERS).map(|found| found.ty).collect()
}

/// The names that are most similar to the wanted one, found within a budget.
struct SimilarNames<'w, 'a> {
    wanted: Wanted<'w>,
    nearest: Nearest<Name<'a>>,
    budget: Budget,
}

impl<'w, 'a> SimilarNames<'w, 'a> {
    fn to(wanted: &'w str) -> Self {
        let wanted = Wanted::new(wanted.as_bytes());
        Self { wanted, nearest: Nearest::new(), budget: Budget::of(MAX_SEARCH_STEPS) }
    }

    fn add(&mut self, name: Name<'a>) {
        if self.budget.spend(self.wanted.steps(&name)).is_ok()
            && let Some(distance) = self.wanted.typing_distance(name.as_bytes())
            && self.budget.spend(STEPS_PER_SIMILAR_NAME).is_ok()
        {
            self.nearest.add(distance, name);
        }
    }

    /// Returns `true` if steps are left for looking at one more type or member.
    fn may_look(&mut self) -> bool {
        self.budget.spend(STEPS_PER_NAME).is_ok()
    }

    /// Adds the names of all types of the main BTF and the modules, and of their enumerators.
    fn add_all_types(&mut self, target: &Target<'a>) {
        let named = KindSet::TYPE_NAMES;
        let modules = target.modules().iter().map(|module| module.btf);
        for btf in std::iter::once(target.main()).chain(modules) {
            for ty in btf.own_types_of(named) {
                if !self.may_look() {
                    return;
                }
                self.add_type(ty);
            }
        }
    }

    /// Adds the name of a type, and those of its enumerators.
    fn add_type(&mut self, ty: Type<'a>) {
        let is_named =
            ty.kind().is_composite() || ty.kind().is_enum() || ty.kind() == Kind::Typedef;
        if let Ok(name) = ty.name()
            && is_named
        {
            self.add(name);
        }
        self.add_enumerators(ty);
    }

    fn add_enumerators(&mut self, ty: Type<'a>) {
        for enumerator in ty.enumerators() {
            if !self.may_look() {
                return;
            }
            if let Ok(name) = enumerator.name() {
                self.add(name);
            }
        }
    }

    fn finish(self) -> Vec<String> {
        self.nearest.into_closest().map(|name| quote(&name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use btf_types::{Btf, ByteOrder};

    use super::*;
    use crate::query::query;

    const TYPES: &str = "
        struct task_struct { int pid; int tgid; union { int exit_code; }; };
        typedef int task_state;
        enum task_states { TASK_RUNNING, TASK_STOPPED };
    ";

    #[track_caller]
    fn check(question: &str, expected: &[&str]) {
        let bytes = btf_from_c::btf(ByteOrder::Little, TYPES);
        let btf = Btf::parse(&bytes).unwrap();
        let target = Target::new(&btf);
        let error = query(&target, question).unwrap_err();
        assert_eq!(similar_names(&target, &error), expected, "{question}");
    }

    #[test]
    fn types_and_enumerators_are_suggested_for_an_unknown_name() {
        check("task_strct", &["task_struct"]);
        check("struct task_strct.pid", &["task_struct"]);
        check("task_stats", &["task_state", "task_states"]);
        check("TASK_RUNING", &["TASK_RUNNING"]);
        check("something_else", &[]);
    }

    #[test]
    fn members_are_suggested_with_those_of_anonymous_members() {
        check("task_struct.exitcode", &["exit_code"]);
        check("task_struct.tgidd", &["tgid"]);
        check("task_struct.something_else", &[]);
        // Two of the three letters differ.
        check("task_struct.pit", &[]);
        check("task_struct.gid", &["tgid"]);
        check("task_struct.code", &["exit_code"]);
    }

    #[test]
    fn enumerators_are_suggested_from_their_enum() {
        check("task_states::TASK_STOPED", &["TASK_STOPPED"]);
        check("task_states::PID", &[]);
    }

    #[test]
    fn nothing_is_suggested_if_no_name_is_wrong() {
        check("task_struct.pid[", &[]);
        check("task_struct.pid.x", &[]);
    }

    #[test]
    fn a_search_ends_when_no_steps_are_left() {
        let bytes = btf_from_c::btf(ByteOrder::Little, TYPES);
        let btf = Btf::parse(&bytes).unwrap();
        let target = Target::new(&btf);
        let found = |steps| {
            let mut similar = SimilarNames::to("task_stats");
            similar.budget = Budget::of(steps);
            similar.add_all_types(&target);
            similar.finish()
        };
        assert_eq!(found(MAX_SEARCH_STEPS), ["task_state", "task_states"]);
        assert_eq!(found(0), [""; 0]);
        // Enough for the first of them.
        assert!((0..2000).any(|steps| found(steps) == ["task_state"]));
    }
}
