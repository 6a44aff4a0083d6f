//! Making evolutions smaller.

use std::vec::Vec;

use super::{Change, Edit, Evolution, NewType, Order, Place};
use crate::{
    TypeId,
    proptest::{GraphCut, Renumbering, Shrink, TypeDesc, reduce::chunks},
};

/// A way to make an [`Evolution`] smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvolutionCut {
    /// Edits go.
    RemoveEdits {
        /// The first one.
        from: usize,
        /// How many.
        count: usize,
    },
    /// Changes of a duplicate go.
    RemoveChanges {
        /// The edit that duplicates.
        edit: usize,
        /// The first one.
        from: usize,
        /// How many.
        count: usize,
    },
    /// The types of the target stay in their order.
    AsLocal,
    /// The local graph becomes smaller; edits of what goes, go.
    Local(GraphCut),
}

impl Shrink for Evolution {
    type Cut = EvolutionCut;

    fn cuts(&self) -> Vec<EvolutionCut> {
        let edits = chunks(self.edits.len());
        let mut cuts: Vec<EvolutionCut> =
            edits.map(|(from, count)| EvolutionCut::RemoveEdits { from, count }).collect();
        for (edit, Edit { change, .. }) in self.edits.iter().enumerate() {
            if let Change::Duplicate { changes, .. } = change {
                let changes = chunks(changes.len());
                cuts.extend(changes.map(|(from, count)| EvolutionCut::RemoveChanges {
                    edit,
                    from,
                    count,
                }));
            }
        }
        if self.order != Order::AsLocal {
            cuts.push(EvolutionCut::AsLocal);
        }
        cuts.extend(self.local.cuts().into_iter().map(EvolutionCut::Local));
        cuts
    }

    fn cut(&self, cut: &EvolutionCut) -> Option<Self> {
        self.reduced(cut).map(|(evolution, _)| evolution)
    }
}

impl Evolution {
    /// The evolution after a cut, and where the local types are then, if they moved; `None` if the
    /// cut changes nothing. For values that hold an evolution and refer to its types.
    pub fn reduced(&self, cut: &EvolutionCut) -> Option<(Self, Option<Renumbering>)> {
        let mut smaller = self.clone();
        match cut {
            EvolutionCut::RemoveEdits { from, count } => {
                smaller.edits.drain(*from..from + count);
            }
            EvolutionCut::RemoveChanges { edit, from, count } => {
                match &mut smaller.edits.get_mut(*edit)?.change {
                    Change::Duplicate { changes, .. } => drop(changes.drain(*from..from + count)),
                    _ => return None,
                }
            }
            EvolutionCut::AsLocal => smaller.order = Order::AsLocal,
            EvolutionCut::Local(cut) => {
                let (local, moved) = self.local.reduced(cut)?;
                let edits = self.edits.iter().filter_map(|edit| edit.moved(&moved)).collect();
                return Some((Self { local, edits, ..smaller }, Some(moved)));
            }
        }
        Some((smaller, None))
    }
}

impl Edit {
    fn moved(&self, moved: &Renumbering) -> Option<Self> {
        let ty = moved.id(self.ty).filter(|id| !id.is_void())?;
        Some(Self { ty, change: self.change.moved(self.ty, moved)? })
    }
}

impl Change {
    /// The change of a type whose old id is `of`; `None` if what it is about is gone.
    fn moved(&self, of: TypeId, moved: &Renumbering) -> Option<Self> {
        let mut change = self.clone();
        match &mut change {
            Self::RemoveMember { member: part }
            | Self::MoveMember { member: part, .. }
            | Self::RenameMember { member: part, .. }
            | Self::UnnestMember { member: part }
            | Self::SetBits { member: part, .. }
            | Self::RemoveEnumerator { enumerator: part }
            | Self::Renumber { enumerator: part, .. }
            | Self::RenameEnumerator { enumerator: part, .. }
            | Self::RemoveParam { param: part } => *part = moved.part(of, *part)?,
            Self::NestMembers { from, count, .. } => {
                let range = *from..from.saturating_add(*count);
                let mut kept = range.filter_map(|member| moved.part(of, member));
                *from = kept.next()?;
                *count = 1 + kept.count();
            }
            Self::AddMember { member, .. } => member.ty = moved.id(member.ty)?,
            Self::AddParam(param) => param.ty = moved.id(param.ty)?,
            Self::Retype { place, to } => {
                if let Place::Member(part) | Place::Param(part) = place {
                    *part = moved.part(of, *part)?;
                }
                to.follow(moved)?;
            }
            Self::Duplicate { changes, .. } => {
                *changes = changes.iter().filter_map(|change| change.moved(of, moved)).collect();
            }
            Self::SetPacking(_)
            | Self::SwapKind
            | Self::SetLen(_)
            | Self::Resize(_)
            | Self::SetSigned(_)
            | Self::SetWide(_)
            | Self::AddEnumerator { .. }
            | Self::Rename(_)
            | Self::Remove
            | Self::BehindTypedef
            | Self::OutOfTypedef
            | Self::ToModule(_) => {}
        }
        Some(change)
    }
}

impl NewType {
    fn follow(&mut self, moved: &Renumbering) -> Option<()> {
        match self {
            Self::Existing(id) => *id = moved.id(*id)?,
            Self::New(ty) => {
                if ty.references().any(|id| moved.id(id).is_none()) {
                    return None;
                }
                let new = |ty: &mut TypeDesc| ty.map_references(|id| moved.id(id).unwrap_or(id));
                new(ty);
            }
        }
        Some(())
    }
}
