//! Evolved pairs: the types that a program was compiled against, and what a later kernel made of
//! them.

mod apply;
mod modules;
mod propose;
mod reduce;

use std::{string::String, vec::Vec};

pub use self::{modules::Evolved, reduce::EvolutionCut};
use super::{
    CompositeKind, Dice, EnumeratorDesc, Graph, MemberDesc, Packing, ParamDesc, Profile, TypeDesc,
};
use crate::TypeId;

/// Local types, and what became of them.
///
/// The target is the local graph with the edits applied one after the other. Edits refer to types by
/// their ids in the local graph, which stay until all edits are applied. One that cannot be applied,
/// since an earlier one is gone or was of another sort, is passed over: any list of edits is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evolution {
    /// The types of the program.
    pub local: Graph,
    /// What happened to them.
    pub edits: Vec<Edit>,
    /// How the target's types are ordered.
    pub order: Order,
}

/// How the types of a target are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// As the local ones; new ones follow.
    AsLocal,
    /// The other way round.
    Reversed,
    /// By name, anonymous types first: as Linux does since 7.0.
    ByName,
}

/// A change of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The type, by its id in the local graph.
    pub ty: TypeId,
    /// What happens to it.
    pub change: Change,
}

/// What happens to a type. Ids are those of the local graph; indices are those of the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A composite gets another member.
    AddMember {
        /// Its index; the end, if that is before it.
        at: usize,
        /// The member.
        member: MemberDesc,
    },
    /// A composite loses a member.
    RemoveMember {
        /// Its index.
        member: usize,
    },
    /// A member changes its place.
    MoveMember {
        /// Its index.
        member: usize,
        /// Its new index.
        to: usize,
    },
    /// A member gets another name.
    RenameMember {
        /// Its index.
        member: usize,
        /// The new name.
        name: String,
    },
    /// Members move into a new composite, which takes their place.
    NestMembers {
        /// The index of the first one.
        from: usize,
        /// How many.
        count: usize,
        /// What the new composite is.
        kind: CompositeKind,
        /// The name of the member that takes their place; empty for an anonymous one.
        name: String,
    },
    /// The members of a member move out of it, to its place.
    UnnestMember {
        /// Its index.
        member: usize,
    },
    /// A member becomes a bitfield, or of another number of bits, or whole.
    SetBits {
        /// Its index.
        member: usize,
        /// The number of bits.
        bits: Option<u8>,
    },
    /// A composite is packed, or aligned, or no longer.
    SetPacking(Packing),
    /// A struct becomes a union, or the other way round.
    SwapKind,
    /// Something is of another type.
    Retype {
        /// What.
        place: Place,
        /// Its new type.
        to: NewType,
    },
    /// An array gets another length.
    SetLen(u32),
    /// An INT, FLOAT or enum gets another size.
    Resize(u32),
    /// An INT or enum becomes signed or unsigned.
    SetSigned(bool),
    /// An enum becomes an ENUM64, or the other way round. Values that do not fit are cut off.
    SetWide(bool),
    /// An enum gets another enumerator.
    AddEnumerator {
        /// Its index; the end, if that is before it.
        at: usize,
        /// The enumerator.
        enumerator: EnumeratorDesc,
    },
    /// An enum loses an enumerator.
    RemoveEnumerator {
        /// Its index.
        enumerator: usize,
    },
    /// An enumerator gets another value.
    Renumber {
        /// Its index.
        enumerator: usize,
        /// The new value.
        value: i128,
    },
    /// An enumerator gets another name.
    RenameEnumerator {
        /// Its index.
        enumerator: usize,
        /// The new name.
        name: String,
    },
    /// A function prototype gets another parameter, the last.
    AddParam(ParamDesc),
    /// A function prototype loses a parameter.
    RemoveParam {
        /// Its index.
        param: usize,
    },
    /// The type gets another name.
    Rename(String),
    /// The type goes. Where only pointers lead to a composite, a forward declaration stays.
    Remove,
    /// There is a second type, a copy of this one as it is now; nothing refers to it.
    Duplicate {
        /// The name of the copy.
        name: String,
        /// What happens to the copy.
        changes: Vec<Change>,
        /// The module whose split BTF it is in.
        module: Option<Module>,
    },
    /// A named composite or enum becomes anonymous, and a typedef has its name.
    BehindTypedef,
    /// The anonymous composite or enum behind a typedef gets the typedef's name.
    OutOfTypedef,
    /// The type is in the split BTF of a module, with what contains it by value.
    ToModule(Module),
}

/// One of the two modules that a target may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Module {
    /// The first.
    First,
    /// The second.
    Second,
}

/// Where a type refers to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// A member, by its index.
    Member(usize),
    /// A parameter, by its index.
    Param(usize),
    /// What a pointer, array, typedef, modifier or tag is of; the result of a function.
    Target,
}

/// What a reference comes to lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewType {
    /// A type that is there, or `void`.
    Existing(TypeId),
    /// A new type.
    New(TypeDesc),
}

impl Evolution {
    /// A random evolution; [`evolution()`](super::evolution()) is the strategy of it.
    pub fn generate(profile: &Profile, dice: &mut Dice<'_>) -> Self {
        let local = Graph::generate(profile, dice);
        Self::of(local, &[], profile, dice)
    }

    /// A random evolution of a graph that stands alone, most of it around some of its types.
    pub fn of(local: Graph, focus: &[TypeId], profile: &Profile, dice: &mut Dice<'_>) -> Self {
        let edits = propose::edits(&local, focus, profile, dice);
        let order = dice.one_of([Order::AsLocal, Order::AsLocal, Order::Reversed, Order::ByName]);
        Self { local, edits, order }
    }

    /// What the local types became.
    pub fn evolve(&self) -> Evolved {
        let mut evolving = apply::Evolving::new(&self.local);
        for edit in &self.edits {
            evolving.apply(edit.ty, &edit.change);
        }
        modules::divide(evolving, self.order)
    }
}
