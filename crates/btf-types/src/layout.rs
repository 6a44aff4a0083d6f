//! How long each kind's record is, for known kinds and for those that a layout table describes.

use zerocopy::FromBytes;

use crate::{ByteOrder, Info, Kind, KindSet, offsets::Offsets, raw};

/// What follows a type record: some bytes once, and some for each of vlen elements.
///
/// One word, so that the walk over all types takes one load for it: the bytes of each element in
/// bits 0–7, the bytes that follow once in bits 8–15, whether the kind is known in bit 16, and whether
/// it is one of [`KindSet::TYPE_NAMES`] in bit 17.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Shape(u32);

impl Shape {
    const KNOWN: u32 = 1 << 16;

    const IS_TYPE_NAME: u32 = 1 << 17;

    const fn new(info_size: u8, element_size: u8) -> Self {
        Self(Self::KNOWN | ((info_size as u32) << 8) | element_size as u32)
    }

    #[inline]
    const fn is_known(self) -> bool {
        self.0 & Self::KNOWN != 0
    }

    #[inline]
    const fn is_type_name(self) -> bool {
        self.0 & Self::IS_TYPE_NAME != 0
    }

    /// Whether nothing follows.
    #[inline]
    const fn is_bare(self) -> bool {
        self.0 & !Self::IS_TYPE_NAME == Self::KNOWN
    }

    #[inline]
    const fn info_size(self) -> u8 {
        ((self.0 >> 8) & 0xff) as u8
    }

    #[inline]
    const fn element_size(self) -> u8 {
        (self.0 & 0xff) as u8
    }

    #[inline]
    fn trailing_len(self, info: Info) -> Option<u32> {
        // Cannot overflow: 255 + 255 · (2²⁴ − 1) < 2³².
        let len = u32::from(self.element_size()).wrapping_mul(info.vlen());
        self.is_known().then_some(len.wrapping_add(u32::from(self.info_size())))
    }
}

/// The shape of the records of every number that a kind can have.
#[derive(Debug, Clone)]
pub(crate) struct Layout([Shape; 128]);

/// The size of a record of the format, all of which are short.
#[expect(clippy::cast_possible_truncation, reason = "the assertion bounds it")]
const fn size<T>() -> u8 {
    const { assert!(size_of::<T>() <= 12) };
    size_of::<T>() as u8
}

const fn once<T>() -> Shape {
    Shape::new(size::<T>(), 0)
}

const fn each<T>() -> Shape {
    Shape::new(0, size::<T>())
}

/// The shape of a kind that the format's documents define.
const fn shape(kind: Kind) -> Shape {
    match kind {
        Kind::Int => once::<raw::U32>(),
        Kind::Array => once::<raw::Array>(),
        Kind::Var => once::<raw::Var>(),
        Kind::DeclTag => once::<raw::DeclTag>(),
        Kind::Struct | Kind::Union => each::<raw::Member>(),
        Kind::Enum => each::<raw::Enumerator>(),
        Kind::Enum64 => each::<raw::Enumerator64>(),
        Kind::FuncProto => each::<raw::Param>(),
        Kind::DataSec => each::<raw::VarSecInfo>(),
        Kind::Ptr
        | Kind::Fwd
        | Kind::Typedef
        | Kind::Volatile
        | Kind::Const
        | Kind::Restrict
        | Kind::Func
        | Kind::Float
        | Kind::TypeTag => once::<()>(),
        Kind::Void | Kind::Unknown(_) => Shape(0),
    }
}

impl Layout {
    /// The kinds that this crate knows.
    pub(crate) fn known() -> Self {
        let mut shapes = [Shape::default(); 128];
        for kind in Kind::ALL {
            if let Some(slot) = shapes.get_mut(usize::from(kind.to_raw())) {
                *slot = shape(kind);
                if KindSet::TYPE_NAMES.contains(kind) {
                    slot.0 |= Shape::IS_TYPE_NAME;
                }
            }
        }
        Self(shapes)
    }

    /// Adds the kinds that only a table describes. What it says of known kinds changes nothing:
    /// their meaning is fixed.
    pub(crate) fn extend(&mut self, table: &[u8]) {
        let entries = table.chunks_exact(size_of::<raw::LayoutEntry>());
        for (slot, entry) in self.0.iter_mut().zip(entries).skip(1) {
            let Ok(entry) = raw::LayoutEntry::read_from_bytes(entry) else { continue };
            if !slot.is_known() {
                *slot = Shape::new(entry.info_sz, entry.elem_sz);
            }
        }
    }

    /// Adds one kind. False if it is known already, or no kind can have the number.
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

    /// The sizes of what follows once and of what follows for each element, kind by kind from 0 to
    /// the last that is known; 0 for those in between that are not.
    #[cfg(feature = "build")]
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u8, u8)> {
        let last = self.0.iter().rposition(|shape| shape.is_known());
        let shapes = self.0.iter().take(last.map_or(0, |last| last.saturating_add(1)));
        shapes.map(|shape| (shape.info_size(), shape.element_size()))
    }

    /// How many bytes follow the record of a type: at most 255 · 2²⁴. None for an unknown kind.
    #[inline]
    pub(crate) fn trailing_len(&self, info: Info) -> Option<u32> {
        self.shape(info)?.trailing_len(info)
    }

    #[inline]
    fn shape(&self, info: Info) -> Option<Shape> {
        self.0.get(usize::from(info.raw_kind())).copied()
    }
}

/// Finds where every type's record begins.
///
/// This one walk is all that parsing does to the types, so it is kept light: no match on the kind,
/// one table look-up and one bounds check a type. Most types have nothing behind their record; that
/// they are told apart by a branch lets a processor that guesses it begin with the next type before
/// it has the size of this one, which saves a third of the time. Where the walk meets a type that it
/// cannot pass, it gives the offsets so far, and the offset of that type.
#[inline(never)] // Inside of something larger it would have fewer registers, and be slower.
pub(crate) fn walk(types: &[u8], order: ByteOrder, layout: &Layout) -> (Offsets, usize) {
    match order {
        ByteOrder::Little => walk_with(types, layout, u32::from_le_bytes),
        ByteOrder::Big => walk_with(types, layout, u32::from_be_bytes),
    }
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the header keeps the length of the section in 32 bits"
)]
fn walk_with(types: &[u8], layout: &Layout, word: impl Fn([u8; 4]) -> u32) -> (Offsets, usize) {
    // The least that a type takes is a record without anything behind it. What is not needed of
    // the capacity was never touched, and goes back.
    let mut offsets = Offsets::with_capacity(types.len().div_ceil(size_of::<raw::Type>()));
    let mut rest = types;
    while let Some((record, behind)) = rest.split_first_chunk::<{ size_of::<raw::Type>() }>() {
        let [_, _, _, _, i0, i1, i2, i3, ..] = *record;
        let info = Info(word([i0, i1, i2, i3]));
        let Some(shape) = layout.shape(info) else { break };
        let offset = types.len().wrapping_sub(rest.len()) as u32;
        if shape.is_bare() {
            offsets.push(offset, shape.is_type_name());
            rest = behind;
            continue;
        }
        let Some(len) = shape.trailing_len(info) else { break };
        let Some(next) = behind.get(len as usize..) else { break };
        offsets.push(offset, shape.is_type_name());
        rest = next;
    }
    (offsets.finish(), types.len().wrapping_sub(rest.len()))
}
