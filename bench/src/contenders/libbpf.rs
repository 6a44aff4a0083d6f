//! libbpf, used as by its loader, but without a kernel.
//!
//! `bpf_object__open_mem` reads the object, its types and its records, and `btf__new` the target. Each
//! relocation calls the functions that the loader, which needs a kernel and root, calls for it, with a
//! cache of candidates.

use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::path::Path;
use std::ptr::NonNull;
use std::time::Instant;
use std::{fs, io};

use btf_types::ext::CoreReloc;
use core_reloc_tests::judge::libbpf::ffi;
use libbpf_sys::{bpf_core_relo, bpf_insn};

use super::{Contender, Run};
use crate::Result;
use crate::code::{self, Code};

/// libbpf.
#[derive(Debug, Clone, Copy)]
pub struct Libbpf;

impl Contender for Libbpf {
    fn cold(&self, target: &Path, object: &[u8]) -> Result<Run> {
        let mut sections = Sections::new(object)?;
        let started = Instant::now();
        let target = Btf::read(target)?;
        let object = BpfObject::open(object)?;
        let mut session = Session::new(&object, &target)?;
        sections.relocate(&mut session)?;
        let time = started.elapsed();
        Ok(Run { time, code: sections.code() })
    }

    fn warm(&self, target: &Path, object: &[u8], again: &mut dyn FnMut(Run) -> bool) -> Result {
        let target = Btf::read(target)?;
        loop {
            let mut sections = Sections::new(object)?;
            let started = Instant::now();
            let object = BpfObject::open(object)?;
            let mut session = Session::new(&object, &target)?;
            sections.relocate(&mut session)?;
            let time = started.elapsed();
            if !again(Run { time, code: sections.code() }) {
                return Ok(());
            }
        }
    }

    fn keep(&self, target: &Path, object: &[u8], kept: &mut dyn FnMut()) -> Result {
        let target = Btf::read(target)?;
        relocate(object, &target)?;
        kept();
        Ok(())
    }
}

/// Relocates an object for a target, and returns the object file with patched code.
///
/// # Errors
/// libbpf refuses its input.
pub fn relocate_file(object: &[u8], target: &Path) -> Result<Vec<u8>> {
    code::with_code(object, &relocate(object, &Btf::read(target)?)?)
}

fn relocate(object: &[u8], target: &Btf) -> Result<Code> {
    let mut sections = Sections::new(object)?;
    sections.relocate(&mut Session::new(&BpfObject::open(object)?, target)?)?;
    Ok(sections.code())
}

/// Code and records, since libbpf's own structs for them are opaque.
struct Sections(Vec<Section>);

struct Section {
    name: String,
    code: Vec<Insn>,
    records: Vec<CoreReloc>,
}

/// An instruction, aligned as libbpf requires.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Insn([u8; 8]);

impl Sections {
    fn new(object: &[u8]) -> Result<Self> {
        // SAFETY: a missing print function is valid.
        unsafe { libbpf_sys::libbpf_set_print(None) };
        let mut code = code::code(object)?;
        let mut sections = Vec::new();
        for (name, records) in code::records(object)? {
            let code = code.remove(&name).ok_or("records of a section without code")?;
            let (slots, _) = code.as_chunks::<8>();
            let code = slots.iter().map(|slot| Insn(*slot)).collect();
            sections.push(Section { name, code, records });
        }
        let rest = code.into_iter().map(|(name, code)| Section {
            name,
            code: code.as_chunks::<8>().0.iter().map(|slot| Insn(*slot)).collect(),
            records: Vec::new(),
        });
        sections.extend(rest);
        Ok(Self(sections))
    }

    fn relocate(&mut self, session: &mut Session<'_>) -> Result {
        for section in &mut self.0 {
            for record in &section.records {
                session.relocate(record, &mut section.code)?;
            }
        }
        Ok(())
    }

    fn code(self) -> Code {
        let bytes = |code: Vec<Insn>| code.iter().flat_map(|insn| insn.0).collect();
        self.0.into_iter().map(|section| (section.name, bytes(section.code))).collect()
    }
}

/// BTF that libbpf has read.
pub(crate) struct Btf(NonNull<libbpf_sys::btf>);

impl Btf {
    /// Reads a file of raw BTF as `btf__parse` does.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path)?;
        let size = u32::try_from(bytes.len())?;
        // SAFETY: libbpf copies the bytes.
        let btf = unsafe { libbpf_sys::btf__new(bytes.as_ptr().cast::<c_void>(), size) };
        Ok(Self(NonNull::new(btf).ok_or_else(io::Error::last_os_error)?))
    }

    /// Returns the pointer for libbpf's functions.
    pub(crate) fn as_ptr(&self) -> *const libbpf_sys::btf {
        self.0.as_ptr()
    }
}

impl Drop for Btf {
    fn drop(&mut self) {
        // SAFETY: this is the only owner.
        unsafe { libbpf_sys::btf__free(self.0.as_ptr()) };
    }
}

/// An object that libbpf has opened.
struct BpfObject<'a> {
    raw: NonNull<libbpf_sys::bpf_object>,
    bytes: PhantomData<&'a [u8]>,
}

