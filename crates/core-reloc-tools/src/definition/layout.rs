//! The place of a member in its type.

use std::fmt;

use btf_types::{Kind, Member};

/// The offset and size of a member within the type that is defined.
///
/// `Display` writes them as pahole does: offset and size in bytes; for a bitfield, the offset of the unit of
/// its declared type that holds its first bit, and that bit within the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberLayout {
    /// The offset in bits.
    pub bit_offset: u64,
    /// The offset in bytes; for a bitfield, that of the unit of its declared type.
    pub byte_offset: u64,
    /// The size of a bitfield in bits; 0 for other members.
    pub bitfield_size: u8,
    /// The size of the member's type in bytes, if it has one.
    pub size: Option<u32>,
}

impl MemberLayout {
    /// Returns the layout of a member within its struct or union.
    ///
    /// A bitfield of an older encoder, whose struct has no kind_flag, has an INT with its own number of
    /// bits and an offset of them. Both are taken into account here; relocations ignore them, as libbpf
    /// does.
    ///
    /// ```
    /// use btf_types::{Btf, ByteOrder, IntEncoding, Kind, build::Builder};
    /// use core_reloc_tools::definition::MemberLayout;
    ///
    /// // 3 bits, from bit 5 of an `int`.
    /// let mut btf = Builder::new(ByteOrder::Little);
    /// let bits = btf.int("int", 4, IntEncoding(3 | 5 << 16));
    /// btf.structure("flags", 8).member("kind", bits, 32).finish();
    /// let bytes = btf.finish()?;
    /// let btf = Btf::parse(&bytes)?;
    ///
    /// let flags = btf.find("flags", Kind::Struct).ok_or("no flags")?;
    /// let layout = MemberLayout::of(flags.members().get(0).ok_or("no members")?);
    /// assert_eq!((layout.bit_offset, layout.bitfield_size), (37, 3));
    /// assert_eq!(layout.to_string(), "/*     4:5     4 */");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(member: Member<'_>) -> Self {
        Self::within(member, 0)
    }

    /// Returns the layout of a member of a type that starts at a bit of the type that is defined.
    pub(crate) fn within(member: Member<'_>, bits: u64) -> Self {
        let ty = member.ty().ok();
        let size = ty.and_then(|ty| ty.size().ok());
        let mut bit_offset = u64::from(member.bit_offset());
        let mut bitfield_size = member.bitfield_size();
        if let Some((offset, bits)) = old_bitfield(member) {
            bit_offset = bit_offset.saturating_add(offset.into());
            bitfield_size = bits;
        }
        // pahole takes the unit from the start of the innermost type.
        let unit = size.filter(|size| bitfield_size > 0 && *size > 0).map_or(1, u64::from);
        let byte = bit_offset / 8;
        let unit_offset = byte.saturating_sub(byte.checked_rem(unit).unwrap_or(0));
        Self {
            bit_offset: bits.saturating_add(bit_offset),
            byte_offset: (bits / 8).saturating_add(unit_offset),
            bitfield_size,
            size,
        }
    }
}

/// Returns the bit offset of a bitfield in its INT and its size in bits, if the member is a bitfield in the
/// form that encoders used before kind_flag.
pub(crate) fn old_bitfield(member: Member<'_>) -> Option<(u8, u8)> {
    if member.owner().kind_flag() {
        return None;
    }
    let ty = member.ty().and_then(|ty| ty.skip_modifiers_and_typedefs()).ok()?;
    let int = ty.int().filter(|_| ty.kind() == Kind::Int)?;
    let whole = ty.stated_size()?.saturating_mul(8);
    let is_part = int.bit_offset() > 0 || u32::from(int.bits()) < whole;
    (is_part && int.bits() > 0).then_some((int.bit_offset(), int.bits()))
}

impl fmt::Display for MemberLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bit = self.bit_offset.saturating_sub(self.byte_offset.saturating_mul(8));
        let mut place = format!("{:>5}", self.byte_offset);
        if self.bitfield_size > 0 || bit > 0 {
            place.push_str(&format!(":{bit}"));
        }
        let size = self.size.map_or_else(|| "?".to_string(), |size| size.to_string());
        // The numbers of two digits take one of the spaces before the size.
        let rest = 13_usize.saturating_sub(place.len().max(7));
        write!(f, "/* {place:<7}{size:>rest$} */")
    }
}
