//! BTF that libbpf has read.

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

use super::{Errno, log};

/// BTF that libbpf has read; clones share it.
#[derive(Debug, Clone)]
pub struct Btf(Arc<Handle>);

/// An error of libbpf when it reads BTF or an object.
#[derive(Debug, Clone, thiserror::Error)]
#[error("libbpf cannot read this: {errno}{log}")]
pub struct LoadError {
    /// The error number.
    pub errno: Errno,
    /// The log, with a line feed before each line.
    pub log: String,
}

impl LoadError {
    pub(super) fn new(error: &std::io::Error, log: &str) -> Self {
        Self {
            errno: Errno(error.raw_os_error().unwrap_or(0)),
            log: log.lines().map(|line| format!("\n{line}")).collect(),
        }
    }
}

#[derive(Debug)]
struct Handle {
    raw: NonNull<libbpf_sys::btf>,
    /// libbpf keeps a pointer to the base, which must outlive it.
    base: Option<Btf>,
    is_foreign: bool,
}

// SAFETY: a `struct btf` is not bound to the thread that created it.
unsafe impl Send for Handle {}
// SAFETY: the functions that we call with a `struct btf` (type by id, string by offset, type count, and
// the CO-RE functions, which use these) only read it.
unsafe impl Sync for Handle {}

impl Btf {
    /// Reads raw BTF in either byte order.
    ///
    /// # Errors
    /// libbpf rejects the BTF.
    pub fn new(bytes: &[u8]) -> Result<Self, LoadError> {
        Self::read(bytes, None)
    }

    /// Reads split BTF.
    ///
    /// # Errors
    /// libbpf rejects the BTF.
    pub fn new_split(bytes: &[u8], base: &Self) -> Result<Self, LoadError> {
        Self::read(bytes, Some(base.clone()))
    }

    fn read(bytes: &[u8], base: Option<Self>) -> Result<Self, LoadError> {
        let size = u32::try_from(bytes.len())
            .map_err(|_| LoadError { errno: Errno(libc::E2BIG), log: String::new() })?;
        let (raw, log) = log::logged(|| {
            let base = base.as_ref().map_or(std::ptr::null_mut(), |base| base.0.raw.as_ptr());
            // SAFETY: libbpf copies `size` bytes; the base is alive, or null for none.
            let raw =
                unsafe { libbpf_sys::btf__new_split(bytes.as_ptr().cast::<c_void>(), size, base) };
            NonNull::new(raw).ok_or_else(std::io::Error::last_os_error)
        });
        let raw = raw.map_err(|error| LoadError::new(&error, &log))?;
        let is_foreign = bytes.get(..2) != Some(&0xeb9f_u16.to_ne_bytes()[..]);
        Ok(Self(Arc::new(Handle { raw, base, is_foreign })))
    }

    /// Returns `true` if the byte order is not the host's.
    pub fn is_foreign(&self) -> bool {
        self.0.is_foreign
    }

    /// Returns the number of types, including void and those of the base.
    pub fn type_count(&self) -> u32 {
        // SAFETY: the BTF is alive.
        unsafe { libbpf_sys::btf__type_cnt(self.as_ptr()) }
    }

    /// Returns the first id that is not the base's.
    pub fn start_id(&self) -> u32 {
        self.0.base.as_ref().map_or(1, Self::type_count)
    }

    /// Returns the string at an offset, if it is valid.
    pub fn string(&self, offset: u32) -> Option<&CStr> {
        // SAFETY: the BTF is alive; libbpf checks the offset.
        let string = unsafe { libbpf_sys::btf__str_by_offset(self.as_ptr(), offset) };
        // SAFETY: it points into the BTF's strings, which end with NUL, live as long as the BTF and
        // never change.
        (!string.is_null()).then(|| unsafe { CStr::from_ptr(string) })
    }

    /// Returns the name of a type, "" if it is anonymous; `None` if there is no such type.
    pub fn name(&self, id: u32) -> Option<&CStr> {
        // SAFETY: the BTF is alive; libbpf checks the id.
        let record = unsafe { libbpf_sys::btf__type_by_id(self.as_ptr(), id).as_ref() }?;
        self.string(record.name_off)
    }

    pub(super) fn as_ptr(&self) -> *const libbpf_sys::btf {
        self.0.raw.as_ptr()
    }

    /// Checks that an id is valid, which libbpf's internal functions do not.
    pub(super) fn check(&self, id: u32) -> Result<(), Errno> {
        if id < self.type_count() { Ok(()) } else { Err(Errno(libc::EINVAL)) }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: this is the only owner, and nothing refers to it any more.
        unsafe { libbpf_sys::btf__free(self.raw.as_ptr()) };
    }
}
