//! Every type of a kernel with all of its fields, as the local types, on another kernel.
//!
//! The records are made here, over the kernel's own BTF; nothing is compiled. The instructions hold
//! what libbpf says that a compiler would have written.

use std::collections::HashMap;

use btf_types::{Btf, ByteOrder, Kind, Type};
use core_reloc::{RelocKind, Relocator, Target, record::Subject};

use super::code::Form;
use super::compare::Comparer;
use super::report::Row;
use super::target::{Index, Kernel, for_libbpf, with_strings};
use crate::judge::Record;
use crate::judge::libbpf::{self, Libbpf};

/// How many levels of named structs and unions a path goes into. Anonymous ones do not count.
const LEVELS: u32 = 2;

/// One in so many functions and variables is a root type: compilers do not ask about them.
const FUNCTIONS: usize = 16;

/// What can be asked about the types of a kernel.
pub(super) struct Questions {
    /// The kernel's name.
    name: String,
    /// Its BTF, with the access strings.
    btf: Vec<u8>,
    /// In the order of root types. No instruction is given.
    records: Vec<Record>,
}

impl Questions {
    /// All questions about one in `sample` of a kernel's types.
    ///
    /// # Errors
    /// BTF that cannot be read.
    pub(super) fn about(kernel: &Kernel, sample: usize) -> Result<Self, String> {
        let failed = |error| format!("BTF of {}: {error}", kernel.name);
        let btf = Btf::parse(&kernel.main).map_err(|error| failed(error.to_string()))?;
        let mut asking = Asking::default();
        for ty in btf.own_types().step_by(sample) {
            asking.about(ty).map_err(|error| failed(error.to_string()))?;
        }
        let (bytes, offsets) =
            with_strings(&kernel.main, asking.strings.iter().map(|s| &**s)).map_err(failed)?;
        for record in &mut asking.records {
            record.access_str_off = offsets[record.access_str_off as usize];
        }
        Ok(Self { name: kernel.name.clone(), btf: bytes, records: asking.records })
    }

    /// Asks everything of a target, on both sides.
    pub(super) fn compare_on(&self, kernel: &Kernel) -> Row {
        let new_row = || Row::new(format!("all types of {}", self.name), &kernel.name);
        let mut row = new_row();
        let all = kernel.with_targets(Index::Kept, |ours, theirs| {
            row = self.ask(ours, theirs, new_row(), false)?;
            if row.tally().unexplained > 0 {
                // Once more, so that libbpf says what it did.
                row = self.ask(ours, theirs, new_row(), true)?;
            }
            Ok(())
        });
        row.add_result(all);
        row
    }

    fn ask(
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
            // Now and then the compiler has it wrong.
            let is_wrong = number % 97 == 0;
            let held = if is_wrong { original.wrapping_add(1) } else { original };
            let insn = form(record.kind, number, size).holding(held, is_big_endian);
            let insn_off = u32::try_from(our_code.len()).map_err(|error| error.to_string())?;
            our_code.extend_from_slice(&insn);
            their_code.extend(insn);

            let record = Record { insn_off, ..*record };
            let code = [&mut our_code[..], &mut their_code];
            let compared = comparer.relocate_both(&mut relocator, record, code);
            row.add(|| format!("question {number}"), &compared);
        }
        Ok(row)
    }
}

/// The form of a question's instruction: they take turns.
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

/// The questions so far. The access strings of the records are numbers of strings.
#[derive(Default)]
struct Asking {
    records: Vec<Record>,
    strings: Vec<String>,
    known: HashMap<String, u32>,
}

impl Asking {
    fn about(&mut self, root: Type<'_>) -> btf_types::Result<()> {
        let id = root.id().0;
        let is_rare = matches!(root.kind(), Kind::Func | Kind::Var | Kind::DataSec);
        if is_rare && !(id as usize).is_multiple_of(FUNCTIONS) {
            return Ok(());
        }
        self.ask(root, "0", Subject::Type);
        if root.name()?.is_empty() {
            // Nobody finds it; that is asked once.
            return Ok(());
        }
        let resolved = root.skip_modifiers_and_typedefs()?;
        for index in 0..resolved.enumerators().len() {
            self.ask(root, &index.to_string(), Subject::Enumerator);
        }
        // The members of a type with a name of its own are asked for by that.
        let is_way_in = resolved.id() == root.id() || resolved.name()?.is_empty();
        if resolved.kind().is_composite() && is_way_in {
            self.fields(root, resolved, "0", LEVELS)?;
            self.ask(root, "1:0", Subject::Field);
            self.ask(root, &format!("0:{}", resolved.vlen()), Subject::Field);
        } else if !root.kind().is_composite() {
            self.ask(root, "0", Subject::Field);
            self.ask(root, "2", Subject::Field);
        }
        Ok(())
    }

    /// Asks about all that a path leads to.
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
                self.ask(root, &path, Subject::Field);
            }
            let ty = member.ty()?.skip_modifiers_and_typedefs()?;
            if member.name()?.is_empty() {
                self.fields(root, ty, &path, levels)?;
            } else {
                self.below(root, ty, &path, levels - 1)?;
            }
        }
        Ok(())
    }

    /// Asks about the members or elements of a field.
    fn below(
        &mut self,
        root: Type<'_>,
        ty: Type<'_>,
        path: &str,
        levels: u32,
    ) -> btf_types::Result<()> {
        if let Some(array) = ty.array() {
            // The first, the last, and the one that is not there unless the array is flexible.
            let indices = [Some(0), array.len.checked_sub(1), Some(array.len)];
            let mut indices: Vec<u32> = indices.into_iter().flatten().collect();
            indices.dedup();
            for index in indices {
                let path = format!("{path}:{index}");
                self.ask(root, &path, Subject::Field);
                let element = ty.btf().type_by_id(array.element)?.skip_modifiers_and_typedefs()?;
                if index < array.len {
                    self.below(root, element, &path, levels)?;
                }
            }
        } else if ty.kind().is_composite() && levels > 0 {
            self.fields(root, ty, path, levels)?;
        }
        Ok(())
    }

    /// Asks all kinds that there are about a subject.
    fn ask(&mut self, root: Type<'_>, access: &str, subject: Subject) {
        let string = match self.known.get(access) {
            Some(string) => *string,
            None => {
                let string = u32::try_from(self.strings.len()).expect("few strings");
                self.strings.push(access.to_string());
                self.known.insert(access.to_string(), string);
                string
            }
        };
        for kind in RelocKind::ALL.into_iter().filter(|kind| kind.subject() == subject) {
            self.records.push(Record {
                insn_off: 0,
                type_id: root.id().0,
                access_str_off: string,
                kind: kind.to_raw(),
            });
        }
    }
}
