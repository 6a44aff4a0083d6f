//! Structs, unions and enums.

use crate::{
    error::Result,
    parser::Parser,
    token::Token,
    types::{Member, Ref, TagKind, Type},
};

/// The layout of a struct or union while its members are read. Offsets are in bits.
#[derive(Debug, Default)]
struct Layout {
    is_union: bool,
    is_packed: bool,
    /// Where the member before ends.
    end: u64,
    /// Where the member that reaches farthest ends.
    farthest: u64,
    /// The alignment in bytes.
    align: u64,
}

impl Layout {
    /// Places a member of a size and alignment in bytes.
    fn place(&mut self, (size, align): (u64, u64), bits: Option<u64>, by_hand: Option<u64>) -> u64 {
        let align = if self.is_packed { 1 } else { align };
        let offset = match (by_hand, bits) {
            (Some(offset), _) => offset,
            (None, _) if self.is_union => 0,
            (None, None) => self.end.next_multiple_of(8 * align),
            (None, Some(0)) => self.end.next_multiple_of(8 * align),
            // A bitfield does not cross a boundary of its declared type.
            (None, Some(bits)) => {
                let crosses = self.end % (8 * align) + bits > 8 * size;
                if crosses && !self.is_packed {
                    self.end.next_multiple_of(8 * align)
                } else {
                    self.end
                }
            }
        };
        self.end = offset + bits.unwrap_or(8 * size);
        self.farthest = self.farthest.max(self.end);
        offset
    }

    fn size(&self) -> u64 {
        self.farthest.div_ceil(8).next_multiple_of(self.align)
    }
}

impl<'s> Parser<'s> {
    /// `struct s`, `union { … } @size 8`, `struct __attribute__((packed)) s { … }`
    pub(crate) fn composite(&mut self) -> Result<Ref> {
        let is_union = self.word("`struct` or `union`")? == "union";
        let kind = if is_union { TagKind::Union } else { TagKind::Struct };
        let is_packed = self.peek() == Token::Word("__attribute__");
        if is_packed {
            self.attribute("packed")?;
        }
        let name = self.tag_name();
        if !self.take('{') {
            return self.mention(kind, name);
        }
        let mut layout = Layout { is_union, is_packed, align: 1, ..Layout::default() };
        let mut members = Vec::new();
        while !self.take('}') {
            self.members(&mut layout, &mut members)?;
        }
        let natural = layout.size();
        let size = match self.size_by_hand()? {
            Some(size) => size,
            None => self.fits(natural)?,
        };
        let align = self.fits(layout.align)?;
        Ok(self.types.define(kind, name, Type::Composite { is_union, name, size, align, members }))
    }

    /// Reads the members of one declaration, as `int a, *b : 3 @ 4;`
    fn members(&mut self, layout: &mut Layout, members: &mut Vec<Member<'s>>) -> Result<()> {
        let base = self.specifier()?;
        loop {
            let at = self.next;
            let (name, of) = self.declarator(base)?;
            let bits = if self.take(':') { Some(self.small_number()?) } else { None };
            let by_hand = self.place_by_hand()?;
            // BTF may say what C may not: a member of a type without a size.
            let without_size = by_hand.map(|_| (0, 1));
            let Some((size, align)) = self.types.layout(of).or(without_size) else {
                self.next = at;
                return Err(self.error("a member needs a type with a size, or a place by hand"));
            };
            let bits_or_none = bits.map(u64::from);
            let bit_offset = layout.place((size, align), bits_or_none, by_hand);
            let bit_offset = self.fits(bit_offset)?;
            let is_unnamed_bitfield = bits.is_some() && name.is_empty();
            if !is_unnamed_bitfield {
                let bits = match bits {
                    Some(bits) => {
                        let narrow = u8::try_from(bits).ok().filter(|bits| *bits > 0);
                        Some(narrow.ok_or_else(|| self.error("a bitfield has 1 to 255 bits"))?)
                    }
                    None => None,
                };
                if !layout.is_packed {
                    layout.align = layout.align.max(align);
                }
                members.push(Member { name, of, bit_offset, bits });
            }
            if !self.take(',') {
                return self.expect(';');
            }
        }
    }

