//! How libbpf understands an access string.

use std::ffi::CStr;

use libbpf_sys::bpf_core_relo;

use super::{Btf, Errno, PROGRAM, checked, ffi};
use crate::judge::Record;

/// libbpf's `struct bpf_core_spec`: an access string, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The named fields and array indices, without what is anonymous.
    pub accessors: Vec<Accessor>,
    /// The numbers of the access string.
    pub raw: Vec<u32>,
    /// Where the field is, in bits from the start of the root.
    pub bit_offset: u32,
}

/// A step of a [`Spec`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accessor {
    /// The composite that the field is in, or the array's element type.
    pub type_id: u32,
    /// The number of the field or of the element.
    pub index: u32,
    /// The field's name; none for an element.
    pub name: Option<String>,
}

/// What `bpf_core_parse_spec` makes of a record's access string.
///
/// # Errors
/// A type that is not there, and whatever libbpf refuses.
pub(super) fn parse(local: &Btf, record: Record) -> Result<Spec, Errno> {
    local.check(record.type_id)?;
    let mut spec = Box::new(ffi::Spec::EMPTY);
    // SAFETY: the BTF is alive, the type is there, and the spec is ours.
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

/// The record as libbpf declares it.
pub(super) fn raw_record(record: Record) -> bpf_core_relo {
    let Record { insn_off, type_id, access_str_off, kind } = record;
    bpf_core_relo { insn_off, type_id, access_str_off, kind }
}

fn length(length: i32) -> usize {
    usize::try_from(length).expect("libbpf counts up from zero")
}
