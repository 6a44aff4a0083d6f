//! Likely cures: what may have become of what was not found.

use std::collections::BTreeSet;

use btf_types::{Btf, Kind, Type, TypeId};

use core_reloc::{
    Target,
    compare::fields_are_compatible,
    describe::{declaration_in_c, quote, type_in_c},
    essential_name,
};

use crate::{limits::STEPS_FOR_LATER, nearness::nearness};

/// What may make a relocation resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cure {
    /// What sort of cure it is.
    pub kind: CureKind,
    /// The cure in one sentence.
    pub text: String,
    /// The member of the target's type that it is about, as a path: `id.pid`, `signal->oom_score`.
    pub member: Option<String>,
    /// Code for the program, if that is the cure.
    pub code: Option<String>,
}

/// What sort of cure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CureKind {
    /// A member or enumerator of a name that is alike, or a compatible member at the same place.
    SimilarName,
    /// The member is in a struct within the struct, or behind a pointer of it.
    Elsewhere,
    /// The member is in a struct of another name.
    OtherType,
    /// A type of a name that is alike, or of another kind.
    SimilarType,
    /// The type may be one of a module's.
    Module,
    /// The program can read the field in another way.
    Access,
}

impl Cure {
    /// A cure that is all in its text.
    pub(super) fn new(kind: CureKind, text: String) -> Self {
        Self { kind, text, member: None, code: None }
    }
}

impl CureKind {
    /// Its name, in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            Self::SimilarName => "similar_name",
            Self::Elsewhere => "elsewhere",
            Self::OtherType => "other_type",
            Self::SimilarType => "similar_type",
            Self::Module => "module",
            Self::Access => "access",
        }
    }
}

/// A search for cures, which takes so many steps and no more.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) local: &'a Btf<'a>,
    pub(super) target: &'a Target<'a>,
    pub(super) steps: u64,
}

/// How many cures of one sort are named.
const NAMED: usize = 3;

/// A member that was asked for and not found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lost<'n, 'a> {
    pub(super) name: &'n str,
    /// The local struct that has it.
    pub(super) owner: Type<'a>,
    /// Its type there.
    pub(super) type_id: TypeId,
}

/// Members of the target that are like a lost one: how far from it, and how each is declared.
type Near = Vec<(usize, String, String)>;

impl<'a> Search<'a> {
    /// Takes a step, if any is left.
    fn step(&mut self) -> Option<()> {
        self.steps = self.steps.checked_sub(1)?;
        Some(())
    }

    /// Takes the steps for keeping something under a path.
    fn keep(&mut self, path: &str) -> Option<()> {
        self.steps = self.steps.checked_sub(STEPS_FOR_LATER.saturating_add(path.len() as u64))?;
        Some(())
    }

    /// Takes as many steps as a walk over all members of a type.
    fn steps_over(&mut self, ty: Type<'_>) -> Option<()> {
        self.steps = self.steps.checked_sub(ty.vlen().into())?;
        Some(())
    }

    /// How near a name is to the wanted one; see [`nearness`]. Names are compared byte by byte.
    fn near(&mut self, wanted: &[u8], name: &[u8]) -> Option<usize> {
        self.steps = self.steps.checked_sub(wanted.len() as u64)?;
        nearness(wanted, name)
    }

    /// Looks in a target type for what a member may be called now.
    pub(super) fn member(&mut self, lost: Lost<'_, 'a>, within: Type<'a>) -> Vec<Cure> {
        let mut near = Near::new();
        let mut deeper = Vec::new();
        self.walk(lost, within, &mut near, &mut deeper);
        near.sort();
        near.dedup_by(|one, other| one.1 == other.1);
        let type_name = type_in_c(within);
        let mut cures = Vec::new();
        for (path, declaration, nested) in deeper.into_iter().take(NAMED) {
            let text = format!("`{}` is in `{type_name}` as `{path}`", lost.name);
            let code = nested.then(|| flavored(within, &nest(&path, &declaration)));
            cures.push(Cure { kind: CureKind::Elsewhere, text, member: Some(path), code });
        }
        if cures.is_empty() {
            cures.extend(self.at_the_same_place(lost, within));
            for (_, name, declaration) in near.into_iter().take(NAMED) {
                let text = format!("`{type_name}` has a member of a name that is alike: `{name}`");
                let code = Some(flavored(within, &format!("{declaration};")));
                if cures.iter().all(|cure| cure.code != code) {
                    let kind = CureKind::SimilarName;
                    cures.push(Cure { kind, text, member: Some(name), code });
                }
            }
        }
        if cures.is_empty() {
            cures.extend(self.in_other_types(lost, within));
        }
        cures
    }

