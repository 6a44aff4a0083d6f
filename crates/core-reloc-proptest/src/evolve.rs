//! Evolution: the types that a program was compiled against, and the edits that lead to those of a
//! later kernel.
//!
//! [`evolution()`](crate::evolution()) is the strategy. [`Evolution::evolve`] applies the edits,
//! and returns the types of the kernel and its modules.
//!
//! ```
//! use btf_types::{ByteOrder, TypeId};
//! use core_reloc_proptest::{
//!     evolve::{Change, Edit, Evolution, Order},
//!     types::{Graph, TypeDesc},
//! };
//!
//! let int = TypeDesc::Int { name: "int".into(), size: 4, flags: 0 };
//! let evolution = Evolution {
//!     local: Graph { byte_order: ByteOrder::Little, base_len: 0, types: vec![int] },
//!     edits: vec![Edit { ty: TypeId(1), change: Change::Resize(8) }],
//!     order: Order::Local,
//! };
//! let kernel = evolution.evolve().main;
//! assert_eq!(kernel.layout().unwrap().size(TypeId(1)), Some(8));
//! ```

mod apply;
mod modules;
mod propose;
mod reduce;

use btf_types::TypeId;

pub use self::{modules::Evolved, reduce::EvolutionCut};
use crate::{
    strategy::Random,
    types::{
        desc::{CompositeKind, EnumeratorDesc, MemberDesc, Packing, ParamDesc, TypeDesc},
        graph::Graph,
        profile::Profile,
    },
};

/// Local types, and the edits that lead to a kernel's types.
///
/// The target is the local graph after all edits, applied in order. Edits refer to types by their
/// ids in the local graph, which do not change until all edits have been applied. An edit that
/// cannot be applied, because an earlier one removed what it changes, is skipped: every list of
/// edits is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evolution {
    /// The types of the program.
    pub local: Graph,
    /// The edits, in order.
    pub edits: Vec<Edit>,
    /// The order of the target's types.
    pub order: Order,
}

/// The order of a target's types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// The order of the local types, followed by new types.
    Local,
    /// The reverse of [`Order::Local`].
    Reversed,
    /// Sorted by name, anonymous types first, as in Linux 7.0 and later.
    ByName,
}

/// A change of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The type, by its id in the local graph.
    pub ty: TypeId,
    /// What changes.
    pub change: Change,
}

/// What changes in a type.
///
/// Ids are those of the local graph. Indices count the parts that the type has when the change is
/// applied, after all earlier changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Adds a member to a composite.
    AddMember {
        /// Its index; larger indices append it.
        at: usize,
        /// The member.
        member: MemberDesc,
    },
    /// Removes a member from a composite.
    RemoveMember {
        /// Its index.
        member: usize,
    },
    /// Moves a member within its composite.
    MoveMember {
        /// Its index.
        member: usize,
        /// Its new index.
        to: usize,
    },
    /// Renames a member.
    RenameMember {
        /// Its index.
        member: usize,
        /// The new name.
        name: String,
    },
    /// Moves consecutive members into a new composite, and replaces them by a member of that type.
    NestMembers {
        /// The index of the first one.
        from: usize,
        /// The number of members.
        count: usize,
        /// The kind of the new composite.
        kind: CompositeKind,
        /// The name of the new member; empty for an anonymous one.
        name: String,
    },
    /// Replaces a member whose type is a composite by the members of that composite.
    UnnestMember {
        /// Its index.
        member: usize,
    },
    /// Makes a member a bitfield, changes its width, or makes it an ordinary member.
    SetBits {
        /// Its index.
        member: usize,
        /// The number of bits of a bitfield.
        bits: Option<u8>,
    },
    /// Changes how a composite places its members.
    SetPacking(Packing),
    /// Turns a struct into a union, or a union into a struct.
    SwapKind,
    /// Changes a type that the edited type refers to.
    Retype {
        /// The reference to change.
        reference: Reference,
        /// The type that it refers to afterwards.
        to: NewType,
    },
    /// Changes the length of an array.
    SetLen(u32),
    /// Changes the size of an INT, FLOAT or enum, in bytes.
    Resize(u32),
    /// Makes an INT or enum signed or unsigned.
    SetSigned(bool),
    /// Sets or clears the kind_flag that an ENUM has if it is signed.
    SetFlag(bool),
    /// Turns an ENUM into an ENUM64, or the reverse. Values that do not fit are clamped.
    SetWide(bool),
    /// Adds an enumerator to an enum.
    AddEnumerator {
        /// Its index; larger indices append it.
        at: usize,
        /// The enumerator.
        enumerator: EnumeratorDesc,
    },
    /// Removes an enumerator from an enum.
    RemoveEnumerator {
        /// Its index.
        enumerator: usize,
    },
    /// Changes the value of an enumerator.
    SetValue {
        /// Its index.
        enumerator: usize,
        /// The new value.
        value: i128,
    },
    /// Renames an enumerator.
    RenameEnumerator {
        /// Its index.
        enumerator: usize,
        /// The new name.
        name: String,
    },
    /// Appends a parameter to a function prototype.
    AddParam(ParamDesc),
    /// Removes a parameter from a function prototype.
    RemoveParam {
        /// Its index.
        param: usize,
    },
    /// Renames the type.
    Rename(String),
    /// Removes the type. A named composite that only pointers refer to becomes a forward
    /// declaration; any other named type is renamed.
    Remove,
    /// Adds a copy of the type in its current state; no type refers to the copy.
    Duplicate {
        /// The name of the copy.
        name: String,
        /// Further changes of the copy.
        changes: Vec<Change>,
        /// The module whose split BTF has the copy.
        module: Option<Module>,
    },
    /// Makes a named composite or enum anonymous, and adds a typedef of its name.
    NameToTypedef,
    /// Gives the name of a typedef to the anonymous composite or enum that it stands for.
    NameFromTypedef,
    /// Moves the type, and every type that contains it by value, to the split BTF of a module.
    MoveToModule(Module),
}

/// One of the two modules that a target can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Module {
    /// The first module.
    First,
    /// The second module.
    Second,
}

/// A reference from one type to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// The type of the member with this index.
    Member(usize),
    /// The type of the parameter with this index.
    Param(usize),
    /// The type that a pointer, typedef, modifier or type tag refers to, the element type of an
    /// array, or the result type of a function.
    Target,
}

/// The type that a changed reference refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewType {
    /// A type of the graph, or `void`.
    Existing(TypeId),
    /// A type that is added to the graph.
    New(TypeDesc),
}

impl Evolution {
    /// Generates a random evolution; [`evolution()`](crate::evolution()) is the strategy.
    pub fn generate(profile: &Profile, random: &mut Random<'_>) -> Self {
        let local = Graph::generate(profile, random);
        Self::of(local, &[], profile, random)
    }

    /// Generates a random evolution of `local`, which must not be split on a base. Most edits
    /// change types in `focus`, or types near them.
    pub fn of(local: Graph, focus: &[TypeId], profile: &Profile, random: &mut Random<'_>) -> Self {
        let edits = propose::edits(&local, focus, profile, random);
        let order = random.one_of([Order::Local, Order::Local, Order::Reversed, Order::ByName]);
        Self { local, edits, order }
    }

    /// Applies the edits, and returns the types of the kernel and its modules.
    pub fn evolve(&self) -> Evolved {
        let mut evolving = apply::Evolving::new(&self.local);
        for edit in &self.edits {
            evolving.apply(edit.ty, &edit.change);
        }
        modules::divide(evolving, self.order)
    }
}
