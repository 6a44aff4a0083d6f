//! The items of sections: strings, nodes and definitions.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use btf_types::Kind;

use crate::{
    cursor::Cursor,
    error::{Error, Result, Section},
    limits::{BLOCK, MAX_NAME_LEN},
    pages::{Block, Pages},
    record::Body,
    store::Store,
};

/// Reads a string that shares its start with the one before, which is in the buffer.
fn front_coded(cursor: &mut Cursor<'_>, shared: u32, buffer: &mut Vec<u8>) -> Result<()> {
    let start = cursor.at();
    if shared as usize > buffer.len() {
        return Err(cursor.malformed(
            start,
            "shared start of a string",
            shared,
            buffer.len() as u64,
        ));
    }
    let suffix = cursor.number("length of a string")?;
    let len = u64::from(shared).saturating_add(suffix.into());
    if len > MAX_NAME_LEN as u64 {
        return Err(cursor.malformed(start, "length of a string", len, MAX_NAME_LEN as u64));
    }
    buffer.truncate(shared as usize);
    buffer.extend_from_slice(cursor.bytes(suffix, "length of a string")?);
    Ok(())
}

/// Reads strings; in ascending order of their numbers, each is read once.
#[derive(Debug)]
pub(crate) struct Strings<'s> {
    pages: &'s Pages<'s>,
    block: Option<Block<'s>>,
    /// The number of the string after the one in the buffer.
    next: u32,
    buffer: Vec<u8>,
}

impl<'s> Strings<'s> {
    pub(crate) fn new(pages: &'s Pages<'s>) -> Self {
        Self { pages, block: None, next: 0, buffer: Vec::new() }
    }

    /// Returns a string by its number.
    pub(crate) fn get(&mut self, number: u32) -> Result<&[u8]> {
        let is_ahead = self.block.is_some_and(|block| (self.next..block.end).contains(&number));
        if !is_ahead && (self.block.is_none() || self.next != number.saturating_add(1)) {
            let block = self.pages.block(number)?;
            self.next = block.first;
            self.buffer.clear();
            self.block = Some(block);
        }
        while self.next <= number {
            let Some(block) = &mut self.block else { break };
            let shared = block.cursor.number("shared start of a string")?;
            front_coded(&mut block.cursor, shared, &mut self.buffer)?;
            self.next = self.next.saturating_add(1);
        }
        Ok(&self.buffer)
    }
}

/// A type without a name of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'s> {
    /// The number of its name, if it has one in spite of its kind.
    pub(crate) name: Option<u32>,
    pub(crate) body: Body<'s>,
}

/// Reads nodes; in ascending order of their numbers, each is passed once.
#[derive(Debug)]
pub(crate) struct Nodes<'s> {
    pages: &'s Pages<'s>,
    block: Option<Block<'s>>,
    /// Where the items of the block that were passed start; the last is the one to read next.
    starts: Vec<Cursor<'s>>,
}

impl<'s> Nodes<'s> {
    pub(crate) fn new(pages: &'s Pages<'s>) -> Self {
        Self { pages, block: None, starts: Vec::new() }
    }

    /// Returns a node by its number.
    pub(crate) fn get(&mut self, number: u32) -> Result<Node<'s>> {
        let block = match self.block {
            Some(block) if (block.first..block.end).contains(&number) => block,
            _ => {
                let block = self.pages.block(number)?;
                self.starts = alloc::vec![block.cursor];
                *self.block.insert(block)
            }
        };
        let index = number.saturating_sub(block.first) as usize;
        loop {
            if let Some(start) = self.starts.get(index) {
                return read_node(*start);
            }
            let mut last = self.starts.last().copied().unwrap_or(block.cursor);
            last.part("length of a node")?;
            self.starts.push(last);
        }
    }
}

fn read_node(mut cursor: Cursor<'_>) -> Result<Node<'_>> {
    let mut node = cursor.part("length of a node")?;
    let kind = node.number_to(127, "kind")?;
    let name = node.number("number of a name")?.checked_sub(1);
    let kind = Kind::from_raw(u8::try_from(kind).unwrap_or(u8::MAX));
    Ok(Node { name, body: Body::read(kind, node)? })
}

/// A definition.
#[derive(Debug, Clone)]
pub(crate) struct Definition<'s> {
    pub(crate) number: u32,
    pub(crate) kind: Kind,
    pub(crate) name: Vec<u8>,
    /// The number of definitions with this key before this one.
    pub(crate) rank: u32,
    /// The number of definitions with this key.
    pub(crate) count: u32,
    /// Which of the definitions of this kind and name of one kernel it is.
    #[cfg_attr(not(feature = "write"), expect(dead_code, reason = "only stores are made from it"))]
    pub(crate) ordinal: u32,
    bytes: Cursor<'s>,
}

impl<'s> Definition<'s> {
    /// Returns the number of the first definition with this key.
    pub(crate) fn first(&self) -> u32 {
        self.number.saturating_sub(self.rank)
    }

