//! Where a struct's members are, written anywhere: no std, no memory from the heap.
#![no_std]

use core::fmt::{self, Write};

use btf_types::{Btf, Kind};

/// Why nothing, or not everything, was written.
#[derive(Debug)]
pub enum Error {
    Btf(btf_types::Error),
    NoSuchStruct,
    Output(fmt::Error),
}

impl From<btf_types::Error> for Error {
    fn from(error: btf_types::Error) -> Self {
        Self::Btf(error)
    }
}

impl From<fmt::Error> for Error {
    fn from(error: fmt::Error) -> Self {
        Self::Output(error)
    }
}

/// Writes a line for each member of a struct: its offset in bytes, of a bitfield also the bit and
/// the number of bits, and its name.
pub fn write_layout(btf: &[u8], name: &str, out: &mut impl Write) -> Result<(), Error> {
    let btf = Btf::parse(btf)?;
    let ty = btf.find(name, Kind::Struct).ok_or(Error::NoSuchStruct)?;
    for member in ty.members() {
        let (byte, bit) = (member.bit_offset() / 8, member.bit_offset() % 8);
        let name = match member.name()? {
            name if name.is_empty() => "(anonymous)".into(),
            name => name,
        };
        match member.bitfield_size() {
            0 => writeln!(out, "{byte} {name}")?,
            bits => writeln!(out, "{byte}.{bit} {name}: {bits}")?,
        }
    }
    writeln!(out, "{} bytes", ty.size()?)?;
    Ok(())
}
