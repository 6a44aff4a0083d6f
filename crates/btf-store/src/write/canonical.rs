//! From BTF to definitions.
//!
//! A type with a name is a definition, known by its kind and name, and by an ordinal if there are several.
//! A type without one is a node: equal ones are one node, in whatever kernels they are. Nodes that nothing
//! refers to, and tags of declarations, are definitions that nothing can refer to.

use std::collections::{HashMap, HashSet};

use btf_types::{Btf, ByteOrder, Info, Kind, StrOffset, Type, TypeId};

use crate::{
    record::{Record, Reference, Role},
    write::{
        WriteError,
        model::{Definition, Key, Model, Node, Set},
    },
};

/// The types of one BTF, and what became of them.
#[derive(Debug)]
pub(crate) struct Converted<'b> {
    start: u32,
    /// What stands for each of its own types.
    references: Vec<Reference>,
    /// How many definitions have a kind and name, with those of the base.
    counts: HashMap<(u8, &'b [u8]), u32>,
    /// The nodes.
    nodes: HashSet<u32>,
    /// The hashes of nodes.
    hashes: Vec<u64>,
    pub(crate) definitions: Set,
}

/// What is found out about a type before it is converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Definition,
    Tag,
    /// A node, or a type without a name that contains itself through nodes only, and therefore needs a key.
    Node,
    Knot,
}

/// A reader of one BTF.
struct Converter<'b, 'm> {
    btf: &'b Btf<'b>,
    base: Option<&'m Converted<'b>>,
    model: &'m mut Model,
    start: u32,
    forms: Vec<Form>,
    /// Whether another type refers to it.
    is_used: Vec<bool>,
    /// The hashes of nodes.
    hashes: Vec<u64>,
    references: Vec<Reference>,
}

/// Converts the types of BTF, on the types of its base if it has one.
pub(crate) fn convert<'b>(
    model: &mut Model,
    btf: &'b Btf<'b>,
    base: Option<&Converted<'b>>,
) -> Result<Converted<'b>, WriteError> {
    // `types` and ids start from 1 without a base.
    let start = btf.start_id().0;
    let count = btf.own_types().len();
    let mut converter = Converter {
        btf,
        base,
        model,
        start,
        forms: Vec::with_capacity(count),
        is_used: vec![false; count],
        hashes: vec![0; count],
        references: vec![Reference::Void; count],
    };
    for ty in btf.own_types() {
        converter.forms.push(form(ty)?);
    }
    let order = converter.order_nodes()?;
    for index in &order {
        let hash = converter.hash(*index)?;
        set(&mut converter.hashes, *index, hash);
    }
    let counts = converter.assign_keys()?;
    let nodes = converter.add_nodes(&order)?;
    let definitions = converter.add_definitions()?;
    let Converter { references, hashes, .. } = converter;
    Ok(Converted { start, references, counts, nodes, hashes, definitions })
}

/// Returns `true` if a type of this kind with a name is a definition.
fn is_definition(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Int
            | Kind::Struct
            | Kind::Union
            | Kind::Enum
            | Kind::Fwd
            | Kind::Typedef
            | Kind::Func
            | Kind::Var
            | Kind::DataSec
            | Kind::Float
            | Kind::Enum64
            | Kind::LocSec
    )
}

fn form(ty: Type<'_>) -> Result<Form, WriteError> {
    let kind = ty.kind();
    if Record::of(kind).is_none() {
        return Err(WriteError::UnknownKind { id: ty.id(), kind: kind.to_raw() });
    }
    Ok(match kind {
        Kind::DeclTag => Form::Tag,
        _ if is_definition(kind) && !ty.name()?.as_bytes().is_empty() => Form::Definition,
        _ => Form::Node,
    })
}

