//! Judges: independent implementations that determine the right result.
//!
//! No expected value in our tests comes from the code under test. It comes from a judge, or from the
//! description that a fixture is generated from.
//!
//! - `libbpf` (feature `libbpf`): the reference implementation of CO-RE, for any pair of BTF and any
//!   instruction; needs neither root nor a kernel.
//! - [`kernel`]: the running kernel, which relocates by itself since 5.17; needs root.
//! - [`accepted`]: where we differ from the judges on purpose, and why.

pub mod accepted;
#[cfg(test)]
mod handmade;
pub mod kernel;
#[cfg(feature = "libbpf")]
pub mod libbpf;

use btf_types::{StrOffset, TypeId, ext::CoreReloc};

/// A CO-RE relocation record as in `.BTF.ext`, in the host's byte order.
///
/// Judges have their own type, because they must not read bytes through the code that they judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Record {
    /// The offset of the instruction in its section, in bytes.
    pub insn_off: u32,
    /// The root type, by its id in the local BTF.
    pub type_id: u32,
    /// The access string, by its offset in the strings of the local BTF.
    pub access_str_off: u32,
    /// The number of the kind of relocation, 0 to 12.
    pub kind: u32,
}

impl From<CoreReloc> for Record {
    fn from(record: CoreReloc) -> Self {
        let CoreReloc { insn_off, type_id, access_str_off, kind } = record;
        Self { insn_off, type_id: type_id.0, access_str_off: access_str_off.0, kind }
    }
}

impl From<Record> for CoreReloc {
    fn from(record: Record) -> Self {
        let Record { insn_off, type_id, access_str_off, kind } = record;
        let (type_id, access_str_off) = (TypeId(type_id), StrOffset(access_str_off));
        Self { insn_off, type_id, access_str_off, kind }
    }
}

/// Returns an instruction: opcode, destination and source register, offset, immediate.
pub fn insn(is_big_endian: bool, code: u8, dst: u8, src: u8, off: i16, imm: i32) -> [u8; 8] {
    let (registers, [o0, o1], [i0, i1, i2, i3]) = if is_big_endian {
        ((dst << 4) | src, off.to_be_bytes(), imm.to_be_bytes())
    } else {
        ((src << 4) | dst, off.to_le_bytes(), imm.to_le_bytes())
    };
    [code, registers, o0, o1, i0, i1, i2, i3]
}

/// Reports that a judge cannot run here, and why. The test should then return.
///
/// # Panics
/// Panics if the environment variable `CI` is set: in CI, every judge must run.
pub fn skipped(why: &str) {
    assert!(
        std::env::var_os("CI").is_none_or(|value| value.is_empty()),
        "in CI every judge must run: {why}"
    );
    println!("SKIPPED: {why}");
}
