//! BTF that libbpf has read.

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

use super::{Errno, log};

/// BTF in the hands of libbpf; clones share it.
#[derive(Debug, Clone)]
pub struct Btf(Arc<Handle>);

/// Why libbpf does not take bytes as BTF.
#[derive(Debug, Clone, thiserror::Error)]
#[error("libbpf does not read this BTF: {errno}{said}")]
pub struct LoadError {
    /// What it returned.
    pub errno: Errno,
    /// What it said about it, each line after a line feed.
    pub said: String,
}

#[derive(Debug)]
struct Handle {
    raw: NonNull<libbpf_sys::btf>,
    /// libbpf keeps a pointer to the base, which has to live as long.
    base: Option<Btf>,
    is_foreign: bool,
}

// SAFETY: nothing in a `struct btf` belongs to the thread that made it.
unsafe impl Send for Handle {}
// SAFETY: what we call with a `struct btf` (type by id, string by offset, type
// count, and the CO-RE functions on top of these) only reads it.
unsafe impl Sync for Handle {}

impl Btf {
    /// Reads raw BTF in either byte order.
    ///
    /// # Errors
    /// Whatever libbpf refuses.
    pub fn new(bytes: &[u8]) -> Result<Self, LoadError> {
        Self::read(bytes, None)
    }

    /// Reads split BTF on top of `base`.
    ///
    /// # Errors
    /// Whatever libbpf refuses.
    pub fn new_split(bytes: &[u8], base: &Self) -> Result<Self, LoadError> {
        Self::read(bytes, Some(base.clone()))
    }

    fn read(bytes: &[u8], base: Option<Self>) -> Result<Self, LoadError> {
        let size = u32::try_from(bytes.len())
            .map_err(|_| LoadError { errno: Errno(libc::E2BIG), said: String::new() })?;
        let (raw, said) = log::logged(|| {
            let base = base.as_ref().map_or(std::ptr::null_mut(), |base| base.0.raw.as_ptr());
            // SAFETY: libbpf copies `size` bytes from there; the base is null,
            // which means none, or alive.
            let raw =
                unsafe { libbpf_sys::btf__new_split(bytes.as_ptr().cast::<c_void>(), size, base) };
            NonNull::new(raw).ok_or_else(std::io::Error::last_os_error)
        });
        let raw = raw.map_err(|error| LoadError {
            errno: Errno(error.raw_os_error().unwrap_or(0)),
            said: said.lines().map(|line| format!("\n{line}")).collect(),
        })?;
        let is_foreign = bytes.get(..2) != Some(&0xeb9f_u16.to_ne_bytes()[..]);
        Ok(Self(Arc::new(Handle { raw, base, is_foreign })))
    }

    /// Whether it was in the byte order that is not the host's.
    pub fn is_foreign(&self) -> bool {
        self.0.is_foreign
    }

    /// How many types there are, void and the base's included.
    pub fn type_count(&self) -> u32 {
        // SAFETY: the BTF is alive.
        unsafe { libbpf_sys::btf__type_cnt(self.as_ptr()) }
    }

    /// The first id that is its own and not the base's.
    pub fn start_id(&self) -> u32 {
        self.0.base.as_ref().map_or(1, Self::type_count)
    }

    /// The string at `offset`, if there is one.
    pub fn string(&self, offset: u32) -> Option<&CStr> {
        // SAFETY: the BTF is alive; libbpf checks the offset.
        let string = unsafe { libbpf_sys::btf__str_by_offset(self.as_ptr(), offset) };
        // SAFETY: it points into the BTF's strings, which end with NUL, live as
        // long as the BTF and never change.
        (!string.is_null()).then(|| unsafe { CStr::from_ptr(string) })
    }

    /// The name of the type `id`, if there is such a type; "" if it has none.
    pub fn name(&self, id: u32) -> Option<&CStr> {
        // SAFETY: the BTF is alive; libbpf checks the id.
        let record = unsafe { libbpf_sys::btf__type_by_id(self.as_ptr(), id).as_ref() }?;
        self.string(record.name_off)
    }

    pub(super) fn as_ptr(&self) -> *const libbpf_sys::btf {
        self.0.raw.as_ptr()
    }

    /// Refuses an id that is not there, which libbpf's internals do not.
    pub(super) fn check(&self, id: u32) -> Result<(), Errno> {
        if id < self.type_count() { Ok(()) } else { Err(Errno(libc::EINVAL)) }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it is ours alone, and nothing refers to it any more.
        unsafe { libbpf_sys::btf__free(self.raw.as_ptr()) };
    }
}