    /// `enum e`, `enum e : unsigned long { A, B = 5 } @size 4`
    pub(crate) fn enumeration(&mut self) -> Result<Ref> {
        self.next += 1;
        let name = self.tag_name();
        let underlying = if self.take(':') { Some(self.underlying()?) } else { None };
        if !self.take('{') {
            return self.mention(TagKind::Enum, name);
        }
        let mut enumerators: Vec<(&str, i128)> = Vec::new();
        while !self.take('}') {
            let enumerator = self.word("an enumerator")?;
            let value = if self.take('=') {
                self.number()?
            } else {
                enumerators.last().map_or(0, |(_, value)| value + 1)
            };
            enumerators.push((enumerator, value));
            if !self.take(',') {
                self.expect('}')?;
                break;
            }
        }
        let (size, signed) = match underlying {
            Some(underlying) => underlying,
            None => {
                let signed = enumerators.iter().any(|(_, value)| *value < 0);
                let fits = |value: i128| {
                    if signed { i32::try_from(value).is_ok() } else { u32::try_from(value).is_ok() }
                };
                let all_fit = enumerators.iter().all(|(_, value)| fits(*value));
                (if all_fit { 4 } else { 8 }, signed)
            }
        };
        let is_64 = size == 8;
        let signed = signed && self.has_enum_flags;
        if !signed {
            // The value as the unsigned type holds it.
            let modulus = 1_i128 << if is_64 { 64 } else { 32 };
            for (_, value) in &mut enumerators {
                *value = value.rem_euclid(modulus);
            }
        }
        let size = self.size_by_hand()?.unwrap_or(size);
        let ty = Type::Enum { name, size, is_64, signed, enumerators };
        Ok(self.types.define(TagKind::Enum, name, ty))
    }

    /// The size of an enum's underlying type, and whether it is signed. BTF does not have that type.
    fn underlying(&mut self) -> Result<(u32, bool)> {
        let known = self.types.types.len();
        let of = self.specifier()?;
        let layout = self.types.layout(of);
        let (size, _) = layout.ok_or_else(|| self.error("an enum needs an integer"))?;
        let signed = self.types.is_signed(of);
        self.types.types.truncate(known);
        Ok((self.fits(size)?, signed))
    }

    fn tag_name(&mut self) -> &'s str {
        match self.peek() {
            Token::Word(name) => {
                self.next += 1;
                name
            }
            _ => "",
        }
    }

    /// A reference to what a tag names.
    fn mention(&mut self, kind: TagKind, name: &'s str) -> Result<Ref> {
        if name.is_empty() {
            return Err(self.expected("a name or `{`"));
        }
        let tag = self.types.tag(kind, name);
        let defined = self.types.tags[tag].first_and_latest;
        Ok(defined.map_or(Ref::Tag(tag), |(_, latest)| Ref::Type(latest)))
    }

    /// `@ 4` or `@ 4.1`: bytes and bits. Returns bits.
    fn place_by_hand(&mut self) -> Result<Option<u64>> {
        if !self.take('@') {
            return Ok(None);
        }
        let bytes = u64::from(self.small_number()?);
        let bits = if self.take('.') { u64::from(self.small_number()?) } else { 0 };
        Ok(Some(8 * bytes + bits))
    }

    /// `@size 64`
    fn size_by_hand(&mut self) -> Result<Option<u32>> {
        if self.peek() != Token::Mark('@') || self.peek_second() != Token::Word("size") {
            return Ok(None);
        }
        self.next += 2;
        self.small_number().map(Some)
    }

    fn fits(&self, value: u64) -> Result<u32> {
        u32::try_from(value).map_err(|_| self.error("sizes and offsets have 32 bits"))
    }
}