impl<'b> Converter<'b, '_> {
    /// Returns the index of one of the own types.
    fn index(&self, id: TypeId) -> Option<usize> {
        let index = id.0.checked_sub(self.start)? as usize;
        (index < self.forms.len()).then_some(index)
    }

    fn ty(&self, index: usize) -> Result<Type<'b>, WriteError> {
        let id = u32::try_from(index).ok().and_then(|index| self.start.checked_add(index));
        Ok(self.btf.type_by_id(TypeId(id.unwrap_or(u32::MAX)))?)
    }

    fn form(&self, index: usize) -> Form {
        self.forms.get(index).copied().unwrap_or(Form::Node)
    }

    /// Returns the words after the info word, with their roles.
    fn words(&self, ty: Type<'b>) -> Vec<(Role, u32)> {
        let order = self.btf.byte_order();
        let Some(record) = Record::of(ty.kind()) else { return Vec::new() };
        let (chunks, _) = ty.trailing().as_chunks::<4>();
        let trailing = chunks.iter().map(|chunk| match order {
            ByteOrder::Little => u32::from_le_bytes(*chunk),
            ByteOrder::Big => u32::from_be_bytes(*chunk),
        });
        let head = record.head.map(|_| ty.raw().size_or_type.get(order));
        let words = head.into_iter().chain(trailing);
        record.roles(ty.info().vlen()).map(|(role, _)| role).zip(words).collect()
    }

    /// Finds the nodes that contain themselves, and returns the others, each after those that it refers to.
    fn order_nodes(&mut self) -> Result<Vec<usize>, WriteError> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut states = vec![State::New; self.forms.len()];
        let mut order = Vec::new();
        // The children of open nodes that are still to be visited: without recursion, since the input decides
        // about the depth.
        let mut stack: Vec<(usize, Vec<usize>)> = Vec::new();
        for root in 0..self.forms.len() {
            if self.form(root) != Form::Node {
                // Its references count as uses.
                self.children(root)?;
                continue;
            }
            if states.get(root) != Some(&State::New) {
                continue;
            }
            stack.push((root, self.children(root)?));
            set(&mut states, root, State::Open);
            while let Some((index, children)) = stack.last_mut() {
                let index = *index;
                let Some(child) = children.pop() else {
                    stack.pop();
                    set(&mut states, index, State::Done);
                    if self.form(index) == Form::Node {
                        order.push(index);
                    }
                    continue;
                };
                match states.get(child) {
                    Some(State::New) => {
                        let children = self.children(child)?;
                        stack.push((child, children));
                        set(&mut states, child, State::Open);
                    }
                    Some(State::Open) => set(&mut self.forms, child, Form::Knot),
                    _ => {}
                }
            }
        }
        Ok(order)
    }

    /// Returns the nodes that a type refers to, and notes all types that it refers to as used.
    fn children(&mut self, index: usize) -> Result<Vec<usize>, WriteError> {
        let ty = self.ty(index)?;
        let mut children = Vec::new();
        for (role, word) in self.words(ty) {
            if role != Role::Type || word == 0 {
                continue;
            }
            if let Some(child) = self.index(TypeId(word)) {
                set(&mut self.is_used, child, true);
                match self.form(child) {
                    Form::Node => children.push(child),
                    Form::Tag => return Err(WriteError::RefersToTag { id: ty.id() }),
                    Form::Definition | Form::Knot => {}
                }
            } else if self.base.is_none_or(|base| base.reference(TypeId(word)).is_none()) {
                let last =
                    self.start.saturating_add(u32::try_from(self.forms.len()).unwrap_or(u32::MAX));
                return Err(WriteError::BadReference {
                    id: ty.id(),
                    found: TypeId(word),
                    last: TypeId(last.saturating_sub(1)),
                });
            }
        }
        Ok(children)
    }

    /// Gives definitions their keys, and returns how many have each kind and name.
    fn assign_keys(&mut self) -> Result<HashMap<(u8, &'b [u8]), u32>, WriteError> {
        let mut groups: HashMap<(u8, &'b [u8]), Vec<usize>> = HashMap::new();
        let mut order = Vec::new();
        for index in 0..self.forms.len() {
            if matches!(self.form(index), Form::Definition | Form::Knot) {
                let ty = self.ty(index)?;
                let key = (ty.kind().to_raw(), ty.name()?.as_bytes());
                let group = groups.entry(key).or_default();
                if group.is_empty() {
                    order.push(key);
                }
                group.push(index);
            }
        }
        let mut counts = HashMap::new();
        for key in order {
            let Some(mut group) = groups.remove(&key) else { continue };
            if group.len() > 1 {
                // By content, so that builds that have the same types number them alike; else by id.
                let mut hashed = Vec::with_capacity(group.len());
                for index in group {
                    hashed.push((self.hash(index)?, index));
                }
                hashed.sort_unstable();
                group = hashed.into_iter().map(|(_, index)| index).collect();
            }
            let (kind, name) = key;
            let name = self.model.string(name)?;
            // Those of a module follow those of its kernel.
            let before = self.base.and_then(|base| base.counts.get(&key).copied());
            let count = counts.entry(key).or_insert(before.unwrap_or(0));
            for index in group {
                let ordinal = *count;
                *count = count.saturating_add(1);
                let number = self.model.key(Key { kind, name, ordinal })?;
                set(&mut self.references, index, Reference::Key(number));
            }
        }
        Ok(counts)
    }

    /// Returns the hash of a type's content, without ordinals and ids.
    fn hash(&self, index: usize) -> Result<u64, WriteError> {
        let ty = self.ty(index)?;
        let mut hash = Hash::default();
        hash.word(ty.kind().to_raw().into());
        hash.bytes(ty.name()?.as_bytes());
        hash.word(ty.info().vlen());
        hash.word(ty.kind_flag().into());
        for (role, word) in self.words(ty) {
            match role {
                Role::Number | Role::Delta => hash.word(word),
                Role::Name => hash.bytes(self.btf.string(StrOffset(word))?.as_bytes()),
                Role::Type if word == 0 => hash.word(0),
                Role::Type => match self.node_hash(TypeId(word)) {
                    Some(node) => hash.bytes(&node.to_le_bytes()),
                    None => {
                        let ty = self.btf.type_by_id(TypeId(word))?;
                        hash.word(ty.kind().to_raw().into());
                        hash.bytes(ty.name()?.as_bytes());
                    }
                },
            }
        }
        Ok(hash.0)
    }

    /// Returns the hash of a node of this BTF or its base: a module may refer to a node of its own, or to the
    /// same one of its kernel.
    fn node_hash(&self, id: TypeId) -> Option<u64> {
        match self.index(id) {
            Some(index) if self.form(index) == Form::Node => self.hashes.get(index).copied(),
            Some(_) => None,
            None => self.base?.hash(id),
        }
    }

    fn convert_words(&mut self, ty: Type<'b>) -> Result<Box<[u32]>, WriteError> {
        let mut words = vec![Info::new(Kind::Void, ty.info().vlen(), ty.kind_flag()).0];
        for (role, word) in self.words(ty) {
            words.push(match role {
                Role::Number | Role::Delta => word,
                Role::Name => {
                    let name = self.btf.string(StrOffset(word))?;
                    self.model.name(name.as_bytes())?
                }
                Role::Type if word == 0 => 0,
                Role::Type => {
                    let own = self.index(TypeId(word)).and_then(|index| self.references.get(index));
                    let base = || self.base.and_then(|base| base.reference(TypeId(word)));
                    let reference = own.copied().or_else(base);
                    reference.unwrap_or(Reference::Void).to_raw()
                }
            });
        }
        Ok(words.into())
    }

    fn add_nodes(&mut self, order: &[usize]) -> Result<HashSet<u32>, WriteError> {
        let mut nodes = HashSet::new();
        for index in order {
            let ty = self.ty(*index)?;
            let (kind, words) = (ty.kind().to_raw(), self.convert_words(ty)?);
            let name = self.model.name(ty.name()?.as_bytes())?;
            let number = self.model.node(Node { kind, name, words })?;
            set(&mut self.references, *index, Reference::Node(number));
            nodes.insert(number);
        }
        Ok(nodes)
    }

    fn add_definitions(&mut self) -> Result<Set, WriteError> {
        // A node is used if any of the types that are the same node is.
        let used = self.references.iter().zip(&self.is_used).filter(|(_, is_used)| **is_used);
        let used: HashSet<Reference> = used.map(|(reference, _)| *reference).collect();
        let is_loose = |node: Reference, base: Option<&Converted<'_>>| {
            let is_in_base = |base: &Converted<'_>| matches!(node, Reference::Node(number) if base.nodes.contains(&number));
            !used.contains(&node) && !base.is_some_and(is_in_base)
        };
        let mut definitions = Set::default();
        for index in 0..self.forms.len() {
            let ty = self.ty(index)?;
            let reference = self.references.get(index).copied().unwrap_or(Reference::Void);
            let definition = match (self.form(index), reference) {
                (Form::Definition | Form::Knot, Reference::Key(key)) => {
                    Definition { key, words: self.convert_words(ty)? }
                }
                (Form::Tag, _) => {
                    let name = self.model.string(ty.name()?.as_bytes())?;
                    let key = Key { kind: Kind::DeclTag.to_raw(), name, ordinal: 0 };
                    Definition { key: self.model.key(key)?, words: self.convert_words(ty)? }
                }
                (Form::Node, node) if is_loose(node, self.base) => {
                    let key = Key { kind: 0, name: self.model.string(b"")?, ordinal: 0 };
                    let words = Box::new([0, node.to_raw()]);
                    Definition { key: self.model.key(key)?, words }
                }
                _ => continue,
            };
            definitions.insert(self.model.definition(definition)?);
        }
        Ok(definitions)
    }
}

impl Converted<'_> {
    /// Returns the hash of a node.
    fn hash(&self, id: TypeId) -> Option<u64> {
        let index = id.0.checked_sub(self.start)? as usize;
        let is_node = matches!(self.references.get(index), Some(Reference::Node(_)));
        self.hashes.get(index).copied().filter(|_| is_node)
    }

    fn reference(&self, id: TypeId) -> Option<Reference> {
        self.references.get(id.0.checked_sub(self.start)? as usize).copied()
    }
}

fn set<T>(list: &mut [T], index: usize, value: T) {
    if let Some(slot) = list.get_mut(index) {
        *slot = value;
    }
}

/// FNV-1a. It decides about an order only: types with the same hash keep that of their ids.
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain([&0]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn word(&mut self, word: u32) {
        self.bytes(&word.to_le_bytes());
    }
}
