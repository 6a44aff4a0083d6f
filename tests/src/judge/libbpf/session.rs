//! Relocates one object, as libbpf's loader does.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fmt;

use super::insn::{self, Insn};
use super::spec::{self, Spec, raw_record};
use super::{Btf, Errno, LoadError, PROGRAM, checked, ffi};
use crate::judge::Record;

/// The target of relocations: the BTF of a kernel and its modules.
///
/// Clones share the BTF, so a kernel's BTF is read once for many objects.
#[derive(Debug, Clone)]
pub struct Target {
    main: Btf,
    modules: Vec<(CString, Btf)>,
}

impl Target {
    /// Reads the main BTF, and the split BTF of modules by their names.
    ///
    /// # Errors
    /// libbpf rejects a BTF.
    ///
    /// # Panics
    /// Panics if a module's name contains a NUL.
    pub fn new(main: &[u8], modules: &[(&str, &[u8])]) -> Result<Self, LoadError> {
        let main = Btf::new(main)?;
        let mut read = Vec::with_capacity(modules.len());
        for (name, bytes) in modules {
            let name = CString::new(*name).expect("a module's name without NUL");
            read.push((name, Btf::new_split(bytes, &main)?));
        }
        Ok(Self { main, modules: read })
    }

    /// Returns the main BTF.
    pub fn main(&self) -> &Btf {
        &self.main
    }

    /// Returns the BTF of the modules, in the order of [`Target::new`].
    pub fn modules(&self) -> impl Iterator<Item = &Btf> {
        self.modules.iter().map(|(_, btf)| btf)
    }
}

/// The judge: libbpf's state while it relocates one object.
///
/// It keeps the candidates that remain of every root type, so the order of relocations matters, as in
/// libbpf. Each object needs its own judge.
#[derive(Debug)]
pub struct Libbpf {
    local: Btf,
    target: Target,
    /// By root type.
    candidates: HashMap<u32, Candidates>,
    relocations: i32,
}

/// The result of a relocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The instruction holds the target's value.
    Relocated(Patch),
    /// A call that the verifier rejects replaces the instruction.
    Poisoned(Patch),
    /// libbpf would not load the object. The instruction is unchanged.
    Failed(Failure),
}

/// A patched instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The instruction before: 8 bytes, or 16 of a 64-bit immediate load.
    pub before: Vec<u8>,
    /// The instruction after, of the same size.
    pub after: Vec<u8>,
    /// The result that was applied.
    pub resolution: Resolution,
}

/// libbpf's `struct bpf_core_relo_res`: the result of a relocation, regardless of the instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolution {
    /// The value of the local type, which the instruction should hold.
    pub original: u64,
    /// The value of the target type.
    pub value: u64,
    /// Whether the instruction must hold `original`.
    pub is_checked: bool,
    /// Whether the kind needs a candidate and none matches.
    pub is_unresolved: bool,
    /// Whether a load or store of the field cannot be resized.
    pub is_unadjustable: bool,
    /// The local field's size in bytes, for the kind `field_byte_offset`.
    pub original_size: u32,
    /// The type with `original_size`, in the local BTF; 0 if there is none.
    pub original_type: u32,
    /// The target field's size in bytes.
    pub size: u32,
    /// The type with `size`, in the candidate's BTF; 0 if there is none.
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

/// An error of libbpf for a relocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The stage that failed.
    pub stage: Stage,
    /// The error number.
    pub errno: Errno,
}

/// The stages of a relocation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding the instruction, including the second slot of a 64-bit immediate load.
    Instruction,
    /// Finding the candidates of the root type.
    Candidates,
    /// Calculating the value from the access string and the candidates.
    Resolution,
    /// Patching the instruction.
    Patch,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Instruction => "instruction lookup",
            Stage::Candidates => "candidate search",
            Stage::Resolution => "resolution",
            Stage::Patch => "patch",
        };
        write!(f, "{stage}: {}", self.errno)
    }
}

