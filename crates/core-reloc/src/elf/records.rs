//! The relocations of an object: records with their code.

use alloc::{string::String, vec::Vec};
use core::ops::Range;

use btf_types::{Btf, ByteOrder, Name, TypeId, ext::CoreReloc};

use super::{
    functions::Function,
    object::{Group, GroupSection, Object},
    skip::Skip,
};
use crate::{
    describe,
    error::Error,
    patch::{Code, insn::SLOT_OFF},
    record::{RelocKind, Relocation},
};

/// One relocation of an object: a record of `.BTF.ext` and the code that it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct ObjectRelocation<'a> {
    object: &'a Object<'a>,
    local: &'a Btf<'a>,
    group: &'a Group<'a>,
    index: usize,
    record: CoreReloc,
}

impl<'a> ObjectRelocation<'a> {
    /// Returns the name of the section.
    pub fn section(&self) -> Name<'a> {
        self.group.name
    }

    /// Returns the number of the record within its section, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the record as it is stored.
    pub fn record(&self) -> &CoreReloc {
        &self.record
    }

    /// Returns the offset of the instruction in the section, in bytes.
    pub fn insn_off(&self) -> u32 {
        self.record.insn_off
    }

    /// Returns the kind; `None` if the number, [`CoreReloc::kind`], is unknown.
    pub fn kind(&self) -> Option<RelocKind> {
        RelocKind::from_raw(self.record.kind)
    }

    /// Returns the root type, in the object's own types.
    pub fn type_id(&self) -> TypeId {
        self.record.type_id
    }

    /// Returns the name of the root type, empty if it is anonymous; `None` if there is no such type or name.
    pub fn root_name(&self) -> Option<Name<'a>> {
        self.local.type_by_id(self.record.type_id).ok()?.name().ok()
    }

    /// Returns the access string as it is stored; `None` if there is no such string.
    pub fn access_string(&self) -> Option<Name<'a>> {
        self.local.string(self.record.access_str_off).ok()
    }

    /// Writes the access as C, as [`access_in_c`](crate::access_in_c) does.
    pub fn access_in_c(&self) -> String {
        match self.decode() {
            Ok(relocation) => describe::access_in_c(self.local, &relocation),
            Err(_) => describe::record_root(self.local, &self.record),
        }
    }

    /// Appends the access as C, in UTF-8: [`ObjectRelocation::access_in_c`] for reports of many relocations, without
    /// an allocation for each.
    ///
    /// ```
    /// use core_reloc::elf::Object;
    ///
    /// fn accesses(object: &Object<'_>) -> Vec<u8> {
    ///     let mut text = Vec::new();
    ///     for relocation in object.relocations() {
    ///         relocation.push_access_in_c(&mut text);
    ///         text.push(b'\n');
    ///     }
    ///     text
    /// }
    /// ```
    pub fn push_access_in_c(&self, text: &mut Vec<u8>) {
        match self.decode() {
            Ok(relocation) => describe::push_access_in_c(text, self.local, &relocation),
            Err(_) => {
                text.extend_from_slice(describe::record_root(self.local, &self.record).as_bytes())
            }
        }
    }

    /// Decodes the record.
    ///
    /// # Errors
    /// A record whose kind is unknown, or whose access string is invalid.
    pub fn decode(&self) -> Result<Relocation, Error> {
        Relocation::from_record(self.local, &self.record).map_err(|cause| Error {
            subject: describe::record_subject(self.local, &self.record),
            cause,
        })
    }

    /// Returns the original instruction; `None` if there is none at the offset.
    pub fn insn(&self) -> Option<Code> {
        match self.group.section {
            GroupSection::Code { bytes, .. } => Code::at(bytes, self.record.insn_off),
            GroupSection::Missing | GroupSection::NotCode => None,
        }
    }

    /// Returns the name of the function that contains the instruction; `None` if the name cannot be read.
    ///
    /// # Errors
    /// The reason why there is no such function: the relocation is then skipped.
    pub fn function(&self) -> Result<Option<Name<'a>>, Skip> {
        self.function_symbol().map(|function| self.object.functions().name(function))
    }

    /// Returns the index of the instruction in its function, counted in 8-byte slots; `None` if no function
    /// contains it.
    pub fn insn_in_function(&self) -> Option<u32> {
        let start = u32::try_from(self.function_symbol().ok()?.start).ok()?;
        self.record.insn_off.checked_sub(start).map(|offset| offset / SLOT_OFF)
    }

    pub(super) fn function_symbol(&self) -> Result<&'a Function, Skip> {
        self.group.function(self.object.functions(), self.record.insn_off)
    }

    /// Returns the function that contains the instruction: the number of its section, and its range there in
    /// bytes; `None` if there is no such function.
    pub fn function_range(&self) -> Option<(u32, Range<u64>)> {
        let GroupSection::Code { index, .. } = self.group.section else { return None };
        let function = self.function_symbol().ok()?;
        Some((index, function.start..function.end))
    }

    /// Returns the object that the relocation is of.
    pub fn object(&self) -> &'a Object<'a> {
        self.object
    }

    /// Returns the byte order of the code.
    pub fn byte_order(&self) -> ByteOrder {
        self.object.byte_order()
    }

    /// Returns the object's own types.
    pub fn local(&self) -> &'a Btf<'a> {
        self.local
    }

    pub(super) fn code_section(&self) -> GroupSection<'a> {
        self.group.section
    }
}

/// The relocations of an object, in the order of their records.
#[derive(Debug, Clone)]
pub struct Relocations<'a> {
    object: &'a Object<'a>,
    /// The group of the next record, and its index there.
    group: usize,
    index: usize,
}

impl<'a> Object<'a> {
    /// Returns all relocations, in the order of their records.
    pub fn relocations(&'a self) -> Relocations<'a> {
        Relocations { object: self, group: 0, index: 0 }
    }
}

impl<'a> Iterator for Relocations<'a> {
    type Item = ObjectRelocation<'a>;

    fn next(&mut self) -> Option<ObjectRelocation<'a>> {
        let (object, local) = (self.object, self.object.btf()?);
        loop {
            let group = object.groups().get(self.group)?;
            let index = self.index;
            if let Some(record) = group.records.get(index) {
                self.index = index.saturating_add(1);
                return Some(ObjectRelocation { object, local, group, index, record });
            }
            self.group = self.group.saturating_add(1);
            self.index = 0;
        }
    }

    /// Counts the records that are left in the group.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let group = self.object.groups().get(self.group);
        (group.map_or(0, |group| group.records.len().saturating_sub(self.index)), None)
    }
}
