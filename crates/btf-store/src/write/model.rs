//! The contents of a store in memory, in the order in which they were added.

use std::{collections::BTreeMap, hash::RandomState};

use btf_types::{ByteOrder, Info, Kind, PointerSize};

use crate::{
    kernel,
    limits::MAX_ITEMS,
    record::{Record, Reference, Role},
    write::WriteError,
};

/// Distinct values, by number.
type Table<T> = indexmap::IndexSet<T, RandomState>;

/// What identifies a definition within a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// 0 for nodes that nothing refers to.
    pub(crate) kind: u8,
    /// A string.
    pub(crate) name: u32,
    pub(crate) ordinal: u32,
}

/// A definition. References are raw, to nodes and keys of the model, and names are strings plus one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Definition {
    pub(crate) key: u32,
    /// The info word, and the other words in the order of the record.
    pub(crate) words: Box<[u32]>,
}

/// A type without a name. Nodes refer to nodes with smaller numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) kind: u8,
    /// A string plus one.
    pub(crate) name: u32,
    pub(crate) words: Box<[u32]>,
}

/// A build of a module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) definitions: Set,
}

/// The name of a kernel, which it is found and sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    pub(crate) release: String,
    pub(crate) version: String,
    pub(crate) architecture: String,
    pub(crate) distribution: String,
}

impl Identity {
    pub(crate) fn of(info: &kernel::Info<'_>) -> Self {
        Self {
            release: info.release.into(),
            version: info.version.into(),
            architecture: info.architecture.into(),
            distribution: info.distribution.into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kernel {
    pub(crate) origin: String,
    pub(crate) byte_order: ByteOrder,
    pub(crate) pointer_size: Option<PointerSize>,
    /// Whether an enum is signed.
    pub(crate) has_signed_enum: bool,
    pub(crate) definitions: Set,
    pub(crate) modules: Set,
}

/// A set of numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Set(Vec<u64>);

impl Set {
    pub(crate) fn insert(&mut self, number: u32) {
        let index = (number / 64) as usize;
        if index >= self.0.len() {
            self.0.resize(index.saturating_add(1), 0);
        }
        if let Some(word) = self.0.get_mut(index) {
            *word |= 1_u64.wrapping_shl(number);
        }
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        let word = self.0.get((number / 64) as usize).copied().unwrap_or(0);
        word & 1_u64.wrapping_shl(number) != 0
    }

    /// Returns the numbers in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let words = (0_u32..).step_by(64).zip(&self.0);
        words.flat_map(|(start, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                rest &= rest.wrapping_sub(1);
                (bit < 64).then(|| start.wrapping_add(bit))
            })
        })
    }

    fn words<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = u64> {
        let len = self.0.len().max(other.0.len());
        let padded = |set: &'s Self| set.0.iter().copied().chain(std::iter::repeat(0)).take(len);
        padded(self).zip(padded(other)).map(|(one, other)| one ^ other)
    }

    /// Returns how many numbers are in one of two sets only.
    pub(crate) fn distance(&self, other: &Self) -> u32 {
        self.words(other).fold(0, |sum, word| sum.saturating_add(word.count_ones()))
    }

    /// Returns the numbers that are in one of two sets only.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        Self(self.words(other).collect())
    }
}

impl FromIterator<u32> for Set {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut set = Self::default();
        for number in numbers {
            set.insert(number);
        }
        set
    }
}

/// The contents of a store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) strings: Table<Box<[u8]>>,
    pub(crate) nodes: Table<Node>,
    pub(crate) keys: Table<Key>,
    pub(crate) definitions: Table<Definition>,
    pub(crate) modules: Table<Module>,
    pub(crate) kernels: BTreeMap<Identity, Kernel>,
}

/// Adds a value to a table, and returns its number.
fn add<T: std::hash::Hash + Eq>(table: &mut Table<T>, value: T) -> Result<u32, WriteError> {
    let (number, _) = table.insert_full(value);
    let number = u32::try_from(number).ok().filter(|number| *number < MAX_ITEMS);
    number
        .ok_or(WriteError::TooLarge { what: "number of definitions or names", allowed: MAX_ITEMS })
}

impl Model {
    pub(crate) fn string(&mut self, string: &[u8]) -> Result<u32, WriteError> {
        match self.strings.get_index_of(string) {
            Some(number) => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
            None => add(&mut self.strings, string.into()),
        }
    }

    /// Returns a string's number plus one, and 0 for the empty string.
    pub(crate) fn name(&mut self, string: &[u8]) -> Result<u32, WriteError> {
        if string.is_empty() { Ok(0) } else { Ok(self.string(string)?.saturating_add(1)) }
    }

    pub(crate) fn node(&mut self, node: Node) -> Result<u32, WriteError> {
        add(&mut self.nodes, node)
    }

    pub(crate) fn key(&mut self, key: Key) -> Result<u32, WriteError> {
        add(&mut self.keys, key)
    }

    pub(crate) fn definition(&mut self, definition: Definition) -> Result<u32, WriteError> {
        add(&mut self.definitions, definition)
    }

    pub(crate) fn module(&mut self, module: Module) -> Result<u32, WriteError> {
        add(&mut self.modules, module)
    }

    /// Adds a kernel, unless it is known already.
    pub(crate) fn kernel(&mut self, identity: Identity, kernel: Kernel) -> Result<(), WriteError> {
        match self.kernels.get_mut(&identity) {
            None => _ = self.kernels.insert(identity, kernel),
            Some(known) => {
                // Of several origins the first in the order of the alphabet: it must not matter which came first.
                let origin = known.origin.clone().min(kernel.origin.clone());
                known.origin.clone_from(&kernel.origin);
                if *known != kernel {
                    known.origin = origin;
                    return Err(WriteError::Conflict { release: identity.release });
                }
                known.origin = origin;
            }
        }
        Ok(())
    }

    /// Returns the kind that a definition's words are those of.
    pub(crate) fn kind_of_body(key: Key) -> Kind {
        // A node that nothing refers to is written like a typedef of it.
        if key.kind == 0 { Kind::Typedef } else { Kind::from_raw(key.kind) }
    }
}

/// Returns the words of a body with their roles, except for the info word.
pub(crate) fn roles(kind: Kind, words: &[u32]) -> impl Iterator<Item = (Role, u32)> {
    let vlen = words.first().map_or(0, |info| Info(*info).vlen());
    let roles = Record::of(kind).into_iter().flat_map(move |record| record.roles(vlen));
    roles.zip(words.iter().skip(1)).map(|((role, _), word)| (role, *word))
}

/// Returns what a body refers to.
pub(crate) fn references(kind: Kind, words: &[u32]) -> impl Iterator<Item = Reference> {
    let types = roles(kind, words).filter(|(role, _)| *role == Role::Type);
    types.map(|(_, word)| Reference::from_raw(word))
}
