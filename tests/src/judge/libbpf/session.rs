//! One object's relocations, one after the other, as libbpf's loader does them.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fmt;

use super::insn::{self, Insn};
use super::spec::{self, Spec, raw_record};
use super::{Btf, Errno, LoadError, PROGRAM, checked, ffi};
use crate::judge::Record;

/// What relocations are resolved against: a kernel's BTF and its modules'.
///
/// Clones share it: read a kernel's BTF once for many objects.
#[derive(Debug, Clone)]
pub struct Target {
    main: Btf,
    modules: Vec<(CString, Btf)>,
}

impl Target {
    /// Reads the main BTF, and the modules' names and split BTF on top of it.
    ///
    /// # Errors
    /// Whatever libbpf refuses.
    ///
    /// # Panics
    /// If a module's name contains a NUL.
    pub fn new(main: &[u8], modules: &[(&str, &[u8])]) -> Result<Self, LoadError> {
        let main = Btf::new(main)?;
        let mut read = Vec::with_capacity(modules.len());
        for (name, bytes) in modules {
            let name = CString::new(*name).expect("a module's name without NUL");
            read.push((name, Btf::new_split(bytes, &main)?));
        }
        Ok(Self { main, modules: read })
    }

    /// The main BTF.
    pub fn main(&self) -> &Btf {
        &self.main
    }

    /// The modules' BTF, in the order that they were given.
    pub fn modules(&self) -> impl Iterator<Item = &Btf> {
        self.modules.iter().map(|(_, btf)| btf)
    }
}

/// The judge: libbpf in the middle of relocating one object.
///
/// It remembers the candidates of every root type that it has met, and which of
/// them are left: the order of relocations matters, as it does in libbpf. For
/// another object make another judge.
#[derive(Debug)]
pub struct Libbpf {
    local: Btf,
    target: Target,
    /// By root type.
    candidates: HashMap<u32, Candidates>,
    relocations: i32,
}

/// What libbpf did with a relocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The instruction has the target's value.
    Relocated(Patch),
    /// The instruction was replaced by a call that the verifier refuses.
    Poisoned(Patch),
    /// libbpf would not load the object. The instruction is what it was.
    Failed(Failure),
}

/// A changed instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Its 8 bytes before, or 16 of a 64-bit immediate load.
    pub before: Vec<u8>,
    /// As many bytes after.
    pub after: Vec<u8>,
    /// What was patched in, and why.
    pub resolution: Resolution,
}

/// libbpf's `struct bpf_core_relo_res`: what a relocation comes to before any
/// instruction is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolution {
    /// The value that the instruction should have had, from the local type.
    pub original: u64,
    /// The value from the target type.
    pub value: u64,
    /// Whether `original` was compared with the instruction.
    pub is_checked: bool,
    /// Whether no candidate matched and the kind needs one.
    pub is_unresolved: bool,
    /// Whether a load or store of the field cannot be adjusted to its new size.
    pub is_unadjustable: bool,
    /// The local field's size in bytes, for the kind `field_byte_offset`.
    pub original_size: u32,
    /// The type that `original_size` is the size of, in the local BTF; 0 if there is none.
    pub original_type: u32,
    /// The target field's size in bytes.
    pub size: u32,
    /// The type that `size` is the size of, in the candidate's BTF; 0 if there is none.
    pub type_id: u32,
}

impl From<&ffi::RelocationResult> for Resolution {
    fn from(result: &ffi::RelocationResult) -> Self {
        Self {
            original: result.orig_val,
            value: result.new_val,
            is_checked: result.validate,
            is_unresolved: result.poison,
            is_unadjustable: result.fail_memsz_adjust,
            original_size: result.orig_sz,
            original_type: result.orig_type_id,
            size: result.new_sz,
            type_id: result.new_type_id,
        }
    }
}

/// Why libbpf refuses a relocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// What it was doing.
    pub stage: Stage,
    /// What it returned.
    pub errno: Errno,
}

/// What libbpf does for a relocation, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It looks the instruction up, the second half of a 64-bit load included.
    Instruction,
    /// It searches candidates for the root type.
    Candidates,
    /// It calculates the value from the access string and the candidates.
    Resolution,
    /// It changes the instruction.
    Patch,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Instruction => "no such instruction",
            Stage::Candidates => "candidate search",
            Stage::Resolution => "resolution",
            Stage::Patch => "patch",
        };
        write!(f, "{stage}: {}", self.errno)
    }
}

