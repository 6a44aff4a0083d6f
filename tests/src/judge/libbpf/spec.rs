//! libbpf's specs of access strings.

use std::ffi::CStr;

use libbpf_sys::bpf_core_relo;

use super::{Btf, Errno, PROGRAM, checked, ffi};
use crate::judge::Record;

/// libbpf's `struct bpf_core_spec`: an access string, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The named members and array elements; anonymous members are left out.
    pub accessors: Vec<Accessor>,
    /// The numbers of the access string.
    pub raw: Vec<u32>,
    /// The offset of the field in the root type, in bits.
    pub bit_offset: u32,
}

/// A member or element on the path of a [`Spec`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accessor {
    /// The composite that has the member, or the element's type.
    pub type_id: u32,
    /// The index of the member or element.
    pub index: u32,
    /// The member's name; `None` for an element.
    pub name: Option<String>,
}

/// Parses a record's access string with `bpf_core_parse_spec`.
///
/// # Errors
/// The type does not exist, or libbpf rejects the access string.
pub(super) fn parse(local: &Btf, record: Record) -> Result<Spec, Errno> {
    local.check(record.type_id)?;
    let mut spec = Box::new(ffi::Spec::EMPTY);
    // SAFETY: the BTF is alive, the type exists, and nothing else refers to the spec.
    checked(unsafe {
        ffi::bpf_core_parse_spec(
            PROGRAM.as_ptr(),
            local.as_ptr(),
            &raw_record(record),
            &raw mut *spec,
        )
    })?;
    let accessor = |accessor: &ffi::Accessor| {
        let name = (!accessor.name.is_null()).then(|| {
            // SAFETY: it points into the BTF's strings, which end with NUL.
            unsafe { CStr::from_ptr(accessor.name) }.to_string_lossy().into_owned()
        });
        Accessor { type_id: accessor.type_id, index: accessor.idx, name }
    };
    Ok(Spec {
        accessors: spec.spec[..length(spec.len)].iter().map(accessor).collect(),
        raw: spec.raw_spec[..length(spec.raw_len)].iter().map(|index| *index as u32).collect(),
        bit_offset: spec.bit_offset,
    })
}

/// Converts a record to libbpf's struct.
pub(super) fn raw_record(record: Record) -> bpf_core_relo {
    let Record { insn_off, type_id, access_str_off, kind } = record;
    bpf_core_relo { insn_off, type_id, access_str_off, kind }
}

fn length(length: i32) -> usize {
    usize::try_from(length).expect("libbpf counts up from zero")
}
