//! The size of a pointer, which BTF does not store.

use core::sync::atomic::Ordering;

use crate::{Btf, KindSet, StrOffset};

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

/// What is kept until the size is asked for.
pub(crate) const UNASKED: usize = 0;
/// What is kept where nothing tells the size.
const UNTOLD: usize = 1;

impl<'a> Btf<'a> {
    /// The size of a pointer in bytes: what [`Btf::with_pointer_size`] said, else the base's, else
    /// that of the first INT that is called `long` or `unsigned long`, else 8.
    ///
    /// A 32-bit kernel's `long` has 4 bytes. libbpf tells it the same way (`determine_ptr_size`).
    /// The answer is looked for once, and kept.
    pub fn pointer_size(&'a self) -> u8 {
        if self.told_pointer_size() == Some(4) { 4 } else { 8 }
    }

    /// Fixes the size of a pointer: 8 for BPF objects, whose BTF need not name a `long`.
    #[must_use]
    pub fn with_pointer_size(self, size: PointerSize) -> Self {
        self.pointer_size_cell().store(size as usize, Ordering::Relaxed);
        self
    }

    /// The size that something tells. It is looked for once; that nothing tells it is kept, too,
    /// and is not taken for 8, since a BTF that is split on this one may know better.
    fn told_pointer_size(&'a self) -> Option<usize> {
        let cell = self.pointer_size_cell();
        match cell.load(Ordering::Relaxed) {
            UNASKED => {
                let told = self.base().and_then(Btf::told_pointer_size);
                let told = told.or_else(|| self.size_of_long());
                cell.store(told.unwrap_or(UNTOLD), Ordering::Relaxed);
                told
            }
            UNTOLD => None,
            told => Some(told),
        }
    }

    /// The size of the first `long` among the own types.
    fn size_of_long(&'a self) -> Option<usize> {
        let order = self.byte_order();
        let mut longs = self.named_records(KindSet::INT).filter_map(|(_, record)| {
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
