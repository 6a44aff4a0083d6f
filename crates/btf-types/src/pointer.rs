//! The size of a pointer, which BTF does not store.

use core::sync::atomic::Ordering;

use crate::{Btf, Kind, StrOffset};

/// The spellings of C's `long` and `unsigned long`, which are as wide as a pointer in the kernel.
const LONG: [&[u8]; 11] = [
    b"long",
    b"long int",
    b"int long",
    b"unsigned long",
    b"long unsigned",
    b"unsigned long int",
    b"unsigned int long",
    b"long unsigned int",
    b"long int unsigned",
    b"int unsigned long",
    b"int long unsigned",
];

/// The widest name of [`LONG`], in bytes.
const LONGEST: usize = 17;

impl<'a> Btf<'a> {
    /// The size of a pointer in bytes: what [`Btf::with_pointer_size`] said, else the base's, else
    /// that of the first INT that is called `long` or `unsigned long`, else 8.
    ///
    /// A 32-bit kernel's `long` has 4 bytes. libbpf tells it the same way (`determine_ptr_size`).
    /// The answer is looked for once, and kept.
    pub fn pointer_size(&'a self) -> u8 {
        let size = match self.pointer_size_cell().load(Ordering::Relaxed) {
            0 => {
                let size = self.size_of_long().unwrap_or(8);
                self.pointer_size_cell().store(size, Ordering::Relaxed);
                size
            }
            known => known,
        };
        // Only 4 and 8 are ever stored.
        if size == 4 { 4 } else { 8 }
    }

    /// Fixes the size of a pointer: 8 for BPF objects, whose BTF need not name a `long`.
    #[must_use]
    pub fn with_pointer_size(self, size: PointerSize) -> Self {
        self.pointer_size_cell().store(size as usize, Ordering::Relaxed);
        self
    }

    fn size_of_long(&'a self) -> Option<usize> {
        if let Some(base) = self.base() {
            match base.pointer_size_cell().load(Ordering::Relaxed) {
                0 => {}
                known => return Some(known),
            }
            if let Some(size) = base.size_of_long() {
                return Some(size);
            }
        }
        let order = self.byte_order();
        let ints = [Kind::Int].into_iter().collect();
        let mut longs = self.own_records(ints).filter_map(|(_, record)| {
            let size = match record.size_or_type.get(order) {
                4 => 4,
                8 => 8,
                _ => return None,
            };
            let name = self.string_and_rest(StrOffset(record.name_off.get(order)))?;
            let name = name.get(..=LONGEST).unwrap_or(name);
            let name = name.split(|byte| *byte == 0).next()?;
            LONG.contains(&name).then_some(size)
        });
        longs.next()
    }
}

/// How many bytes a pointer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PointerSize {
    /// 32-bit kernels.
    Four = 4,
    /// 64-bit kernels, and BPF itself.
    Eight = 8,
}
