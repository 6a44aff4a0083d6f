//! Reads through helpers: whether their sizes are those of the fields on a kernel.
//!
//! `bpf_probe_read_kernel` and its like read as many bytes as they are told. A relocation changes the
//! address of the field, but not that number. If the field has another size on the kernel, the program
//! loads, and gets a part of the field, or what follows it:
//!
//! ```c
//! unsigned long state;
//! bpf_core_read(&state, sizeof(state), &task->__state); // 8 bytes; the kernel's field has 4
//! ```
//!
//! Only sizes that are constants count. Of arrays, structs and unions, a program may read the first bytes;
//! reading more than there are is wrong. Fields in the middle of an array, bitfields, and strings, for which
//! the size is only a limit, are left out. [`Checked::sizes`](crate::check::Checked::sizes) has the findings on
//! an object.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use btf_types::{Kind, TypeId};
use core_reloc::{
    RelocKind, Relocation, Relocator, Target,
    elf::{
        Object, ObjectRelocation, Outcome, Report,
        requirements::{Requirements, Used},
    },
    resolve::Resize,
    spec::LocalSpec,
};

use crate::{
    flow::{Functions, What, World},
    limits::MAX_FLOW_STEPS,
};

/// The helpers that read a number of bytes, which register 2 has, from the address in register 3:
/// `bpf_probe_read`, `bpf_probe_read_user`, `bpf_probe_read_kernel`, `bpf_copy_from_user`,
/// `bpf_copy_from_user_task`.
const READS: [u32; 5] = [4, 112, 113, 148, 191];

/// A read of another number of bytes than the field has on a kernel.
///
/// `Display` describes it in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SizeFinding {
    /// The function, by its index in [`Requirements::functions`](core_reloc::elf::requirements::Requirements).
    pub function: usize,
    /// The index of the call in the function, in 8-byte slots.
    pub insn: usize,
    /// The relocation whose field is read, by its index among all relocations of the object.
    pub relocation: usize,
    /// The number of bytes that are read.
    pub size: u64,
    /// The size of the field in the object's own types, in bytes.
    pub local_size: u64,
    /// The size of the field on the kernel, in bytes.
    pub kernel_size: u64,
}

impl fmt::Display for SizeFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, kernel_size, .. } = self;
        write!(f, "reads {size} bytes of a field that has {kernel_size} on this kernel")
    }
}

/// The reads of an object whose sizes are constants.
#[derive(Debug)]
pub(crate) struct SizedReads {
    /// By the relocation whose field is read.
    reads: BTreeMap<usize, Vec<SizedRead>>,
}

/// A read of a field with a constant size.
#[derive(Debug, Clone, Copy)]
struct SizedRead {
    function: usize,
    insn: usize,
    size: u64,
    field: LocalField,
}

impl SizedRead {
    fn finding(&self, relocation: usize, kernel_size: u64) -> SizeFinding {
        let Self { function, insn, size, field } = *self;
        SizeFinding { function, insn, relocation, size, local_size: field.size, kernel_size }
    }
}

/// A field in the object's own types.
#[derive(Debug, Clone, Copy)]
struct LocalField {
    size: u64,
    kind: Kind,
}

impl LocalField {
    /// Whether reading only its first bytes makes sense.
    fn has_parts(self) -> bool {
        matches!(self.kind, Kind::Array | Kind::Struct | Kind::Union)
    }
}

