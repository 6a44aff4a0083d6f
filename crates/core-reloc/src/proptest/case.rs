//! A program, its relocations and a target, as plain data.

use std::{string::String, vec::Vec};

use btf_types::{
    TypeId,
    proptest::{Evolution, EvolutionCut, Graph, Renumbering, Shrink},
};

use super::{InsnForm, walk::walk};
use crate::{RelocKind, Subject};

/// A program's types with what a kernel made of them, and the program's relocations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The types of the program, and what became of them.
    pub evolution: Evolution,
    /// The relocations, in the order of their instructions.
    pub relocations: Vec<RelocDesc>,
}

/// A relocation with its instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelocDesc {
    /// What is asked.
    pub kind: RelocKind,
    /// The root type.
    pub root: TypeId,
    /// The numbers of the access string.
    pub path: Vec<u32>,
    /// The instruction.
    pub form: InsnForm,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
}

/// What no compiler would have written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// The instruction holds the original value and this.
    WrongValue(i64),
    /// A load or store accesses so many bytes (1, 2, 4 or 8).
    WrongSize(u32),
    /// An ALU operation takes a register instead of an immediate.
    FromRegister,
    /// The instruction is a jump.
    Jump,
    /// The instruction is a load of a packet's bytes (`BPF_LD | BPF_ABS`).
    PacketLoad,
    /// The source register of a 64-bit immediate says that it is a map.
    PseudoSource,
    /// The second slot of a 64-bit immediate is no such slot.
    DirtySecondSlot,
    /// A 64-bit immediate has no second slot; the next instruction follows, if there is one.
    NoSecondSlot,
    /// The record's offset is so many bytes behind the instruction.
    Misaligned(u32),
    /// The record's offset is behind the code.
    OutOfBounds,
    /// The relocation is of the instruction before it, which has been relocated once.
    Again,
    /// The access string is this.
    AccessString(String),
    /// The kind's number is this.
    UnknownKind(u32),
    /// The root type does not exist. `bpf_core_calc_relo_insn` of libbpf 1.7 does not check this, and
    /// reads outside of its memory.
    NoSuchType,
}

/// A way to make a [`Case`] smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseCut {
    /// Relocations go.
    RemoveRelocations {
        /// The first one.
        from: usize,
        /// How many.
        count: usize,
    },
    /// A relocation loses its flaw.
    Mend(usize),
    /// The path of a relocation ends earlier.
    Shorten(usize),
    /// The types change less, or are fewer; relocations of what goes, go.
    Evolution(EvolutionCut),
}

impl Shrink for Case {
    type Cut = CaseCut;

    fn cuts(&self) -> Vec<CaseCut> {
        let chunks = btf_types::proptest::chunks(self.relocations.len());
        let mut cuts: Vec<CaseCut> =
            chunks.map(|(from, count)| CaseCut::RemoveRelocations { from, count }).collect();
        let flawed = self.relocations.iter().enumerate();
        let flawed = flawed.filter(|(_, relocation)| relocation.flaw.is_some());
        cuts.extend(flawed.map(|(at, _)| CaseCut::Mend(at)));
        let long = self.relocations.iter().enumerate();
        let long = long.filter(|(_, relocation)| relocation.path.len() > 1);
        cuts.extend(long.map(|(at, _)| CaseCut::Shorten(at)));
        cuts.extend(self.evolution.cuts().into_iter().map(CaseCut::Evolution));
        cuts
    }

    fn cut(&self, cut: &CaseCut) -> Option<Self> {
        let mut smaller = self.clone();
        match cut {
            CaseCut::RemoveRelocations { from, count } => {
                smaller.relocations.drain(*from..from.checked_add(*count)?);
            }
            CaseCut::Mend(at) => smaller.relocations.get_mut(*at)?.flaw = None,
            CaseCut::Shorten(at) => {
                let relocation = smaller.relocations.get_mut(*at)?;
                relocation.path.pop();
                let local = &self.evolution.local;
                let layout = local.layout().ok()?;
                let walked = walk(local, &layout, relocation.root, &relocation.path)?;
                if walked.is_anonymous {
                    return None;
                }
            }
            CaseCut::Evolution(cut) => {
                let (evolution, moved) = self.evolution.reduced(cut)?;
                if let Some(moved) = moved {
                    let local = &self.evolution.local;
                    let relocations = self.relocations.iter();
                    let relocations = relocations
                        .filter_map(|relocation| relocation.moved(local, &evolution.local, &moved));
                    smaller.relocations = relocations.collect();
                }
                smaller.evolution = evolution;
            }
        }
        (!smaller.relocations.is_empty()).then_some(smaller)
    }
}

impl RelocDesc {
    /// The relocation in a graph that was made smaller; `None` if what it is about is gone.
    fn moved(&self, old: &Graph, new: &Graph, moved: &Renumbering) -> Option<Self> {
        let root = moved.id(self.root).filter(|root| !root.is_void())?;
        let mut path = self.path.clone();
        match self.kind.subject() {
            Subject::Type => {}
            Subject::Enumerator => {
                let of = old.skip_modifiers_and_typedefs(self.root);
                for number in &mut path {
                    *number = new_place(moved, of, *number)?;
                }
            }
            Subject::Field => {
                let holders = walk(old, &old.layout().ok()?, self.root, &self.path)?.holders;
                for (number, holder) in path.iter_mut().skip(1).zip(holders) {
                    *number = new_place(moved, holder, *number)?;
                }
                walk(new, &new.layout().ok()?, root, &path)?;
            }
        }
        Some(Self { root, path, ..self.clone() })
    }
}

/// The new index of a member or enumerator.
fn new_place(moved: &Renumbering, of: TypeId, number: u32) -> Option<u32> {
    u32::try_from(moved.part(of, usize::try_from(number).ok()?)?).ok()
}
