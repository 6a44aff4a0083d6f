//! One relocation: an instruction, a root type, an access path and a kind.

use btf_types::{Btf, TypeId, ext::CoreReloc};

use super::{access::AccessPath, kind::RelocKind};
use crate::error::Cause;

/// A CO-RE relocation, decoded.
///
/// It comes from a record of `.BTF.ext` ([`Relocation::from_record`]), from parts
/// ([`Relocation::new`]), or from names ([`field_relocation`](crate::generate::field_relocation)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Relocation {
    /// Bytes from the start of the code to the instruction.
    pub insn_off: u32,
    /// The root type, in the local BTF.
    pub type_id: TypeId,
    /// The path from the root type to the field or enumerator.
    pub access: AccessPath,
    /// The kind.
    pub kind: RelocKind,
}

impl Relocation {
    /// Creates a relocation of the given parts.
    ///
    /// ```
    /// use btf_types::TypeId;
    /// use core_reloc::{RelocKind, Relocation};
    ///
    /// let relocation =
    ///     Relocation::new(16, TypeId(5), "0:2".parse()?, RelocKind::FieldByteOffset);
    /// assert_eq!(*relocation.access, [0, 2]);
    /// # Ok::<(), core_reloc::AccessError>(())
    /// ```
    pub fn new(insn_off: u32, type_id: TypeId, access: AccessPath, kind: RelocKind) -> Self {
        Self { insn_off, type_id, access, kind }
    }

    /// Decodes a record whose access string is in `local`.
    ///
    /// # Errors
    /// [`Cause::UnknownKind`], [`Cause::Access`], or [`Cause::Local`] if the string does not exist.
    pub fn from_record(local: &Btf<'_>, record: &CoreReloc) -> Result<Self, Cause> {
        let kind =
            RelocKind::from_raw(record.kind).ok_or(Cause::UnknownKind { found: record.kind })?;
        let access = local.string(record.access_str_off).map_err(Cause::Local)?;
        let access = AccessPath::parse_for(kind, access.as_bytes())?;
        Ok(Self { insn_off: record.insn_off, type_id: record.type_id, access, kind })
    }
}
