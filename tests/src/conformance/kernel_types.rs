//! Relocates every type of a kernel, with all its fields, for another kernel.
//!
//! The records are generated from the BTF of the first kernel; nothing is compiled. The instructions
//! hold the values that a compiler would have written, according to libbpf.

use std::collections::HashMap;

use btf_types::{Btf, ByteOrder, Kind, Type};
use core_reloc::{RelocKind, Relocator, Target, record::Subject};

use super::code::Form;
use super::compare::Comparer;
use super::report::Row;
use super::target::{Index, Kernel, for_libbpf, with_strings};
use crate::judge::Record;
use crate::judge::libbpf::{self, Libbpf};

/// The most levels of named structs and unions in a path. Anonymous levels do not count.
const LEVELS: u32 = 2;

/// One in this many functions and variables is a root type: compilers write no relocations of them.
const FUNCTIONS: usize = 16;

/// The relocation records of all types of a kernel.
pub(super) struct TypeRecords {
    /// The kernel's name.
    name: String,
    /// The kernel's BTF, with the access strings.
    btf: Vec<u8>,
    /// In the order of the root types, without offsets of instructions.
    records: Vec<Record>,
}

impl TypeRecords {
    /// Returns the records of one in `sample` of a kernel's types.
    ///
    /// # Errors
    /// The BTF cannot be read.
    pub(super) fn of(kernel: &Kernel, sample: usize) -> Result<Self, String> {
        let failed = |error| format!("BTF of {}: {error}", kernel.name);
        let btf = Btf::parse(&kernel.main).map_err(|error| failed(error.to_string()))?;
        let mut collector = Collector::default();
        for ty in btf.own_types().step_by(sample) {
            collector.add_type(ty).map_err(|error| failed(error.to_string()))?;
        }
        let (bytes, offsets) =
            with_strings(&kernel.main, collector.strings.iter().map(|s| &**s)).map_err(failed)?;
        for record in &mut collector.records {
            record.access_str_off = offsets[record.access_str_off as usize];
        }
        Ok(Self { name: kernel.name.clone(), btf: bytes, records: collector.records })
    }

    /// Relocates all records for a kernel, on both sides.
    pub(super) fn compare_on(&self, kernel: &Kernel) -> Row {
        let new_row = || Row::new(format!("all types of {}", self.name), &kernel.name);
        let mut row = new_row();
        let all = kernel.with_targets(Index::Kept, |ours, theirs| {
            row = self.relocate(ours, theirs, new_row(), false)?;
            if row.tally().unexplained > 0 {
                // Again, with libbpf's log.
                row = self.relocate(ours, theirs, new_row(), true)?;
            }
            Ok(())
        });
        row.add_result(all);
        row
    }

    fn relocate(
        &self,
        ours: &Target<'_>,
        theirs: &libbpf::Target,
        mut row: Row,
        with_log: bool,
    ) -> Result<Row, String> {
        let local = Btf::parse(&self.btf).map_err(|error| error.to_string())?;
        let is_big_endian = local.byte_order() == ByteOrder::Big;
        let libbpf = Libbpf::new(&for_libbpf(&self.btf), theirs);
        let libbpf = libbpf.map_err(|error| error.to_string())?;
        let mut comparer = Comparer::new(&local, ours, libbpf, with_log);
        let mut relocator = Relocator::new(&local, ours);
        let (mut our_code, mut their_code) = (Vec::new(), Vec::new());
        for (number, record) in self.records.iter().enumerate() {
            let theirs = comparer.libbpf().resolution(*record);
            let (original, size) = theirs.map_or((0, 0), |it| (it.original, it.original_size));
            // A few instructions hold a wrong value.
            let is_wrong = number % 97 == 0;
            let held = if is_wrong { original.wrapping_add(1) } else { original };
            let insn = form(record.kind, number, size).holding(held, is_big_endian);
            let insn_off = u32::try_from(our_code.len()).map_err(|error| error.to_string())?;
            our_code.extend_from_slice(&insn);
            their_code.extend(insn);

            let record = Record { insn_off, ..*record };
            let code = [&mut our_code[..], &mut their_code];
            let compared = comparer.relocate_both(&mut relocator, record, code);
            row.add(|| format!("record {number}"), &compared);
        }
        Ok(row)
    }
}