impl Libbpf {
    /// Starts with an object whose BTF is `local`.
    ///
    /// # Errors
    /// Whatever libbpf refuses.
    pub fn new(local: &[u8], target: &Target) -> Result<Self, LoadError> {
        Ok(Self {
            local: Btf::new(local)?,
            target: target.clone(),
            candidates: HashMap::new(),
            relocations: 0,
        })
    }

    /// The object's BTF.
    pub fn local(&self) -> &Btf {
        &self.local
    }

    /// What the object is relocated against.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Relocates one instruction of `code`, a section in the byte order of the
    /// local BTF.
    ///
    /// libbpf stops at the first failure. Here the next relocation may be tried:
    /// the failed one leaves neither code nor candidates changed.
    pub fn relocate(&mut self, record: Record, code: &mut [u8]) -> Verdict {
        self.try_relocate(record, code).unwrap_or_else(Verdict::Failed)
    }

    /// What a relocation comes to, whatever the instruction is. Candidates narrow.
    ///
    /// # Errors
    /// As at [`Stage::Candidates`] and [`Stage::Resolution`].
    pub fn resolution(&mut self, record: Record) -> Result<Resolution, Failure> {
        self.resolve(record).map(|result| Resolution::from(&result))
    }

    /// What libbpf understands a record's access string to be.
    ///
    /// # Errors
    /// A type that is not there, and whatever libbpf refuses.
    pub fn local_spec(&self, record: Record) -> Result<Spec, Errno> {
        spec::parse(&self.local, record)
    }

    /// The candidates that are left of a root type, after the relocations so far.
    ///
    /// Each is the number of the BTF, 0 for the main one and from 1 on for the
    /// modules, and the type's id there.
    ///
    /// # Errors
    /// As at [`Stage::Candidates`].
    pub fn candidates(&mut self, root: u32) -> Result<Vec<(usize, u32)>, Errno> {
        let target = self.target.clone();
        let number = |btf| {
            let modules = target.modules().map(Btf::as_ptr);
            std::iter::once(target.main.as_ptr()).chain(modules).position(|other| other == btf)
        };
        let candidates = self.find_candidates(root)?.as_slice();
        Ok(candidates.iter().filter_map(|one| Some((number(one.btf)?, one.id))).collect())
    }

    fn try_relocate(&mut self, record: Record, code: &mut [u8]) -> Result<Verdict, Failure> {
        let failed = |stage| move |errno| Failure { stage, errno };
        let slot = instruction(code, record).map_err(failed(Stage::Instruction))?;
        self.relocations += 1;
        let result = self.resolve(record)?;

        let is_foreign = self.local.is_foreign();
        let mut insn = Insn::from_bytes(slot, is_foreign);
        // SAFETY: there is room for two instructions, of which libbpf reads the
        // second only where the first is a 64-bit immediate load.
        checked(unsafe {
            ffi::bpf_core_patch_insn(
                PROGRAM.as_ptr(),
                insn.as_mut_ptr(),
                (record.insn_off as usize / insn::SIZE) as i32,
                &raw_record(record),
                self.relocations,
                &raw const result,
            )
        })
        .map_err(failed(Stage::Patch))?;

        let before = slot.to_vec();
        let after = insn.to_bytes(slot.len(), is_foreign);
        slot.copy_from_slice(&after);
        let patch = Patch { before, after, resolution: (&result).into() };
        // libbpf says so only in its log, and refuses to relocate an
        // instruction that is poisoned already.
        Ok(if insn.is_poisoned() { Verdict::Poisoned(patch) } else { Verdict::Relocated(patch) })
    }

    /// libbpf's `bpf_core_resolve_relo`.
    fn resolve(&mut self, record: Record) -> Result<ffi::RelocationResult, Failure> {
        const TYPE_ID_LOCAL: u32 = libbpf_sys::BPF_CORE_TYPE_ID_LOCAL;
        let failed = |stage| move |errno| Failure { stage, errno };
        let (number, local) = (self.relocations, self.local.clone());
        let mut none = Candidates::none();
        let candidates = if record.kind == TYPE_ID_LOCAL {
            self.local.check(record.type_id).map_err(failed(Stage::Candidates))?;
            &mut none
        } else {
            self.find_candidates(record.type_id).map_err(failed(Stage::Candidates))?
        };

        // On the way to finding an ambiguity libbpf has moved candidates already.
        let saved = candidates.as_slice().to_vec();
        let mut scratch = Box::new([const { ffi::Spec::EMPTY }; 3]);
        let mut result = ffi::RelocationResult::default();
        // SAFETY: the local BTF is alive and has that type, so are the
        // candidates; scratch has three specs.
        let returned = checked(unsafe {
            ffi::bpf_core_calc_relo_insn(
                PROGRAM.as_ptr(),
                &raw_record(record),
                number,
                local.as_ptr(),
                &raw mut candidates.0,
                scratch.as_mut_ptr(),
                &raw mut result,
            )
        });
        if returned.is_err() {
            candidates.restore(&saved);
        }
        returned.map(|_| result).map_err(failed(Stage::Resolution))
    }

