//! The places that C gives the members of a struct or union, after the rules of clang for BPF, which are those
//! of the Itanium C++ ABI.

use super::Field;

/// What the layout of a struct or union depends on. Sizes and alignments are in bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// The size that it has to have.
    pub(super) size: u64,
    pub(super) is_union: bool,
    pub(super) is_packed: bool,
    /// Whether offsets and size are left to the compiler.
    pub(super) is_free: bool,
    /// The largest alignment that an attribute may give it.
    pub(super) max_align: u64,
}

/// How a member is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Place {
    /// After padding. The alignment is that of its attribute, in bytes; 0 without one.
    At {
        /// The padding before it.
        pads: Pads,
        /// The alignment that its attribute states, in bytes; 0 without one.
        aligned: u64,
        /// The bits of a bitfield; 0 for another member.
        bits: u64,
    },
    /// Not at all: no member of C can be there.
    Nowhere,
}

/// Padding, from one bit to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Pads {
    from: u64,
    to: u64,
}

impl Pads {
    /// Returns the size in bytes.
    pub(in super::super) fn bytes(self) -> u64 {
        self.to.saturating_sub(self.from) / 8
    }

    /// Returns the first bit.
    pub(in super::super) fn start(self) -> u64 {
        self.from
    }

    /// Returns the number of fields.
    pub(in super::super) fn count(self) -> usize {
        /// More are as good as any number.
        const ENOUGH: usize = 1 << 10;
        self.take(ENOUGH).count()
    }
}

/// Bitfields without a name, as large as their positions allow: the size of each one in bits.
impl Iterator for Pads {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let left = self.to.checked_sub(self.from).filter(|left| *left > 0)?;
        let fits = |unit: &u64| self.from.is_multiple_of(*unit) && left >= *unit;
        let within_byte = left.min(8_u64.saturating_sub(self.from % 8));
        let size = [64, 32, 16, 8].into_iter().find(fits).unwrap_or(within_byte);
        self.from = self.from.saturating_add(size);
        Some(size)
    }
}

/// The end of a struct or union. Sizes are in bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) size: u64,
    pub(super) align: u64,
    /// The alignment that its attribute states; 0 without one.
    pub(super) aligned: u64,
    /// The padding after the last member.
    pub(super) pads: Pads,
}

impl Default for End {
    fn default() -> Self {
        Self { size: 0, align: 8, aligned: 0, pads: Pads::default() }
    }
}

impl Rules {
    /// Places all members. Returns `None` if they have to be packed.
    pub(super) fn place(&self, fields: &[Field], places: &mut Vec<Place>) -> Option<End> {
        places.clear();
        let (mut end, mut align, mut natural_align) = (0_u64, 8, 8);
        for field in fields {
            let is_outside = !self.is_free && field.offset.saturating_add(field.size) > self.size;
            let start = if self.is_union { 0 } else { end };
            let is_taken =
                !self.is_free && (field.offset < start || self.is_union && field.offset > 0);
            if field.is_impossible || is_outside || is_taken {
                places.push(Place::Nowhere);
                continue;
            }
            let place = self.place_one(field, start, &mut align)?;
            places.push(place);
            natural_align = natural_align.max(field.align);
            let field_end =
                if self.is_free { start } else { field.offset }.saturating_add(field.size);
            end = end.max(field_end);
        }
        let end = round_up(end, 8);
        if self.is_free {
            return Some(End { size: round_up(end, align), align, ..End::default() });
        }
        self.end(end, align, natural_align)
    }

    fn place_one(&self, field: &Field, start: u64, align: &mut u64) -> Option<Place> {
        let own = if self.is_packed { if field.is_bitfield { 1 } else { 8 } } else { field.align };
        let bits = if field.is_bitfield { field.size } else { 0 };
        let whole = |aligned| Some(Place::At { pads: Pads::default(), aligned, bits });
        if self.is_free {
            *align = own.max(*align);
            return whole(0);
        }
        let natural = if field.is_bitfield {
            let crosses =
                |from: u64| from.checked_rem(own).unwrap_or(0).saturating_add(bits) > field.unit;
            if !self.is_packed && crosses(field.offset) {
                return None;
            }
            if !self.is_packed && crosses(start) { round_up(start, own) } else { start }
        } else {
            if !field.offset.is_multiple_of(own.max(1)) {
                return None;
            }
            round_up(start, own)
        };
        if !self.is_packed {
            *align = own.max(*align);
        }
        if natural == field.offset {
            return whole(0);
        }
        if natural > field.offset {
            return None;
        }
        let pads = Pads { from: start, to: field.offset };
        if !field.is_bitfield && !self.is_packed && pads.count() > 1 {
            let fits = |wider: u64| {
                wider <= self.max_align
                    && self.size.is_multiple_of(wider)
                    && round_up(start, wider) == field.offset
            };
            if let Some(wider) = powers_above(own).find(|wider| fits(*wider)) {
                *align = wider.max(*align);
                return whole(wider / 8);
            }
        }
        Some(Place::At { pads, aligned: 0, bits })
    }

    /// Ends a struct or union after its members.
    fn end(&self, end: u64, align: u64, natural_align: u64) -> Option<End> {
        let pads = Pads { from: end, to: self.size };
        let done = End { size: self.size, align, aligned: 0, pads: Pads::default() };
        if self.is_packed {
            // A higher alignment than 1 makes faster code.
            let fits = |align: &u64| *align <= self.max_align && self.size.is_multiple_of(*align);
            let mut align = natural_align;
            while align > 8 && !fits(&align) {
                align /= 2;
            }
            let aligned = if align > 8 { align } else { 0 };
            let pads = if round_up(end, align) == self.size { Pads::default() } else { pads };
            return Some(End { align, aligned, pads, ..done });
        }
        if !self.size.is_multiple_of(align.max(1)) {
            return None;
        }
        if round_up(end, align) == self.size {
            return Some(done);
        }
        if pads.count() > 1 || self.is_union {
            let fits = |wider: u64| wider <= self.max_align && round_up(end, wider) == self.size;
            if let Some(wider) = powers_above(align).find(|wider| fits(*wider)) {
                return Some(End { align: wider, aligned: wider, ..done });
            }
        }
        Some(End { pads, ..done })
    }
}

/// Returns the powers of two above an alignment, up to that of a page.
fn powers_above(align: u64) -> impl Iterator<Item = u64> {
    (0..16).map(|shift| 8_u64 << shift).filter(move |power| *power > align)
}

fn round_up(position: u64, align: u64) -> u64 {
    position.checked_next_multiple_of(align).unwrap_or(position)
}