/// Returns the form of a record's instruction: the forms take turns.
fn form(kind: u32, number: usize, size: u32) -> Form {
    let size = if size == 0 { 4 } else { size };
    let turn = number / 7;
    match RelocKind::from_raw(kind) {
        Some(RelocKind::FieldByteOffset) => match turn % 8 {
            0 => Form::Move,
            1 => Form::Add,
            2 => Form::Immediate64,
            3 => Form::Store { size },
            4 => Form::StoreImmediate { size },
            5 => Form::SignedLoad { size },
            6 => Form::Load { size: 16 / size.clamp(2, 16) },
            _ => Form::Load { size },
        },
        _ => match turn % 4 {
            0 => Form::Immediate64,
            1 => Form::Move32,
            _ => Form::Move,
        },
    }
}

/// Collects records, whose `access_str_off` is an index of `strings`.
#[derive(Default)]
struct Collector {
    records: Vec<Record>,
    strings: Vec<String>,
    indices: HashMap<String, u32>,
}

impl Collector {
    fn add_type(&mut self, root: Type<'_>) -> btf_types::Result<()> {
        let id = root.id().0;
        let is_rare = matches!(root.kind(), Kind::Func | Kind::Var | Kind::DataSec);
        if is_rare && !(id as usize).is_multiple_of(FUNCTIONS) {
            return Ok(());
        }
        self.add(root, "0", Subject::Type);
        if root.name()?.is_empty() {
            // A root type without a name has no candidates: one record shows that.
            return Ok(());
        }
        let resolved = root.skip_modifiers_and_typedefs()?;
        for index in 0..resolved.enumerators().len() {
            self.add(root, &index.to_string(), Subject::Enumerator);
        }
        // A type with a name has its own records of its members.
        let is_shortest = resolved.id() == root.id() || resolved.name()?.is_empty();
        if resolved.kind().is_composite() && is_shortest {
            self.fields(root, resolved, "0", LEVELS)?;
            self.add(root, "1:0", Subject::Field);
            self.add(root, &format!("0:{}", resolved.vlen()), Subject::Field);
        } else if !root.kind().is_composite() {
            self.add(root, "0", Subject::Field);
            self.add(root, "2", Subject::Field);
        }
        Ok(())
    }

    /// Adds the fields of a composite.
    fn fields(
        &mut self,
        root: Type<'_>,
        at: Type<'_>,
        path: &str,
        levels: u32,
    ) -> btf_types::Result<()> {
        let at = at.skip_modifiers_and_typedefs()?;
        for (index, member) in at.members().iter().enumerate() {
            let path = format!("{path}:{index}");
            if !member.name()?.is_empty() {
                self.add(root, &path, Subject::Field);
            }
            let ty = member.ty()?.skip_modifiers_and_typedefs()?;
            if member.name()?.is_empty() {
                self.fields(root, ty, &path, levels)?;
            } else {
                self.inner_fields(root, ty, &path, levels - 1)?;
            }
        }
        Ok(())
    }

    /// Adds the members or elements of a field.
    fn inner_fields(
        &mut self,
        root: Type<'_>,
        ty: Type<'_>,
        path: &str,
        levels: u32,
    ) -> btf_types::Result<()> {
        if let Some(array) = ty.array() {
            // The first, the last, and one past the last, which exists only in a flexible array.
            let indices = [Some(0), array.len.checked_sub(1), Some(array.len)];
            let mut indices: Vec<u32> = indices.into_iter().flatten().collect();
            indices.dedup();
            for index in indices {
                let path = format!("{path}:{index}");
                self.add(root, &path, Subject::Field);
                let element = ty.btf().type_by_id(array.element)?.skip_modifiers_and_typedefs()?;
                if index < array.len {
                    self.inner_fields(root, element, &path, levels)?;
                }
            }
        } else if ty.kind().is_composite() && levels > 0 {
            self.fields(root, ty, path, levels)?;
        }
        Ok(())
    }

    /// Adds a record of each kind that applies to a subject.
    fn add(&mut self, root: Type<'_>, access: &str, subject: Subject) {
        let index = *self.indices.entry(access.to_string()).or_insert_with(|| {
            self.strings.push(access.to_string());
            u32::try_from(self.strings.len() - 1).expect("few strings")
        });
        for kind in RelocKind::ALL.into_iter().filter(|kind| kind.subject() == subject) {
            self.records.push(Record {
                insn_off: 0,
                type_id: root.id().0,
                access_str_off: index,
                kind: kind.to_raw(),
            });
        }
    }
}
