//! The layout of type records: what each kind's record consists of.

use zerocopy::FromBytes;

use crate::{Info, Kind, KindSet, raw};

/// The contents of a word in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A string offset.
    Name,
    /// A type id.
    Type,
    /// A size, an offset, a value or another number.
    Number,
}

/// The contents of the last word of a [`raw::Type`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SizeOrType {
    /// The size in bytes.
    Size,
    /// The id of the type that this one refers to.
    Type,
    /// Nothing.
    Unused,
}

/// The words of a type's record, other than its name and info word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    pub(crate) size_or_type: SizeOrType,
    /// The words that follow once.
    pub(crate) once: &'static [Role],
    /// The words that follow for each of vlen elements.
    pub(crate) each: &'static [Role],
}

impl Parts {
    /// Returns the parts of a kind. All knowledge of the format about them is in this table.
    ///
    /// Those of `void`, which has no record, and of unknown kinds, which only a layout table describes, are
    /// empty.
    #[inline]
    pub(crate) const fn of(kind: Kind) -> Self {
        use Role::{Name, Number, Type};
        match kind {
            Kind::Int => Self::once::<raw::U32>(SizeOrType::Size, &[Number]),
            Kind::Array => Self::once::<raw::Array>(SizeOrType::Unused, &[Type, Type, Number]),
            Kind::Var => Self::once::<raw::Var>(SizeOrType::Type, &[Number]),
            Kind::DeclTag => Self::once::<raw::DeclTag>(SizeOrType::Type, &[Number]),
            Kind::Struct | Kind::Union => {
                Self::each::<raw::Member>(SizeOrType::Size, &[Name, Type, Number])
            }
            Kind::Enum => Self::each::<raw::Enumerator>(SizeOrType::Size, &[Name, Number]),
            Kind::Enum64 => {
                Self::each::<raw::Enumerator64>(SizeOrType::Size, &[Name, Number, Number])
            }
            Kind::FuncProto => Self::each::<raw::Param>(SizeOrType::Type, &[Name, Type]),
            Kind::DataSec => {
                Self::each::<raw::VarSecInfo>(SizeOrType::Size, &[Type, Number, Number])
            }
            Kind::LocParam => {
                Self { each: &[Number], ..Self::once::<raw::LocParam>(SizeOrType::Size, &[Number]) }
            }
            Kind::LocProto => Self::each::<raw::U32>(SizeOrType::Unused, &[Type]),
            Kind::LocSec => Self::each::<raw::Loc>(SizeOrType::Unused, &[Type, Type, Number]),
            Kind::Float => Self::alone(SizeOrType::Size),
            Kind::Ptr
            | Kind::Typedef
            | Kind::Volatile
            | Kind::Const
            | Kind::Restrict
            | Kind::Func
            | Kind::TypeTag => Self::alone(SizeOrType::Type),
            Kind::Fwd | Kind::Void | Kind::Unknown(_) => Self::alone(SizeOrType::Unused),
        }
    }

    /// Returns the parts of a kind whose record is a [`raw::Type`] alone.
    const fn alone(size_or_type: SizeOrType) -> Self {
        Self { size_or_type, once: &[], each: &[] }
    }

    /// Returns the parts of a kind with one further record `R`.
    const fn once<R>(size_or_type: SizeOrType, once: &'static [Role]) -> Self {
        assert!(size_of::<R>() == byte_len(once) as usize, "a word of the record is missing");
        Self { size_or_type, once, each: &[] }
    }

    /// Returns the parts of a kind with vlen records `R`.
    const fn each<R>(size_or_type: SizeOrType, each: &'static [Role]) -> Self {
        assert!(size_of::<R>() == byte_len(each) as usize, "a word of the record is missing");
        Self { size_or_type, once: &[], each }
    }

    /// Returns the length of each element in bytes.
    #[inline]
    pub(crate) const fn element_size(self) -> u8 {
        byte_len(self.each)
    }

    const fn shape(self) -> Shape {
        Shape::new(byte_len(self.once), self.element_size())
    }
}

/// Returns the length of some words in bytes.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "no record of the format has more than three words"
)]
const fn byte_len(words: &'static [Role]) -> u8 {
    words.len() as u8 * size_of::<raw::U32>() as u8
}

/// The length of a type, and its marks.
///
/// One word, which the walk over all types loads at once: the [marks](Shape::marks) in bits 0–7, the bytes of each of
/// vlen elements in bits 8–15, and the bytes of the record with what follows once in bits 16–31, which are all set
/// for an unknown kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape(u32);

impl Shape {
    const UNKNOWN: Self = Self(u32::MAX << 16);
    /// Marks the kinds of [`KindSet::TYPE_NAMES`].
    pub(crate) const TYPE_NAME: u8 = 1;
    /// Marks INTs.
    pub(crate) const INT: u8 = 2;
    /// The length of a record, 12.
    #[expect(clippy::cast_possible_truncation, reason = "it is small")]
    const RECORD: u32 = size_of::<raw::Type>() as u32;

    const fn new(info_size: u8, element_size: u8) -> Self {
        // 267 at most.
        let fixed = Self::RECORD.wrapping_add(info_size as u32);
        Self(fixed << 16 | (element_size as u32) << 8)
    }

    /// Returns the shape of a known kind.
    const fn of(kind: Kind) -> Self {
        let type_name = if KindSet::TYPE_NAMES.contains(kind) { Self::TYPE_NAME } else { 0 };
        let int = if matches!(kind, Kind::Int) { Self::INT } else { 0 };
        Self(Parts::of(kind).shape().0 | (type_name | int) as u32)
    }