impl Libbpf {
    /// Starts relocating an object with the BTF `local`.
    ///
    /// # Errors
    /// libbpf rejects the BTF.
    pub fn new(local: &[u8], target: &Target) -> Result<Self, LoadError> {
        Ok(Self {
            local: Btf::new(local)?,
            target: target.clone(),
            candidates: HashMap::new(),
            relocations: 0,
        })
    }

    /// Returns the object's BTF.
    pub fn local(&self) -> &Btf {
        &self.local
    }

    /// Returns the target.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Relocates one instruction of `code`, a section in the byte order of the local BTF.
    ///
    /// libbpf stops at the first failure. The judge can continue, since a failed relocation changes
    /// neither code nor candidates.
    pub fn relocate(&mut self, record: Record, code: &mut [u8]) -> Verdict {
        self.try_relocate(record, code).unwrap_or_else(Verdict::Failed)
    }

    /// Returns the result of a relocation, regardless of the instruction. Narrows the candidates.
    ///
    /// # Errors
    /// [`Stage::Candidates`] or [`Stage::Resolution`] fails.
    pub fn resolution(&mut self, record: Record) -> Result<Resolution, Failure> {
        self.resolve(record).map(|result| Resolution::from(&result))
    }

    /// Returns the spec of a record's access string.
    ///
    /// # Errors
    /// The type does not exist, or libbpf rejects the access string.
    pub fn local_spec(&self, record: Record) -> Result<Spec, Errno> {
        spec::parse(&self.local, record)
    }

    /// Returns the candidates that remain of a root type after the relocations so far.
    ///
    /// Each candidate is the number of its BTF, 0 for the main one and from 1 for the modules, and its
    /// id.
    ///
    /// # Errors
    /// [`Stage::Candidates`] fails.
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
        // SAFETY: there is room for two slots; libbpf reads the second only of a 64-bit immediate load.
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
        // libbpf reports this only in its log. It does not relocate an instruction that is already
        // poisoned.
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

        // libbpf has already moved candidates when it finds an ambiguity.
        let saved = candidates.as_slice().to_vec();
        let mut scratch = Box::new([const { ffi::Spec::EMPTY }; 3]);
        let mut result = ffi::RelocationResult::default();
        // SAFETY: the local BTF and the candidates are alive, the local type exists, and scratch has
        // three specs.
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

/// Returns all slots of the record's instruction.
fn instruction(code: &mut [u8], record: Record) -> Result<&mut [u8], Errno> {
    let start = record.insn_off as usize;
    if !start.is_multiple_of(insn::SIZE) {
        return Err(Errno(libc::EINVAL));
    }
    let rest = code.get_mut(start..).unwrap_or_default();
    let size = Insn::size(rest);
    rest.get_mut(..size).ok_or(Errno(libc::EINVAL))
}

/// The candidates of a root type.
struct Candidates(ffi::CandidateList);

// SAFETY: this is the only owner of the list; any thread can read the BTFs that it points to.
unsafe impl Send for Candidates {}

impl Candidates {
    fn none() -> Self {
        Self(ffi::CandidateList { cands: std::ptr::null_mut(), len: 0 })
    }

    /// Searches the main BTF, and the modules' own types if the main BTF has no candidate.
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
        // SAFETY: both BTFs are alive, the local type exists and has this name; libbpf allocates the
        // new elements of the list.
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
        // SAFETY: libbpf has stored that many candidates.
        unsafe { std::slice::from_raw_parts(self.0.cands, length) }
    }

    /// Restores the list; libbpf only removes candidates.
    fn restore(&mut self, saved: &[ffi::Candidate]) {
        if saved.is_empty() {
            return;
        }
        // SAFETY: the list had that many candidates, and its memory never shrinks.
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
        // SAFETY: libbpf allocated it with realloc, and nothing else frees it.
        unsafe { libc::free(self.0.cands.cast()) };
    }
}
