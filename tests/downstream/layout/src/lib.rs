//! Writes the layout of a struct, without std or heap memory.
#![no_std]

use core::fmt::{self, Write};

use btf_types::{Btf, Kind};

/// Why the layout was not written completely.
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

/// Writes a line for each member of a struct: its offset in bytes and its name; for a bitfield also the bit
/// offset and width.
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