    #[inline]
    const fn is_known(self) -> bool {
        self.0 < Self::UNKNOWN.0
    }

    /// Returns [`Shape::TYPE_NAME`] and [`Shape::INT`], if they apply.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the marks are in the lowest byte")]
    pub(crate) const fn marks(self) -> u8 {
        self.0 as u8
    }

    #[cfg(feature = "build")]
    #[expect(clippy::cast_possible_truncation, reason = "it was made from eight bits")]
    const fn info_size(self) -> u8 {
        (self.0 >> 16).wrapping_sub(Self::RECORD) as u8
    }

    #[inline]
    const fn element_size(self) -> u8 {
        ((self.0 >> 8) & 0xff) as u8
    }

    /// Returns how many bytes follow a type record with this info word; `None` for an unknown kind.
    #[inline]
    pub(crate) fn trailing_len(self, info: Info) -> Option<u32> {
        self.is_known().then_some(self.len(info).wrapping_sub(Self::RECORD))
    }

    /// Returns the length of a type with this info word, including its record; at least 65,535 for an unknown kind.
    #[inline]
    pub(crate) fn len(self, info: Info) -> u32 {
        // Cannot overflow: 65,535 + 255 · (2²⁴ − 1) < 2³².
        u32::from(self.element_size()).wrapping_mul(info.vlen()).wrapping_add(self.0 >> 16)
    }
}

/// The shapes of all 128 kinds: the known ones, and those that a layout table describes.
#[derive(Debug, Clone)]
pub(crate) struct Layout([Shape; 128]);

impl Layout {
    /// Returns the layout of the kinds that this crate knows.
    pub(crate) fn known() -> Self {
        #[expect(clippy::indexing_slicing, reason = "a constant is evaluated by the compiler")]
        const SHAPES: [Shape; 128] = {
            let mut shapes = [Shape::UNKNOWN; 128];
            let mut kinds: &[Kind] = &Kind::ALL;
            while let [kind, rest @ ..] = kinds {
                shapes[kind.to_raw() as usize] = Shape::of(*kind);
                kinds = rest;
            }
            shapes
        };
        Self(SHAPES)
    }

    /// Adds the unknown kinds that a layout table describes. Its entries for known kinds are ignored.
    pub(crate) fn extend(&mut self, table: &[u8]) {
        let entries = table.chunks_exact(size_of::<raw::LayoutEntry>());
        for (slot, entry) in self.0.iter_mut().zip(entries).skip(1) {
            let Ok(entry) = raw::LayoutEntry::read_from_bytes(entry) else { continue };
            if !slot.is_known() {
                *slot = Shape::new(entry.info_sz, entry.elem_sz);
            }
        }
    }

    /// Adds one kind. Returns `false` if the kind has a layout already or cannot exist.
    #[cfg(feature = "build")]
    pub(crate) fn add(&mut self, kind: u8, info_size: u8, element_size: u8) -> bool {
        match self.0.get_mut(usize::from(kind)) {
            Some(slot) if !slot.is_known() && kind != 0 => {
                *slot = Shape::new(info_size, element_size);
                true
            }
            _ => false,
        }
    }

    /// Returns the entries of a layout table, up to the last known kind: the bytes that follow once, and
    /// for each element. Unknown kinds in between get zeros.
    #[cfg(feature = "build")]
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u8, u8)> {
        let last = self.0.iter().rposition(|shape| shape.is_known());
        let shapes = self.0.iter().take(last.map_or(0, |last| last.saturating_add(1)));
        shapes.map(|shape| {
            if shape.is_known() { (shape.info_size(), shape.element_size()) } else { (0, 0) }
        })
    }

    /// Returns how many bytes follow a type record, at most 255 · 2²⁴; `None` for an unknown kind.
    #[inline]
    pub(crate) fn trailing_len(&self, info: Info) -> Option<u32> {
        self.shape(info).trailing_len(info)
    }

    /// Returns the shape of a type's record.
    #[inline]
    pub(crate) fn shape(&self, info: Info) -> Shape {
        // A kind has seven bits, so there is one.
        self.0.get(usize::from(info.raw_kind())).copied().unwrap_or(Shape::UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn kinds_that_refer_to_a_type_state_no_size() {
        let kinds = |wanted| -> Vec<u8> {
            let all = (0..=127).map(Kind::from_raw);
            all.filter(|kind| Parts::of(*kind).size_or_type == wanted).map(Kind::to_raw).collect()
        };
        assert_eq!(kinds(SizeOrType::Type), [2, 8, 9, 10, 11, 12, 13, 14, 17, 18]);
        assert_eq!(kinds(SizeOrType::Size), [1, 4, 5, 6, 15, 16, 19, 20]);
    }

    #[test]
    fn only_known_kinds_have_a_shape() {
        let layout = Layout::known();
        for raw in 0..=127 {
            let info = Info::new(Kind::from_raw(raw), 2, false);
            let is_known = (1..=22).contains(&raw);
            assert_eq!(layout.trailing_len(info).is_some(), is_known, "{raw}");
            let marks = layout.shape(info).marks();
            let is_type_name = KindSet::TYPE_NAMES.contains(Kind::from_raw(raw));
            assert_eq!(marks & Shape::TYPE_NAME != 0, is_type_name);
            assert_eq!(marks & Shape::INT != 0, raw == Kind::Int.to_raw());
        }
    }
}