    /// Walks over the members of a type, those of its structs, and those behind its pointers, level
    /// by level.
    fn walk(
        &mut self,
        lost: Lost<'_, 'a>,
        root: Type<'a>,
        near: &mut Near,
        deeper: &mut Vec<(String, String, bool)>,
    ) {
        const LEVELS: usize = 3;
        let mut level = vec![(root, String::new(), false)];
        for depth in 0..LEVELS {
            let mut next = Vec::new();
            for (ty, prefix, behind_pointer) in level {
                self.walk_one(
                    (ty, &prefix, behind_pointer),
                    (lost, depth),
                    near,
                    deeper,
                    &mut next,
                );
            }
            if !deeper.is_empty() {
                return;
            }
            level = next;
        }
    }

    fn walk_one(
        &mut self,
        (ty, prefix, behind_pointer): (Type<'a>, &str, bool),
        (lost, depth): (Lost<'_, 'a>, usize),
        near: &mut Near,
        deeper: &mut Vec<(String, String, bool)>,
        next: &mut Vec<(Type<'a>, String, bool)>,
    ) {
        let mut inside = vec![ty];
        while let Some(ty) = inside.pop() {
            for member in ty.members() {
                if self.step().is_none() {
                    return;
                }
                let (Ok(name), Ok(full)) = (member.name(), member.ty()) else { continue };
                let Ok(ty) = full.skip_modifiers_and_typedefs() else { continue };
                if name.is_empty() {
                    if self.keep("").is_none() {
                        return;
                    }
                    inside.push(ty);
                    continue;
                }
                let path = if prefix.is_empty() {
                    quote(&name)
                } else {
                    format!("{prefix}{}", quote(&name))
                };
                if depth > 0 && name == lost.name {
                    if self.keep(&path).is_none() {
                        return;
                    }
                    deeper.push((path.clone(), declaration_in_c(full, lost.name), !behind_pointer));
                } else if depth == 0
                    && let Some(distance) = self.near(lost.name.as_bytes(), &name)
                    // What the object knows under that name is not the lost one's new name.
                    && !self.has_member(lost.owner, &quote(&name))
                    && self.could_be(lost, full)
                    && self.keep(&path).is_some()
                {
                    near.push((distance, path.clone(), declaration_in_c(full, &quote(&name))));
                }
                let later = if ty.kind().is_composite() {
                    Some((ty, ".", behind_pointer))
                } else if ty.kind() == Kind::Ptr
                    && let Ok(Some(to)) = ty.referenced()
                    && let Ok(to) = to.skip_modifiers_and_typedefs()
                    && to.kind().is_composite()
                    && depth == 0
                {
                    Some((to, "->", true))
                } else {
                    None
                };
                if let Some((ty, joint, behind_pointer)) = later {
                    if self.keep(&path).is_none() {
                        return;
                    }
                    next.push((ty, format!("{path}{joint}"), behind_pointer));
                }
            }
        }
    }

    /// The member that is where the lost one was, if it could stand for it: most likely it was
    /// renamed.
    fn at_the_same_place(&mut self, lost: Lost<'_, 'a>, within: Type<'a>) -> Option<Cure> {
        let is_lost = |name: btf_types::Name<'_>| name == lost.name;
        let old = lost.owner.members().iter().find(|member| member.name().is_ok_and(is_lost))?;
        for member in within.members() {
            self.step()?;
            if member.bit_offset() != old.bit_offset() {
                continue;
            }
            let could_be = member.ty().is_ok_and(|ty| self.could_be(lost, ty));
            if !could_be {
                continue;
            }
            let name = quote(&member.name().ok().filter(|name| !name.is_empty())?);
            if self.has_member(lost.owner, &name) {
                continue;
            }
            let text = format!(
                "`{}` has a member of such a type at the same place: `{name}`",
                type_in_c(within)
            );
            let code =
                flavored(within, &format!("{};", declaration_in_c(member.ty().ok()?, &name)));
            let kind = CureKind::SimilarName;
            return Some(Cure { kind, text, member: Some(name), code: Some(code) });
        }
        None
    }

    /// Whether a member of a type of the target can be read in place of a lost one.
    fn could_be(&self, lost: Lost<'_, 'a>, ty: Type<'_>) -> bool {
        let old = self.local.type_by_id(lost.type_id);
        old.is_ok_and(|old| fields_are_compatible(old, ty).unwrap_or(false))
    }

    fn has_member(&mut self, ty: Type<'_>, wanted: &str) -> bool {
        self.steps_over(ty).is_some()
            && ty.members().iter().any(|member| member.name().is_ok_and(|name| name == wanted))
    }

    /// Structs and unions of the target that have the member, under a name that begins like the
    /// lost one's.
    fn in_other_types(&mut self, lost: Lost<'_, 'a>, within: Type<'a>) -> Vec<Cure> {
        let mut found = Vec::new();
        let Ok(root) = lost.owner.name() else { return found };
        let stem = essential_name(&root);
        for ty in within.btf().own_types().filter(|ty| ty.kind().is_composite()) {
            if self.step().is_none() || found.len() >= NAMED {
                break;
            }
            let Ok(name) = ty.name() else { continue };
            let alike = !stem.is_empty()
                && (name.starts_with(stem) || self.near(stem, &name).is_some())
                && essential_name(&name) != stem;
            if alike && self.has_member(ty, lost.name) {
                let text = format!("`{}` has a member `{}`", type_in_c(ty), lost.name);
                found.push(Cure::new(CureKind::OtherType, text));
            }
        }
        found
    }

    /// What an enumerator may be called now.
    pub(super) fn enumerator(
        &mut self,
        lost: &str,
        local: Type<'a>,
        within: Type<'a>,
    ) -> Vec<Cure> {
        let known: BTreeSet<_> =
            local.enumerators().iter().filter_map(|known| known.name().ok()).collect();
        let mut near = Vec::new();
        for enumerator in within.enumerators() {
            if self.step().is_none() {
                break;
            }
            let Ok(name) = enumerator.name() else { continue };
            if known.contains(&name) {
                continue;
            }
            if let Some(distance) =
                self.near(essential_name(lost.as_bytes()), essential_name(&name))
            {
                near.push((distance, quote(&name), enumerator.value()));
            }
        }
        near.sort();
        let within = type_in_c(within);
        let cure = |(_, name, value): (usize, String, _)| Cure {
            kind: CureKind::SimilarName,
            text: format!(
                "`{within}` has an enumerator of a name that is alike: `{name}` = {value}"
            ),
            member: Some(name),
            code: None,
        };
        near.into_iter().take(NAMED).map(cure).collect()
    }

    /// What a root type may be called now, or where it may be.
    pub(super) fn root(&mut self, root: Type<'a>) -> Vec<Cure> {
        let Ok(name) = root.name() else { return Vec::new() };
        let wanted = essential_name(&name);
        let mut near = Vec::new();
        let mut cures = Vec::new();
        let modules = self.target.modules().iter().map(|module| module.btf);
        for btf in std::iter::once(self.target.main()).chain(modules) {
            for ty in btf.own_types() {
                let is_named_type = ty.kind().is_composite()
                    || ty.kind().is_enum()
                    || matches!(ty.kind(), Kind::Typedef | Kind::Fwd);
                if !is_named_type {
                    continue;
                }
                if self.step().is_none() {
                    break;
                }
                let Ok(name) = ty.name() else { continue };
                let is_same_name = !wanted.is_empty() && essential_name(&name) == wanted;
                if is_same_name && cures.len() < NAMED {
                    let what = if ty.kind() == Kind::Fwd { "only declares" } else { "has" };
                    let text = match ty.kind() {
                        Kind::Typedef => format!("the target has a typedef `{}`", quote(&name)),
                        _ => format!("the target {what} `{}`", type_in_c(ty)),
                    };
                    cures.push(Cure::new(CureKind::SimilarType, text));
                } else if ty.kind() == root.kind()
                    && let Some(distance) = self.near(wanted, &name)
                {
                    near.push((distance, type_in_c(ty)));
                }
            }
        }
        near.sort();
        near.dedup();
        cures.extend(near.into_iter().take(NAMED).map(|(_, name)| {
            let text = format!("the target has a type of a name that is alike: `{name}`");
            Cure::new(CureKind::SimilarType, text)
        }));
        let text = match self.target.modules().len() {
            0 => "a module may have it, and the target was given without modules".to_string(),
            1 => {
                "another module may have it than the one that the target was given with".to_string()
            }
            count => format!("another module may have it than the {count} of the target"),
        };
        cures.push(Cure::new(CureKind::Module, text));
        cures
    }
}

/// A definition for the program, which matches the target's: a flavor of a type.
pub(super) fn flavored(ty: Type<'_>, members: &str) -> String {
    format!("{}___new {{ {members} }} __attribute__((preserve_access_index));", type_in_c(ty))
}

/// The declaration at the end of a path of members: `struct { int pid; } id;` for `id.pid`.
fn nest(path: &str, declaration: &str) -> String {
    let mut nested = format!("{declaration};");
    for name in path.rsplit('.').skip(1) {
        nested = format!("struct {{ {nested} }} {name};");
    }
    nested
}
