//! The members of two types, with those of types without a name that are defined in them.

use std::collections::{BTreeMap, HashMap, VecDeque};

use btf_types::Type;

use super::{
    compare::{Bodies, Comparer},
    difference::MemberDiff,
    field::Field,
    kept::Room,
    merge::{merge, paired},
    renames::{Renamer, Renames},
};
use crate::definition::{MemberLayout, inline::Inline};

/// The depth of nested types without a name.
const MAX_DEPTH: usize = 16;

/// The number of steps for each member of two types that differ, whose path is written.
const STEPS_PER_FIELD: usize = 16;

/// What differs between a member and the same one of another type.
struct Comparison {
    is_retyped: bool,
    /// Whether it has the same offset and size.
    is_in_place: bool,
}

/// Compares the members of types.
#[derive(Debug)]
pub(super) struct MemberDiffer<'d> {
    pub(super) comparer: &'d mut Comparer,
    pub(super) renamer: &'d mut Renamer,
    pub(super) room: &'d mut Room,
}

impl MemberDiffer<'_> {
    /// Returns the members of two structs or unions that differ; `None` when no steps are left.
    pub(super) fn diff<'a>(&mut self, old: Type<'a>, new: Type<'a>) -> Option<Vec<MemberDiff>> {
        let (old_fields, new_fields) = (self.flatten(old)?, self.flatten(new)?);
        let mut pairs = pair(&old_fields, &new_fields);
        let mut replacements = BTreeMap::new();
        // Most types have all members that they had.
        if pairs.iter().flatten().count() < old_fields.len() {
            let is_paired = paired(old_fields.len(), &pairs);
            let gone = old_fields.iter().enumerate().zip(is_paired);
            let gone: Vec<_> = gone.filter(|(_, is_paired)| !is_paired).map(|it| it.0).collect();
            let fresh = new_fields.iter().enumerate().zip(&pairs);
            let fresh: Vec<_> = fresh.filter(|(_, old)| old.is_none()).map(|it| it.0).collect();
            let Renames { renamed, elsewhere } = self.renamer.find((old, &gone), (new, &fresh));
            for (of_old, of_new) in renamed {
                if let Some(pair) = pairs.get_mut(of_new) {
                    *pair = Some(of_old);
                }
            }
            replacements = elsewhere;
        }
        let mut found = Vec::new();
        for (of_old, of_new) in merge(old_fields.len(), &pairs) {
            let replacement = of_old.and_then(|at| replacements.remove(&at));
            let old = of_old.and_then(|at| old_fields.get(at));
            let new = of_new.and_then(|at| new_fields.get(at));
            let is_retyped = match (old, new) {
                (Some(old), Some(new)) => match self.compare(old, new)? {
                    Comparison { is_retyped: false, is_in_place: true } if old.path == new.path => {
                        continue;
                    }
                    comparison => comparison.is_retyped,
                },
                _ => false,
            };
            let mut side = |field: Option<&Field<'_>>| match field {
                Some(field) => Some(Some(field.side(self.room)?)),
                None => Some(None),
            };
            let (old, new) = (side(old)?, side(new)?);
            found.push(MemberDiff { old, new, is_retyped, replacement });
        }
        Some(found)
    }

    /// Compares a member with the same one of the other type.
    fn compare(&mut self, old: &Field<'_>, new: &Field<'_>) -> Option<Comparison> {
        let is_retyped = match (old.ty, new.ty) {
            (Some(old), Some(new)) => !self.comparer.is_same_type(old, new, Bodies::Separate, 0)?,
            (old, new) => old.is_some() != new.is_some(),
        };
        let place = |layout: MemberLayout| (layout.bit_offset, layout.bitfield_size, layout.size);
        let is_in_place = place(old.layout()) == place(new.layout());
        Some(Comparison { is_retyped, is_in_place })
    }

    /// Returns the members of a type, and of those without a name in it, in their order.
    fn flatten<'a>(&mut self, ty: Type<'a>) -> Option<Vec<Field<'a>>> {
        let mut fields = Vec::new();
        self.add_fields(ty, "", 0, [0, 0], &mut fields)?;
        Some(fields)
    }

    /// Adds the members of a type with a path. `depths` are those of all types around it, and of the ones that a
    /// member names.
    fn add_fields<'a>(
        &mut self,
        ty: Type<'a>,
        prefix: &str,
        start: u64,
        depths: [usize; 2],
        fields: &mut Vec<Field<'a>>,
    ) -> Option<()> {
        for member in ty.members() {
            self.comparer.spend(STEPS_PER_FIELD)?;
            let name = self.comparer.name(member.name())?;
            let ty = member.ty().ok();
            let inline = ty.and_then(Inline::of).filter(|it| it.ty.kind().is_composite());
            let inline = inline.filter(|_| depths[0] < MAX_DEPTH);
            let layout = MemberLayout::within(member, start);
            let mut path = String::new();
            if !name.is_empty() {
                let joint = if prefix.is_empty() || prefix.ends_with("->") { "" } else { "." };
                path = format!("{prefix}{joint}{name}");
                self.comparer.spend(path.len())?;
                let depth = depths[1];
                fields.push(Field { path: path.clone(), member, ty, start, depth });
            }
            // Without a name, it may also be a struct that has one, whose members are accessed like its own.
            let unnamed = ty.and_then(|ty| ty.skip_modifiers_and_typedefs().ok());
            let unnamed = unnamed.filter(|ty| name.is_empty() && ty.kind().is_composite());
            let depth = depths[0].saturating_add(1);
            match (unnamed.filter(|_| depths[0] < MAX_DEPTH), inline) {
                (Some(ty), _) => {
                    self.add_fields(ty, prefix, layout.bit_offset, [depth, depths[1]], fields)?;
                }
                (None, Some(inline)) => {
                    let start = if inline.is_elsewhere() { 0 } else { layout.bit_offset };
                    let depths = [depth, depths[1].saturating_add(1)];
                    self.add_fields(inline.ty, &inline.extend(&path), start, depths, fields)?;
                }
                (None, None) => {}
            }
        }
        Some(())
    }
}

/// Returns the old member of each new one: the one with its path, and of several the one of its rank.
fn pair(old: &[Field<'_>], new: &[Field<'_>]) -> Vec<Option<usize>> {
    // Two types mostly begin alike.
    let is_same = |(old, new): &(&Field<'_>, &Field<'_>)| old.path == new.path;
    let alike = old.iter().zip(new).take_while(is_same).count();
    let mut pairs: Vec<Option<usize>> = (0..alike).map(Some).collect();
    let mut by_path: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (at, field) in old.iter().enumerate().skip(alike) {
        by_path.entry(&field.path).or_default().push_back(at);
    }
    for field in new.iter().skip(alike) {
        pairs.push(by_path.get_mut(field.path.as_str()).and_then(VecDeque::pop_front));
    }
    pairs
}
