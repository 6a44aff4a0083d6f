//! The words of each kind's record, and how they are written.

use btf_types::{Info, Kind};

use crate::{cursor::Cursor, error::Result, limits};

/// The contents of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The name of a member, enumerator or parameter.
    Name,
    /// A type.
    Type,
    /// A number.
    Number,
    /// A number that is written as the difference from that of the element before: offsets and values mostly
    /// grow by little, and stay the same differences when something is inserted before them.
    Delta,
}

/// The words of a record after its name and info word, in their order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    /// `size_or_type`, if the kind uses it.
    pub(crate) head: Option<Role>,
    /// The words that follow once.
    pub(crate) once: &'static [Role],
    /// The words that follow for each of vlen elements.
    pub(crate) each: &'static [Role],
}

impl Record {
    /// Returns the words of a kind; `None` for `void` and unknown kinds.
    pub(crate) fn of(kind: Kind) -> Option<Self> {
        use Role::{Delta, Name, Number, Type};
        let (head, once, each): (_, &[Role], &[Role]) = match kind {
            Kind::Int => (Some(Number), &[Number], &[]),
            Kind::Array => (None, &[Type, Type, Number], &[]),
            Kind::Var | Kind::DeclTag => (Some(Type), &[Number], &[]),
            Kind::Struct | Kind::Union => (Some(Number), &[], &[Name, Type, Delta]),
            Kind::Enum => (Some(Number), &[], &[Name, Delta]),
            Kind::Enum64 => (Some(Number), &[], &[Name, Delta, Delta]),
            Kind::FuncProto => (Some(Type), &[], &[Name, Type]),
            Kind::DataSec => (Some(Number), &[], &[Type, Delta, Number]),
            Kind::LocParam => (Some(Number), &[Number], &[Number]),
            Kind::LocProto => (None, &[], &[Type]),
            Kind::LocSec => (None, &[], &[Type, Type, Delta]),
            Kind::Float => (Some(Number), &[], &[]),
            Kind::Ptr
            | Kind::Typedef
            | Kind::Volatile
            | Kind::Const
            | Kind::Restrict
            | Kind::Func
            | Kind::TypeTag => (Some(Type), &[], &[]),
            Kind::Fwd => (None, &[], &[]),
            _ => return None,
        };
        Some(Self { head, once, each })
    }

    /// Returns the roles of all words of a record with `vlen` elements.
    pub(crate) fn roles(self, vlen: u32) -> impl Iterator<Item = (Role, usize)> {
        let single = self.head.into_iter().chain(self.once.iter().copied()).map(|role| (role, 0));
        let each = self.each;
        // Kinds without elements use vlen for something else: the linkage of a FUNC.
        let count = if each.is_empty() { 0 } else { vlen };
        let all = (0..count).flat_map(move |_| each.iter().copied().zip(0..));
        single.chain(all)
    }
}

/// A reference to a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reference {
    Void,
    /// A type without a name, by its number.
    Node(u32),
    /// The kernel's definition with a key, by the number of the first definition with that key.
    Key(u32),
}

impl Reference {
    pub(crate) fn from_raw(raw: u32) -> Self {
        match raw.checked_sub(1) {
            None => Self::Void,
            Some(rest) if rest & 1 == 0 => Self::Node(rest >> 1),
            Some(rest) => Self::Key(rest >> 1),
        }
    }

    /// The numbers are below [`limits::MAX_ITEMS`].
    #[cfg(feature = "write")]
    pub(crate) fn to_raw(self) -> u32 {
        match self {
            Self::Void => 0,
            Self::Node(number) => number.wrapping_shl(1).wrapping_add(1),
            Self::Key(number) => number.wrapping_shl(1).wrapping_add(2),
        }
    }
}

/// A word of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Name(u32),
    Type(Reference),
    Number(u32),
}

/// The words of a type, as far as they are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body<'a> {
    pub(crate) kind: Kind,
    pub(crate) info: Info,
    record: Record,
    words: Cursor<'a>,
}

impl<'a> Body<'a> {
    /// Reads the start of a body, which takes all bytes of the cursor.
    pub(crate) fn read(kind: Kind, mut cursor: Cursor<'a>) -> Result<Self> {
        let start = cursor.at();
        let record = Record::of(kind);
        let record = record
            .ok_or_else(|| cursor.malformed(start, "kind", kind.to_raw(), Kind::LocSec.to_raw()))?;
        let info = cursor.number("vlen")?;
        let (vlen, kind_flag) = (info >> 1, info & 1 != 0);
        if vlen > Info::MAX_VLEN {
            return Err(cursor.malformed(start, "vlen", vlen, Info::MAX_VLEN));
        }
        Ok(Self { kind, info: Info::new(kind, vlen, kind_flag), record, words: cursor })
    }

    /// Returns the words. Those of a truncated body end with an error.
    pub(crate) fn words(self) -> Words<'a, impl Iterator<Item = (Role, usize)>> {
        let roles = self.record.roles(self.info.vlen());
        Words { roles, cursor: self.words, before: [0; 3], is_done: false }
    }

    /// Returns `true` if the kind uses `size_or_type`.
    pub(crate) fn has_head(self) -> bool {
        self.record.head.is_some()
    }
}

/// An iterator over the words of a body.
pub(crate) struct Words<'a, R> {
    roles: R,
    cursor: Cursor<'a>,
    /// The last value of each word of an element.
    before: [u32; 3],
    is_done: bool,
}

impl<R: Iterator<Item = (Role, usize)>> Words<'_, R> {
    fn read(&mut self, role: Role, index: usize) -> Result<Word> {
        let start = self.cursor.at();
        Ok(match role {
            Role::Name => Word::Name(self.cursor.number("number of a name")?),
            Role::Type => {
                let raw = self.cursor.number_to(limits::MAX_ITEMS.wrapping_mul(2), "reference")?;
                Word::Type(Reference::from_raw(raw))
            }
            Role::Number => Word::Number(self.cursor.number("number")?),
            Role::Delta => {
                let raw = self.cursor.number("difference")?;
                let before = self.before.get_mut(index);
                let before = before.ok_or_else(|| {
                    self.cursor.malformed(start, "index of a word", index as u64, 2_u32)
                })?;
                *before = before.wrapping_add((raw >> 1) ^ 0_u32.wrapping_sub(raw & 1));
                Word::Number(*before)
            }
        })
    }
}

impl<R: Iterator<Item = (Role, usize)>> Iterator for Words<'_, R> {
    type Item = Result<Word>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let Some((role, index)) = self.roles.next() else {
            self.is_done = true;
            return self.cursor.end("end of a type's words").err().map(Err);
        };
        let word = self.read(role, index);
        self.is_done = word.is_err();
        Some(word)
    }
}
