//! Questions, and the types and enumerators that they name.

use btf_types::Kind;
use core_reloc::{
    FoundEnumerator, FoundType, Target,
    generate::{ROOTS, ROOTS_OF_ENUMERATORS, ROOTS_OF_FIELDS, RootName},
};

/// A question: the name of a root type or enumerator, and what follows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'q> {
    pub(super) root: &'q str,
    pub(super) rest: Rest<'q>,
}

/// The part of a question after the name of the root type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rest<'q> {
    Nothing,
    Path(&'q str),
    Enumerator(&'q str),
}

impl<'q> Question<'q> {
    pub(super) fn parse(text: &'q str) -> Self {
        let text = text.trim();
        if let Some((root, enumerator)) = text.split_once("::") {
            return Self { root, rest: Rest::Enumerator(enumerator) };
        }
        match text.find(['.', '[']).and_then(|at| text.split_at_checked(at)) {
            None => Self { root: text, rest: Rest::Nothing },
            Some((root, rest)) => {
                Self { root, rest: Rest::Path(rest.strip_prefix('.').unwrap_or(rest)) }
            }
        }
    }

    /// Returns `true` if an enumerator may follow the root: after `::`, or after a dot as a member.
    pub(super) fn may_name_enumerator(&self) -> bool {
        match self.rest {
            Rest::Nothing => false,
            Rest::Enumerator(_) => true,
            Rest::Path(path) => {
                path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            }
        }
    }

    /// Returns the names and kinds of the types that the root may be.
    fn roots(&self) -> impl Iterator<Item = (&'q str, Kind)> + use<'q> {
        let root = RootName::parse(self.root);
        let kinds: [&[Kind]; 2] = match self.rest {
            Rest::Nothing => [&ROOTS, &[]],
            Rest::Enumerator(_) => [&ROOTS_OF_ENUMERATORS, &[]],
            Rest::Path(_) if self.may_name_enumerator() => {
                [&ROOTS_OF_FIELDS, &[Kind::Enum, Kind::Enum64]]
            }
            Rest::Path(_) => [&ROOTS_OF_FIELDS, &[]],
        };
        let kinds = kinds.into_iter().flatten().copied();
        kinds.filter(move |kind| root.may_be(*kind)).map(move |kind| (root.name, kind))
    }
}

/// The types and the enumerator that the root of a question names, all in one BTF: the first that has any.
#[derive(Debug, Clone, Default)]
pub(super) struct Roots<'a> {
    /// The first type of each kind.
    types: Vec<FoundType<'a>>,
    /// An enumerator, if the question is a name alone.
    pub(super) enumerator: Option<FoundEnumerator<'a>>,
}

impl<'a> Roots<'a> {
    /// Finds the roots of each question.
    pub(super) fn find(target: &Target<'a>, questions: &[Question<'_>]) -> Vec<Self> {
        let names: Vec<_> = questions.iter().flat_map(Question::roots).collect();
        let mut found = target.find_all(&names).into_iter();
        let mut all: Vec<Self> = questions
            .iter()
            .map(|question| Self::of(found.by_ref().take(question.roots().count()).flatten()))
            .collect();

        // A type in the main BTF precedes all enumerators.
        let is_open = |(question, roots): &(&Question<'_>, &mut Self)| {
            matches!(question.rest, Rest::Nothing) && !roots.are_in_main()
        };
        let (names, open): (Vec<&str>, Vec<&mut Self>) = questions
            .iter()
            .zip(&mut all)
            .filter(is_open)
            .map(|(question, roots)| (question.root, roots))
            .unzip();
        if !names.is_empty() {
            for (roots, found) in open.into_iter().zip(target.find_enumerators(&names)) {
                roots.add_enumerator(found);
            }
        }
        all
    }

    /// Keeps the types in the first BTF that has any.
    fn of(types: impl Iterator<Item = FoundType<'a>>) -> Self {
        let mut types: Vec<_> = types.collect();
        let first = types.iter().map(|found| found.module).min();
        types.retain(|found| Some(found.module) == first);
        types.dedup_by_key(|found| found.ty.kind());
        Self { types, enumerator: None }
    }

    fn are_in_main(&self) -> bool {
        self.types.first().is_some_and(|found| found.module.is_none())
    }

    /// Adds an enumerator if its BTF is the one of the types, and replaces types of a later BTF.
    fn add_enumerator(&mut self, found: Option<FoundEnumerator<'a>>) {
        let Some(enumerator) = found else { return };
        match self.types.first() {
            Some(ty) if ty.module < enumerator.module => {}
            first => {
                if first.is_some_and(|ty| ty.module > enumerator.module) {
                    self.types.clear();
                }
                self.enumerator = Some(enumerator);
            }
        }
    }

    /// Returns the first type of the first of the kinds that there is.
    pub(super) fn first_of(&self, kinds: &[Kind]) -> Option<FoundType<'a>> {
        let of_kind = |kind: &Kind| self.types.iter().find(|found| found.ty.kind() == *kind);
        kinds.iter().find_map(of_kind).copied()
    }
}