impl SizedReads {
    /// Finds the reads of an object.
    pub(crate) fn of<'a>(object: &'a Object<'a>, requirements: &Requirements<'a>) -> Self {
        let functions = Functions::of(object, requirements);
        let fields: Vec<_> = object.relocations().map(|it| local_field(&it)).collect();
        let mut reads: BTreeMap<usize, Vec<SizedRead>> = BTreeMap::new();
        let mut steps = MAX_FLOW_STEPS;
        for (index, function) in requirements.functions.iter().enumerate() {
            let is_read = |used: Used| matches!(used, Used::Helper(it) if READS.contains(&it));
            let has_fields = functions.relocations(index).next().is_some();
            if !has_fields || !function.uses.iter().any(|used| is_read(used.what)) {
                continue;
            }
            let Some(flow) = functions.flow(index, &mut steps) else { continue };
            let Some(values) = flow.values(World::OPEN, &mut steps) else { continue };
            values.visit(|insn, _, state| {
                if !flow.used(insn).is_some_and(is_read) {
                    return;
                }
                let What::Field { relocation, after: 0, .. } = state.register(3).what else {
                    return;
                };
                let field = fields.get(relocation).copied().flatten();
                if let Some((size, field)) = state.register(2).known().zip(field) {
                    let read = SizedRead { function: index, insn, size, field };
                    reads.entry(relocation).or_default().push(read);
                }
            });
        }
        Self { reads }
    }

    /// Returns the reads of more bytes than the field has in the object's own types, as findings about a
    /// kernel with the same types.
    pub(crate) fn past_fields(&self) -> impl Iterator<Item = SizeFinding> + '_ {
        let reads = self.reads.iter();
        let reads = reads.flat_map(|(relocation, all)| all.iter().map(|read| (*relocation, read)));
        // A flexible array has the size 0, and any number of elements.
        let reads = reads.filter(|(_, read)| (1..read.size).contains(&read.field.size));
        reads.map(|(relocation, read)| read.finding(relocation, read.field.size))
    }

    /// Compares the reads with the fields of a kernel. `report` returns the outcome of a relocation, by its index
    /// among all relocations.
    pub(crate) fn findings<'f, 'a: 'f>(
        &self,
        object: &'a Object<'a>,
        target: &Target<'a>,
        report: impl Fn(usize) -> Option<&'f Report<'a>>,
    ) -> Vec<SizeFinding> {
        let mut arrays = ArraySizes { object, target, relocator: None };
        let mut findings = Vec::new();
        for (relocation, reads) in &self.reads {
            let Some(report) = report(*relocation) else { continue };
            for read in reads {
                let Some(kernel_size) = kernel_size(report, read.field, &mut arrays) else {
                    continue;
                };
                let is_wrong = if read.field.has_parts() {
                    read.size > kernel_size
                } else {
                    read.size != kernel_size
                };
                if is_wrong {
                    findings.push(read.finding(*relocation, kernel_size));
                }
            }
        }
        findings
    }
}

/// Returns the field of a byte offset, unless it is a bitfield or an element.
fn local_field(relocation: &ObjectRelocation<'_>) -> Option<LocalField> {
    if relocation.kind() != Some(RelocKind::FieldByteOffset) {
        return None;
    }
    let decoded = relocation.decode().ok()?;
    let spec = LocalSpec::new(relocation.local(), &decoded).ok()?;
    let field = spec.spec().field().filter(|it| !it.is_element && it.bitfield_size == 0)?;
    let size = field.ty.size().ok()?.into();
    Some(LocalField { size, kind: field.ty.kind() })
}

/// Returns the size of a field on a kernel, as far as it is known.
fn kernel_size(
    report: &Report<'_>,
    field: LocalField,
    arrays: &mut ArraySizes<'_, '_>,
) -> Option<u64> {
    let Outcome::Applied { resolution, .. } = &report.outcome else { return None };
    let change = resolution.change?;
    if field.kind == Kind::Array {
        return arrays.size(&report.relocation);
    }
    match change.resize {
        Resize::Same => Some(field.size),
        // A bitfield has no size in bytes.
        Resize::To { to, .. } | Resize::Unsafe { to, .. } => Some(to.into()).filter(|to| *to > 0),
        _ => None,
    }
}

/// The sizes of arrays on a kernel. A resolution has only the sizes of their elements.
struct ArraySizes<'r, 'a> {
    object: &'a Object<'a>,
    target: &'r Target<'a>,
    /// Made when it is first needed: it takes a pass over the kernel's types.
    relocator: Option<Relocator<'a>>,
}

impl ArraySizes<'_, '_> {
    fn size(&mut self, relocation: &ObjectRelocation<'_>) -> Option<u64> {
        let local = self.object.btf()?;
        let decoded = relocation.decode().ok()?;
        let relocator = self.relocator.get_or_insert_with(|| {
            let mut relocator = Relocator::new(local, self.target);
            let roots: BTreeSet<TypeId> =
                self.object.relocations().map(|relocation| relocation.type_id()).collect();
            relocator.prepare(roots);
            relocator
        });
        let question = Relocation { kind: RelocKind::FieldByteSize, ..decoded };
        // A flexible array has the size 0, and any number of elements.
        relocator.resolve(&question).ok()?.value().filter(|size| *size > 0)
    }
}
