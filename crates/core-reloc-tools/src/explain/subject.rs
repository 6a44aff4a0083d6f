//! The types that an explanation is about.

use std::ops::Range;

use btf_types::{Btf, Type};
use core_reloc::{
    AccessPath, Candidate, Relocation, Target,
    budget::Budget,
    describe::quote,
    spec::{LocalSpec, Mismatch, Session},
};

/// Two types that conflict.
pub(super) struct Subject<'a> {
    pub(super) local: Type<'a>,
    pub(super) target: Type<'a>,
    /// The target's root type, in which the target type is.
    pub(super) root: Type<'a>,
    /// The name of the member or enumerator in question.
    pub(super) name: String,
    /// The index of its accessor in the local spec.
    pub(super) accessor: usize,
}

/// Finds the types that explanations are about, with the searches of relocating.
#[derive(Debug)]
pub(super) struct Subjects<'a> {
    pub(super) local: &'a Btf<'a>,
    pub(super) target: &'a Target<'a>,
    session: Session<'a>,
}

impl<'a> Subjects<'a> {
    pub(super) fn new(local: &'a Btf<'a>, target: &'a Target<'a>) -> Self {
        let input = local.as_bytes().len().saturating_add(target.size());
        Self { local, target, session: Session::new(Budget::for_input(input)) }
    }

    /// Returns the local spec of a relocation, if it has one.
    pub(super) fn local_spec(&mut self, relocation: &Relocation) -> Option<LocalSpec<'a>> {
        self.session.budget().grant_relocation();
        LocalSpec::within(self.local, relocation, self.session.budget()).ok()
    }

    /// Returns the type of a candidate, with modifiers and typedefs stripped.
    pub(super) fn candidate(&self, candidate: Candidate) -> Option<Type<'a>> {
        self.target.candidate(candidate).ok()?.skip_modifiers_and_typedefs().ok()
    }

    /// Returns the types that contain the last member of a relocation, in the object and in the
    /// candidate that matches.
    pub(super) fn matched(
        &mut self,
        relocation: &Relocation,
        candidate: Candidate,
    ) -> Option<Subject<'a>> {
        let spec = self.local_spec(relocation)?;
        let candidate = self.candidate(candidate)?;
        let accessor = spec.accessors().iter().rposition(|accessor| accessor.name_off.is_some())?;
        let root = self.root(relocation)?;
        Some(Subject {
            local: self.owner(&spec, accessor, root)?,
            target: self.owner(&spec, accessor, candidate)?,
            root: candidate,
            name: accessor_name(&spec, accessor),
            accessor,
        })
    }

    /// Returns the types in which a candidate was ruled out.
    pub(super) fn mismatched(
        &mut self,
        spec: Option<&LocalSpec<'a>>,
        relocation: &Relocation,
        candidate: Candidate,
        mismatch: Mismatch,
    ) -> Option<Subject<'a>> {
        let root = self.root(relocation)?;
        let candidate = self.candidate(candidate)?;
        let (accessor, target) = match mismatch {
            Mismatch::NoMember { accessor, target } => {
                (accessor, candidate.btf().type_by_id(target).ok()?)
            }
            Mismatch::Incompatible { accessor, .. } => {
                (accessor, self.owner(spec?, accessor, candidate)?)
            }
            // The array is the last member before the element.
            Mismatch::NotAnArray { accessor, .. } | Mismatch::TooShort { accessor, .. } => {
                let before = spec?.accessors().get(..accessor)?;
                let accessor = before.iter().rposition(|accessor| accessor.name_off.is_some())?;
                (accessor, self.owner(spec?, accessor, candidate)?)
            }
            Mismatch::NoEnumerator | Mismatch::NotAnEnum { .. } => (0, candidate),
            Mismatch::TypesIncompatible | Mismatch::TypesDiffer => {
                let name = String::new();
                return Some(Subject {
                    local: root,
                    target: candidate,
                    root: candidate,
                    name,
                    accessor: 0,
                });
            }
            _ => return None,
        };
        let local = self.owner(spec?, accessor, root)?;
        Some(Subject {
            local,
            target,
            root: candidate,
            name: accessor_name(spec?, accessor),
            accessor,
        })
    }

    /// Returns the root type of a relocation, with modifiers and typedefs stripped.
    fn root(&self, relocation: &Relocation) -> Option<Type<'a>> {
        self.local.type_by_id(relocation.type_id).ok()?.skip_modifiers_and_typedefs().ok()
    }

    /// Returns the struct or enum that an accessor of the local spec belongs to, starting from a root
    /// type of either side.
    fn owner(&mut self, spec: &LocalSpec<'a>, accessor: usize, root: Type<'a>) -> Option<Type<'a>> {
        let mut ty = root;
        for accessor in spec.accessors().get(1..accessor).unwrap_or_default() {
            let id = match accessor.name_off {
                None => ty.array()?.element,
                Some(name_off) => {
                    let name = spec.spec().btf.string(name_off).ok()?;
                    let mut path = AccessPath::default();
                    let found = self.session.find_member(ty, &name, &mut path);
                    found.ok()??.type_id
                }
            };
            ty = ty.btf().type_by_id(id).ok()?.skip_modifiers_and_typedefs().ok()?;
        }
        Some(ty)
    }
}

/// Returns the name of the member or enumerator of an accessor; empty for an element.
pub(super) fn accessor_name(spec: &LocalSpec<'_>, accessor: usize) -> String {
    let name_off = spec.accessors().get(accessor).and_then(|accessor| accessor.name_off);
    let name = name_off.and_then(|name_off| spec.spec().btf.string(name_off).ok());
    name.map(|name| quote(&name)).unwrap_or_default()
}

/// Returns the names of accessors; `None` if one is an element.
pub(super) fn names(spec: &LocalSpec<'_>, accessors: Range<usize>) -> Option<Vec<String>> {
    let all = spec.accessors().get(accessors.clone())?;
    let all = all.iter().zip(accessors);
    all.map(|(accessor, index)| accessor.name_off.map(|_| accessor_name(spec, index))).collect()
}
