//! The bytes of a file: mapped, or read into memory.

use memmap2::Mmap;

#[cfg(feature = "lease")]
use crate::{
    error::FileProblem,
    lease::LeasedMap,
    read::{Opened, check_len},
};

pub(crate) enum Bytes {
    Mapped(Mmap),
    #[cfg(feature = "lease")]
    Leased(LeasedMap),
    Read(Vec<u8>),
}

impl Bytes {
    /// Maps a file under a lease, or reads it where there is none.
    #[cfg(feature = "lease")]
    pub(crate) fn leased(opened: Opened) -> Result<Self, FileProblem> {
        opened.check_len()?;
        match LeasedMap::of(&opened.file) {
            Some(map) => {
                // It may have grown before the lease.
                check_len("the file", map.as_bytes().len() as u64, opened.max_len)?;
                Ok(Self::Leased(map))
            }
            None => opened.read_whole().map(Self::Read),
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            #[cfg(feature = "lease")]
            Self::Leased(map) => map.as_bytes(),
            Self::Read(bytes) => bytes,
        }
    }
}
