//! How long each kind's record is, for known kinds and for those that a layout table describes.

use core::cmp::Ordering;

use zerocopy::FromBytes;

use crate::{
    ByteOrder, Info, Kind, KindSet,
    offsets::{BLOCK, Offsets},
    raw,
};

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

    /// 1 for a kind of [`KindSet::TYPE_NAMES`], else 0.
    #[inline]
    fn type_name_bit(self) -> u64 {
        u64::from(self.0 / Self::IS_TYPE_NAME)
    }

    /// The same, for whatever kind.
    #[inline]
    const fn of_any_kind(self) -> Self {
        Self(self.0 & !Self::IS_TYPE_NAME)
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
        self.shape(info).trailing_len(info)
    }

    #[inline]
    fn shape(&self, info: Info) -> Shape {
        // A kind has seven bits, so that there is always one.
        self.0.get(usize::from(info.raw_kind())).copied().unwrap_or_default()
    }
}

/// Where a walk met a type that it could not pass: one of an unknown kind, or one that is not all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped {
    /// The index of the type.
    pub(crate) index: usize,
    /// Where it begins, in bytes from the start of the type section.
    pub(crate) offset: usize,
}

/// Finds where every type's record begins.
///
/// This one walk is all that parsing does to the types, so it is kept light: one table look-up and one
/// bounds check a type. What takes time is that where a type begins depends on what the one before it
/// is. The branches are for that: a processor that guesses the kind, which most often is that of the
/// type before, is at the next type after a sum, while the table and the product would take it
/// three times as long. It saves a third of the time.
#[inline(never)] // Inside of something larger it would have fewer registers, and be slower.
pub(crate) fn walk(types: &[u8], order: ByteOrder, layout: &Layout) -> Result<Offsets, Stopped> {
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
fn walk_with(
    types: &[u8],
    layout: &Layout,
    word: impl Fn([u8; 4]) -> u32,
) -> Result<Offsets, Stopped> {
    const RECORD: usize = size_of::<raw::Type>();
    const PARAM: u64 = size_of::<raw::Param>() as u64;
    const MEMBER: u64 = size_of::<raw::Member>() as u64;
    const INT: u8 = Kind::Int.to_raw();
    let record_at = |at: u64| types.get(usize::try_from(at).ok()?..)?.first_chunk::<RECORD>();
    let mut offsets = Offsets::for_section(types.len());
    // In 64 bits, since a type may claim to end behind all that 32 bits can count.
    let mut at = 0_u64;
    loop {
        let mut starts = [0; BLOCK];
        let (mut count, mut marks, mut has_int) = (0, 0, false);
        for start in &mut starts {
            let Some(record) = record_at(at) else { break };
            let [n0, n1, n2, n3, i0, i1, i2, i3, ..] = *record;
            let info = Info(word([i0, i1, i2, i3]));
            let shape = layout.shape(info);
            *start = at as u32;
            count = usize::wrapping_add(count, 1);
            let is_marked = shape.type_name_bit() & u64::from([n0, n1, n2, n3] != [0; 4]);
            marks = (marks << 1) | is_marked;
            at = at.wrapping_add(RECORD as u64);
            if shape.of_any_kind() == once::<()>() {
                continue;
            }
            let vlen = u64::from(info.vlen());
            if shape.of_any_kind() == each::<raw::Param>() {
                at = at.wrapping_add(vlen.wrapping_mul(PARAM));
                continue;
            }
            if shape.of_any_kind() == each::<raw::Member>() {
                at = at.wrapping_add(vlen.wrapping_mul(MEMBER));
                continue;
            }
            let Some(trailing) = shape.trailing_len(info) else {
                // A type of an unknown kind has no end in the section, and so is the last.
                at = u64::MAX;
                break;
            };
            at = at.wrapping_add(trailing.into());
            has_int |= info.raw_kind() == INT;
        }
        offsets.push(&starts, count, marks, has_int);
        if count < BLOCK {
            break;
        }
    }
    offsets.shrink();
    let end = types.len() as u64;
    match at.cmp(&end) {
        Ordering::Equal => Ok(offsets),
        // What is left is too little for a record.
        Ordering::Less => Err(Stopped { index: offsets.len(), offset: at as usize }),
        // The last type ends behind the section.
        Ordering::Greater => {
            let index = offsets.len().saturating_sub(1);
            Err(Stopped { index, offset: offsets.get(index).unwrap_or(0) })
        }
    }
}