    /// Returns the number after the last definition with this key.
    pub(crate) fn end(&self) -> u32 {
        self.first().saturating_add(self.count)
    }

    pub(crate) fn body(&self) -> Result<Body<'s>> {
        // A definition without a kind is a node that nothing refers to, written like a typedef of it.
        let kind = if self.kind == Kind::Void { Kind::Typedef } else { self.kind };
        Body::read(kind, self.bytes)
    }
}

/// Reads definitions; in ascending order of their numbers, each is read once.
#[derive(Debug)]
pub(crate) struct Definitions<'s> {
    store: &'s Store<'s>,
    block: Option<Block<'s>>,
    next: u32,
    current: Option<Definition<'s>>,
}

impl<'s> Definitions<'s> {
    pub(crate) fn new(store: &'s Store<'s>) -> Self {
        Self { store, block: None, next: 0, current: None }
    }

    /// Returns a definition by its number.
    pub(crate) fn get(&mut self, number: u32) -> Result<&Definition<'s>> {
        let is_ahead = self.block.is_some_and(|block| (self.next..block.end).contains(&number));
        let is_current = self.current.as_ref().is_some_and(|current| current.number == number);
        if !is_ahead && !is_current {
            let block = self.store.definitions.block(number)?;
            self.next = block.first;
            self.current = None;
            self.block = Some(block);
        }
        while self.next <= number {
            let Some(mut block) = self.block else { break };
            let read = read_definition(self.store, &mut block, self.next, self.current.take());
            if read.is_err() {
                self.block = None;
            }
            self.current = Some(read?);
            self.block = Some(block);
            self.next = self.next.saturating_add(1);
        }
        let none = || Error::Malformed {
            section: Section::Definitions,
            page: 0,
            offset: 0,
            what: "number of a definition",
            found: number.into(),
            allowed: self.store.definitions.items().into(),
        };
        self.current.as_ref().ok_or_else(none)
    }

    /// Calls a function with the first definition of each key of a kind, from that whose name is not less than
    /// `start`, until it breaks.
    pub(crate) fn for_each_key(
        &mut self,
        kind: Kind,
        start: &[u8],
        mut visit: impl FnMut(&Definition<'s>) -> ControlFlow<()>,
    ) -> Result<()> {
        let (_, end) = self.store.kind_range(kind);
        let mut number = self.lower_bound(kind, start)?;
        while number < end {
            let definition = self.get(number)?;
            if visit(definition).is_break() {
                break;
            }
            // A hostile store may say that a key ends before this definition.
            number = definition.end().max(number.saturating_add(1));
        }
        Ok(())
    }

    /// Returns the number of the first definition of a kind whose name is not less than `name`, or of the next
    /// kind's first.
    pub(crate) fn lower_bound(&mut self, kind: Kind, name: &[u8]) -> Result<u32> {
        let (from, to) = self.store.kind_range(kind);
        if from >= to {
            return Ok(to);
        }
        // The last block that starts within the kind and before the name.
        let (mut low, mut high) = (from / BLOCK, to.div_ceil(BLOCK));
        while high.saturating_sub(low) > 1 {
            let middle = low.midpoint(high);
            let start = middle.saturating_mul(BLOCK);
            let is_before = start <= from || self.get(start)?.name.as_slice() < name;
            if is_before { low = middle } else { high = middle }
        }
        let start = low.saturating_mul(BLOCK).max(from);
        let end = start.saturating_add(BLOCK).saturating_add(BLOCK).min(to);
        for number in start..end {
            if self.get(number)?.name.as_slice() >= name {
                return Ok(number);
            }
        }
        Ok(end)
    }
}

fn read_definition<'s>(
    store: &Store<'_>,
    block: &mut Block<'s>,
    number: u32,
    before: Option<Definition<'s>>,
) -> Result<Definition<'s>> {
    let cursor = &mut block.cursor;
    let kind = store.kind_of(number);
    let start = cursor.at();
    let mut definition = match (cursor.number("shared start of a name")?.checked_sub(1), before) {
        (None, Some(before)) => {
            let rank = before.rank.saturating_add(1);
            Definition { number, rank, ..before }
        }
        (None, None) => {
            return Err(cursor.malformed(
                start,
                "definition without a name before it",
                0_u32,
                0_u32,
            ));
        }
        (Some(shared), before) => {
            let mut name = before.map(|before| before.name).unwrap_or_default();
            front_coded(cursor, shared, &mut name)?;
            let ordinal = cursor.number("ordinal")?;
            let rank = cursor.number_to(number, "number of definitions before this one")?;
            let count = cursor.number("number of definitions with this key")?;
            Definition { number, kind, name, rank, count, ordinal, bytes: *cursor }
        }
    };
    let is_within = definition.kind == kind && definition.rank < definition.count;
    if !is_within || definition.end() > store.definitions.items() {
        let (rank, count) = (definition.rank, definition.count);
        return Err(cursor.malformed(start, "number of definitions before this one", rank, count));
    }
    definition.bytes = cursor.part("length of a definition")?;
    Ok(definition)
}