impl<'a> BpfObject<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self> {
        // SAFETY: the bytes outlive the object; null options are valid.
        let object = unsafe {
            libbpf_sys::bpf_object__open_mem(
                bytes.as_ptr().cast::<c_void>(),
                bytes.len() as _,
                std::ptr::null(),
            )
        };
        let raw = NonNull::new(object).ok_or_else(io::Error::last_os_error)?;
        Ok(Self { raw, bytes: PhantomData })
    }

    /// Returns the object's types; null if it has none.
    fn btf(&self) -> *const libbpf_sys::btf {
        // SAFETY: the object is open.
        unsafe { libbpf_sys::bpf_object__btf(self.raw.as_ptr()) }
    }
}

impl Drop for BpfObject<'_> {
    fn drop(&mut self) {
        // SAFETY: this is the only owner.
        unsafe { libbpf_sys::bpf_object__close(self.raw.as_ptr()) };
    }
}

const PROGRAM: &CStr = c"bench";

/// libbpf's `bpf_object__relocate_core` and `bpf_core_resolve_relo`.
struct Session<'a> {
    /// The types of `object`.
    local: *const libbpf_sys::btf,
    object: PhantomData<&'a BpfObject<'a>>,
    target: &'a Btf,
    /// By root type.
    candidates: Vec<Option<ffi::CandidateList>>,
    scratch: Box<[ffi::Spec; 3]>,
    relocations: c_int,
}

impl<'a> Session<'a> {
    fn new(object: &'a BpfObject<'_>, target: &'a Btf) -> Result<Self> {
        let local = object.btf();
        if local.is_null() {
            return Err("libbpf finds no types in the object".into());
        }
        // SAFETY: the object is open.
        let types = unsafe { libbpf_sys::btf__type_cnt(local) };
        let mut candidates = Vec::new();
        candidates.resize_with(types as usize, || None);
        let scratch = Box::new([const { ffi::Spec::EMPTY }; 3]);
        let object = PhantomData;
        Ok(Self { local, object, target, candidates, scratch, relocations: 0 })
    }

    fn relocate(&mut self, record: &CoreReloc, code: &mut [Insn]) -> Result {
        let raw = bpf_core_relo {
            insn_off: record.insn_off,
            type_id: record.type_id.0,
            access_str_off: record.access_str_off.0,
            kind: record.kind,
        };
        let index = record.insn_off as usize / size_of::<Insn>();
        let insn = code.get_mut(index..).and_then(first_insn).ok_or("no such instruction")?;
        if record.type_id.0 as usize >= self.candidates.len() {
            return Err("no such root type".into());
        }
        let mut none = ffi::CandidateList { cands: std::ptr::null_mut(), len: 0 };
        let (local, number) = (self.local, self.relocations);
        self.relocations += 1;
        let candidates = if record.kind == libbpf_sys::BPF_CORE_TYPE_ID_LOCAL {
            &mut none
        } else {
            find_candidates(&mut self.candidates, local, self.target, record.type_id.0)?
        };
        let mut result = ffi::RelocationResult::default();
        // SAFETY: both BTFs are alive, the root type exists, and scratch has three specs.
        check("calculate", unsafe {
            ffi::bpf_core_calc_relo_insn(
                PROGRAM.as_ptr(),
                &raw const raw,
                number,
                local,
                candidates,
                self.scratch.as_mut_ptr(),
                &raw mut result,
            )
        })?;
        // SAFETY: the instruction exists, with its second slot if it has one.
        check("patch", unsafe {
            ffi::bpf_core_patch_insn(
                PROGRAM.as_ptr(),
                insn.as_mut_ptr().cast::<bpf_insn>(),
                index as c_int,
                &raw const raw,
                number,
                &raw const result,
            )
        })
    }
}

/// libbpf's `bpf_core_find_cands`, and its cache.
fn find_candidates<'c>(
    known: &'c mut [Option<ffi::CandidateList>],
    local: *const libbpf_sys::btf,
    target: &Btf,
    root: u32,
) -> Result<&'c mut ffi::CandidateList> {
    let slot = known.get_mut(root as usize).ok_or("no such root type")?;
    if slot.is_none() {
        let mut list = ffi::CandidateList { cands: std::ptr::null_mut(), len: 0 };
        let mut candidate = ffi::Candidate { btf: local, id: root };
        // SAFETY: types exist up to the length of `known`, libbpf has checked their names when it opened
        // the object, and it allocates the elements of the list.
        check("search", unsafe {
            let name_off = (*libbpf_sys::btf__type_by_id(local, root)).name_off;
            let name = libbpf_sys::btf__name_by_offset(local, name_off);
            ffi::bpf_core_add_cands(
                &raw mut candidate,
                ffi::bpf_core_essential_name_len(name),
                target.0.as_ptr(),
                c"vmlinux".as_ptr(),
                1,
                &raw mut list,
            )
        })?;
        *slot = Some(list);
    }
    slot.as_mut().ok_or_else(|| "no candidates".into())
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        for list in self.candidates.iter().flatten() {
            // SAFETY: libbpf allocated it with realloc, and nothing else frees it.
            unsafe { libc::free(list.cands.cast()) };
        }
    }
}

/// Returns the first instruction of the code, if it is complete.
fn first_insn(code: &mut [Insn]) -> Option<&mut [Insn]> {
    const LDIMM64: u8 = 0x18;
    let needed = if code.first()?.0[0] == LDIMM64 { 2 } else { 1 };
    (code.len() >= needed).then_some(code)
}

fn check(what: &str, returned: c_int) -> Result {
    if returned < 0 {
        let error = io::Error::from_raw_os_error(-returned);
        return Err(format!("libbpf cannot {what}: {error}").into());
    }
    Ok(())
}
