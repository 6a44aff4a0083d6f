//! The load that covers a bitfield in the form that encoders used before kind_flag. Relocations treat it as
//! an integer of its own, so their values do not apply.

use btf_types::ByteOrder;
use core_reloc::functions::Shifts;

/// The place of a bitfield in its root type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bitfield {
    pub(super) bit_offset: u32,
    pub(super) bits: u8,
}

/// A load that contains a bitfield, and the shifts that extract it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) byte_offset: u64,
    pub(super) size: u64,
    pub(super) shifts: Shifts,
}

impl Bitfield {
    /// Returns the smallest naturally aligned load that covers the bitfield and is at least as large as its
    /// type, as for other bitfields; `None` if that is more than 8 bytes.
    pub(super) fn load(self, type_size: u64, order: ByteOrder) -> Option<Load> {
        let (start, bits) = (u64::from(self.bit_offset), u64::from(self.bits));
        let sizes = [1_u64, 2, 4, 8].into_iter().filter(|size| *size >= type_size);
        let fitting = |size: u64| {
            let byte_offset = (start / 8).checked_div(size)?.checked_mul(size)?;
            let within = start.checked_sub(byte_offset.checked_mul(8)?)?;
            let end = within.checked_add(bits)?;
            let all = size.checked_mul(8)?;
            let left = match order {
                ByteOrder::Little => 64_u64.checked_sub(end)?,
                ByteOrder::Big => 64_u64.checked_sub(all)?.checked_add(within)?,
            };
            let shifts = Shifts { left, right: 64_u64.checked_sub(bits)? };
            (end <= all).then_some(Load { byte_offset, size, shifts })
        };
        sizes.filter_map(fitting).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shifts_extract_the_bits_from_the_load() {
        // In memory order: bit 13 of a little-endian number, 5 bits long, and the same bits counted from
        // the most significant one.
        for (order, word) in [
            (ByteOrder::Little, u64::from(0b10110_u32 << 13)),
            (ByteOrder::Big, u64::from(0b10110_u32 << (32 - 13 - 5))),
        ] {
            let load = Bitfield { bit_offset: 64 + 13, bits: 5 }.load(4, order).unwrap();
            assert_eq!((load.byte_offset, load.size), (8, 4));
            assert_eq!((word << load.shifts.left) >> load.shifts.right, 0b10110, "{order}");
        }
    }

    #[test]
    fn the_load_is_the_smallest_that_is_aligned() {
        let load = |bit_offset, bits, size| {
            let load = Bitfield { bit_offset, bits }.load(size, ByteOrder::Little);
            load.map(|load| (load.byte_offset, load.size))
        };
        assert_eq!(load(3, 4, 1), Some((0, 1)));
        assert_eq!(load(6, 4, 1), Some((0, 2)));
        // Bits 30 to 33 need the 8 bytes from 0.
        assert_eq!(load(30, 4, 4), Some((0, 8)));
        assert_eq!(load(62, 4, 4), None);
        assert_eq!(load(0, 65, 16), None);
        assert_eq!(load(u32::MAX, 1, 1), Some((0x1fff_ffff, 1)));
    }
}
