//! Descriptions of programs with relocations and of their targets, as plain data.

use btf_types::TypeId;
use core_reloc::{RelocKind, record::Subject};

use super::{insn::InsnForm, path::resolve_path};
use crate::{
    evolve::{Evolution, EvolutionCut},
    strategy::{Shrink, chunks},
    types::{graph::Graph, reduce::Renumbering},
};

/// A program's types, the edits that lead to a kernel's types, and the program's relocations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The types of the program, and the edits.
    pub evolution: Evolution,
    /// The relocations, in the order of their instructions.
    pub relocations: Vec<RelocDesc>,
}

/// A relocation and its instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelocDesc {
    /// The kind.
    pub kind: RelocKind,
    /// The root type.
    pub root: TypeId,
    /// The numbers of the access string.
    pub path: Vec<u32>,
    /// The form of the instruction.
    pub form: InsnForm,
    /// What is wrong with the relocation or the instruction.
    pub flaw: Option<Flaw>,
}

/// A defect that no compiler would have written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// The instruction holds the original value plus this number.
    WrongValue(i64),
    /// A load or store has this access size in bytes (1, 2, 4 or 8).
    WrongSize(u32),
    /// The operand of an ALU operation is a register instead of an immediate.
    FromRegister,
    /// The instruction is a jump.
    Jump,
    /// The instruction loads bytes of a packet (`BPF_LD | BPF_ABS`).
    PacketLoad,
    /// The source register of a 64-bit immediate marks it as a map (`BPF_PSEUDO_MAP_FD`).
    PseudoSource,
    /// The second slot of a 64-bit immediate has a destination register.
    DirtySecondSlot,
    /// A 64-bit immediate has no second slot: the next instruction or the end of the code follows.
    NoSecondSlot,
    /// The record's offset is this many bytes past the start of the instruction.
    Misaligned(u32),
    /// The record's offset is past the end of the code.
    OutOfBounds,
    /// The record refers to the instruction of the preceding relocation, which is already
    /// relocated.
    Again,
    /// The access string is invalid, or does not fit the root type.
    AccessString(String),
    /// The number of the kind is unknown.
    UnknownKind(u32),
    /// The root type does not exist. `bpf_core_calc_relo_insn` of libbpf 1.7 does not check for
    /// this, and reads out of bounds.
    NoSuchType,
}

/// A step that makes a [`Case`] smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseCut {
    /// Removes consecutive relocations.
    RemoveRelocations {
        /// The index of the first one.
        from: usize,
        /// The number of relocations.
        count: usize,
    },
    /// Removes the flaw of the relocation with this index.
    RemoveFlaw(usize),
    /// Removes the last number of the access path of the relocation with this index.
    ShortenPath(usize),
    /// Makes the evolution smaller, and removes the relocations of removed types and members.
    Evolution(EvolutionCut),
}

impl Shrink for Case {
    type Cut = CaseCut;

    fn cuts(&self) -> Vec<CaseCut> {
        let mut cuts: Vec<CaseCut> = chunks(self.relocations.len())
            .map(|(from, count)| CaseCut::RemoveRelocations { from, count })
            .collect();
        let flawed = self.relocations.iter().enumerate();
        let flawed = flawed.filter(|(_, relocation)| relocation.flaw.is_some());
        cuts.extend(flawed.map(|(at, _)| CaseCut::RemoveFlaw(at)));
        let long = self.relocations.iter().enumerate();
        let long = long.filter(|(_, relocation)| relocation.path.len() > 1);
        cuts.extend(long.map(|(at, _)| CaseCut::ShortenPath(at)));
        cuts.extend(self.evolution.cuts().into_iter().map(CaseCut::Evolution));
        cuts
    }

    fn cut(&self, cut: &CaseCut) -> Option<Self> {
        let mut smaller = self.clone();
        match cut {
            CaseCut::RemoveRelocations { from, count } => {
                smaller.relocations.drain(*from..from.checked_add(*count)?);
            }
            CaseCut::RemoveFlaw(at) => smaller.relocations.get_mut(*at)?.flaw = None,
            CaseCut::ShortenPath(at) => {
                let relocation = smaller.relocations.get_mut(*at)?;
                relocation.path.pop();
                let local = &self.evolution.local;
                let layout = local.layout().ok()?;
                let resolved = resolve_path(local, &layout, relocation.root, &relocation.path)?;
                if resolved.is_anonymous {
                    return None;
                }
            }
            CaseCut::Evolution(cut) => {
                let (evolution, renumbering) = self.evolution.reduced(cut)?;
                if let Some(renumbering) = renumbering {
                    let local = &self.evolution.local;
                    let relocations = self.relocations.iter();
                    let relocations = relocations.filter_map(|relocation| {
                        relocation.renumbered(local, &evolution.local, &renumbering)
                    });
                    smaller.relocations = relocations.collect();
                }
                smaller.evolution = evolution;
            }
        }
        (!smaller.relocations.is_empty()).then_some(smaller)
    }
}

impl RelocDesc {
    /// Returns the relocation in a reduced graph; `None` if its root type or path was removed.
    fn renumbered(&self, old: &Graph, new: &Graph, renumbering: &Renumbering) -> Option<Self> {
        let root = renumbering.id(self.root).filter(|root| !root.is_void())?;
        let mut path = self.path.clone();
        match self.kind.subject() {
            Subject::Type => {}
            Subject::Enumerator => {
                let of = old.skip_modifiers_and_typedefs(self.root);
                for number in &mut path {
                    *number = new_index(renumbering, of, *number)?;
                }
            }
            Subject::Field => {
                let containers =
                    resolve_path(old, &old.layout().ok()?, self.root, &self.path)?.containers;
                for (number, container) in path.iter_mut().skip(1).zip(containers) {
                    *number = new_index(renumbering, container, *number)?;
                }
                resolve_path(new, &new.layout().ok()?, root, &path)?;
            }
        }
        Some(Self { root, path, ..self.clone() })
    }
}

/// Returns the new index of a member, element or enumerator.
fn new_index(renumbering: &Renumbering, of: TypeId, number: u32) -> Option<u32> {
    u32::try_from(renumbering.part(of, usize::try_from(number).ok()?)?).ok()
}
