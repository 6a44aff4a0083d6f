//! Shrinking evolutions.

use btf_types::TypeId;

use super::{Change, Edit, Evolution, NewType, Order, Reference};
use crate::{
    strategy::{Shrink, chunks},
    types::reduce::{GraphCut, Renumbering},
};

/// A step that makes an [`Evolution`] smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvolutionCut {
    /// Removes consecutive edits.
    RemoveEdits {
        /// The index of the first one.
        from: usize,
        /// The number of edits.
        count: usize,
    },
    /// Removes consecutive changes of a duplicate.
    RemoveChanges {
        /// The index of the edit that duplicates a type.
        edit: usize,
        /// The index of the first change.
        from: usize,
        /// The number of changes.
        count: usize,
    },
    /// Keeps the order of the local types in the target.
    LocalOrder,
    /// Makes the local graph smaller, and removes the edits of removed types and parts.
    Local(GraphCut),
}

impl Shrink for Evolution {
    type Cut = EvolutionCut;

    fn cuts(&self) -> Vec<EvolutionCut> {
        let ranges = chunks(self.edits.len());
        let mut cuts: Vec<EvolutionCut> =
            ranges.map(|(from, count)| EvolutionCut::RemoveEdits { from, count }).collect();
        for (edit, Edit { change, .. }) in self.edits.iter().enumerate() {
            if let Change::Duplicate { changes, .. } = change {
                let ranges = chunks(changes.len());
                cuts.extend(ranges.map(|(from, count)| EvolutionCut::RemoveChanges {
                    edit,
                    from,
                    count,
                }));
            }
        }
        if self.order != Order::Local {
            cuts.push(EvolutionCut::LocalOrder);
        }
        cuts.extend(self.local.cuts().into_iter().map(EvolutionCut::Local));
        cuts
    }

    fn cut(&self, cut: &EvolutionCut) -> Option<Self> {
        self.reduced(cut).map(|(evolution, _)| evolution)
    }
}

impl Evolution {
    /// Returns the evolution after a cut, and the renumbering of the local types if the cut changes
    /// their graph; `None` if the cut changes nothing. For values that hold an evolution and refer
    /// to its types.
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
            EvolutionCut::LocalOrder => smaller.order = Order::Local,
            EvolutionCut::Local(cut) => {
                let (local, renumbering) = self.local.reduced(cut)?;
                let edits =
                    self.edits.iter().filter_map(|edit| edit.renumbered(&renumbering)).collect();
                return Some((Self { local, edits, ..smaller }, Some(renumbering)));
            }
        }
        Some((smaller, None))
    }
}

impl Edit {
    fn renumbered(&self, renumbering: &Renumbering) -> Option<Self> {
        let ty = renumbering.id(self.ty).filter(|id| !id.is_void())?;
        Some(Self { ty, change: self.change.renumbered(self.ty, renumbering)? })
    }
}

impl Change {
    /// Returns the change in a reduced graph, for the type whose old id is `of`; `None` if what it
    /// changes was removed.
    fn renumbered(&self, of: TypeId, renumbering: &Renumbering) -> Option<Self> {
        let mut change = self.clone();
        match &mut change {
            Self::RemoveMember { member: part }
            | Self::MoveMember { member: part, .. }
            | Self::RenameMember { member: part, .. }
            | Self::UnnestMember { member: part }
            | Self::SetBits { member: part, .. }
            | Self::RemoveEnumerator { enumerator: part }
            | Self::SetValue { enumerator: part, .. }
            | Self::RenameEnumerator { enumerator: part, .. }
            | Self::RemoveParam { param: part } => *part = renumbering.part(of, *part)?,
            Self::NestMembers { from, count, .. } => {
                let range = *from..from.saturating_add(*count);
                let mut kept = range.filter_map(|member| renumbering.part(of, member));
                *from = kept.next()?;
                *count = 1 + kept.count();
            }
            Self::AddMember { member, .. } => member.ty = renumbering.id(member.ty)?,
            Self::AddParam(param) => param.ty = renumbering.id(param.ty)?,
            Self::Retype { reference, to } => {
                if let Reference::Member(part) | Reference::Param(part) = reference {
                    *part = renumbering.part(of, *part)?;
                }
                to.renumber(renumbering)?;
            }
            Self::Duplicate { changes, .. } => {
                *changes = changes
                    .iter()
                    .filter_map(|change| change.renumbered(of, renumbering))
                    .collect();
            }
            Self::SetPacking(_)
            | Self::SwapKind
            | Self::SetLen(_)
            | Self::Resize(_)
            | Self::SetSigned(_)
            | Self::SetFlag(_)
            | Self::SetWide(_)
            | Self::AddEnumerator { .. }
            | Self::Rename(_)
            | Self::Remove
            | Self::NameToTypedef
            | Self::NameFromTypedef
            | Self::MoveToModule(_) => {}
        }
        Some(change)
    }
}

impl NewType {
    fn renumber(&mut self, renumbering: &Renumbering) -> Option<()> {
        match self {
            Self::Existing(id) => *id = renumbering.id(*id)?,
            Self::New(ty) => {
                if ty.references().any(|id| renumbering.id(id).is_none()) {
                    return None;
                }
                ty.map_references(|id| renumbering.id(id).unwrap_or(id));
            }
        }
        Some(())
    }
}