    /// libbpf's `bpf_core_find_cands`, with its cache.
    fn find_candidates(&mut self, root: u32) -> Result<&mut Candidates, Errno> {
        let Self { local, target, candidates, .. } = self;
        match candidates.entry(root) {
            std::collections::hash_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::hash_map::Entry::Vacant(unknown) => {
                Ok(unknown.insert(Candidates::find(local, root, target)?))
            }
        }
    }
}

/// The instruction that the record is about, all of its slots.
fn instruction(code: &mut [u8], record: Record) -> Result<&mut [u8], Errno> {
    let start = record.insn_off as usize;
    if !start.is_multiple_of(insn::SIZE) {
        return Err(Errno(libc::EINVAL));
    }
    let rest = code.get_mut(start..).unwrap_or_default();
    let size = Insn::size(rest);
    rest.get_mut(..size).ok_or(Errno(libc::EINVAL))
}

/// The types that a root type may correspond to.
struct Candidates(ffi::CandidateList);

// SAFETY: the list is ours alone; the BTFs that it points to can be read from
// any thread.
unsafe impl Send for Candidates {}

impl Candidates {
    fn none() -> Self {
        Self(ffi::CandidateList { cands: std::ptr::null_mut(), len: 0 })
    }

    /// Searches the main BTF, and the modules' own types only if it has none.
    fn find(local: &Btf, root: u32, target: &Target) -> Result<Self, Errno> {
        let name = local.name(root).ok_or(Errno(libc::EINVAL))?;
        if name.is_empty() {
            return Err(Errno(libc::EINVAL));
        }
        let mut found = Self::none();
        found.add(local, root, name, c"vmlinux", &target.main)?;
        if found.as_slice().is_empty() {
            for (module, btf) in &target.modules {
                found.add(local, root, name, module, btf)?;
            }
        }
        Ok(found)
    }

    fn add(
        &mut self,
        local: &Btf,
        root: u32,
        root_name: &CStr,
        name: &CStr,
        target: &Btf,
    ) -> Result<(), Errno> {
        let mut root = ffi::Candidate { btf: local.as_ptr(), id: root };
        let start = i32::try_from(target.start_id()).map_err(|_| Errno(libc::EINVAL))?;
        // SAFETY: both BTFs are alive, the local type is there and has this
        // name; libbpf allocates the list's new elements.
        checked(unsafe {
            let essential = ffi::bpf_core_essential_name_len(root_name.as_ptr());
            ffi::bpf_core_add_cands(
                &raw mut root,
                essential,
                target.as_ptr(),
                name.as_ptr(),
                start,
                &raw mut self.0,
            )
        })
        .map(|_| ())
    }

    fn as_slice(&self) -> &[ffi::Candidate] {
        let length = usize::try_from(self.0.len).expect("libbpf counts up from zero");
        if length == 0 {
            return &[];
        }
        // SAFETY: libbpf has put that many there.
        unsafe { std::slice::from_raw_parts(self.0.cands, length) }
    }

    /// Makes the list what it was; libbpf only ever removes from it.
    fn restore(&mut self, saved: &[ffi::Candidate]) {
        if saved.is_empty() {
            return;
        }
        // SAFETY: there were that many before, and the room is never given back.
        unsafe { std::ptr::copy_nonoverlapping(saved.as_ptr(), self.0.cands, saved.len()) };
        self.0.len = saved.len() as i32;
    }
}

impl fmt::Debug for Candidates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice().iter().map(|one| one.id)).finish()
    }
}

impl Drop for Candidates {
    fn drop(&mut self) {
        // SAFETY: libbpf allocated it with realloc, and nobody else frees it.
        unsafe { libc::free(self.0.cands.cast()) };
    }
}
