//! Distilled bases: what libbpf makes of a module, and what it relocates it to.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::slice;

use super::{Btf, Errno, log};

/// Split BTF with the distilled base that it continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distilled {
    /// The bytes of the distilled base.
    pub base: Vec<u8>,
    /// The bytes of the split BTF.
    pub split: Vec<u8>,
}

/// An error of libbpf when it relocates split BTF.
#[derive(Debug, Clone, thiserror::Error)]
#[error("libbpf cannot relocate this BTF: {errno}{log}")]
pub struct RelocateError {
    /// The error number.
    pub errno: Errno,
    /// The log, with a line feed before each line.
    pub log: String,
}

/// A BTF of libbpf that nothing else refers to.
struct Owned(NonNull<libbpf_sys::btf>);

impl Owned {
    /// Returns the bytes, in the byte order of the BTF.
    fn bytes(&self) -> Vec<u8> {
        let mut size = 0;
        // SAFETY: the BTF is alive.
        let bytes = unsafe { libbpf_sys::btf__raw_data(self.0.as_ptr(), &raw mut size) };
        assert!(!bytes.is_null(), "libbpf returns the bytes of the BTF that it made");
        // SAFETY: libbpf returns this many bytes, which it keeps for as long as the BTF.
        unsafe { slice::from_raw_parts(bytes.cast(), size as usize) }.to_vec()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: this is the only owner.
        unsafe { libbpf_sys::btf__free(self.0.as_ptr()) };
    }
}

impl Btf {
    /// Distills the base of split BTF: libbpf's `btf__distill_base`, which pahole calls for modules that are
    /// built out of tree.
    ///
    /// # Errors
    /// libbpf's error.
    pub fn distilled(&self) -> Result<Distilled, Errno> {
        let (mut base, mut split) = (ptr::null_mut(), ptr::null_mut());
        let (result, _) = log::logged(|| {
            // SAFETY: the BTF is alive, and libbpf sets both pointers if it succeeds.
            unsafe { libbpf_sys::btf__distill_base(self.as_ptr(), &raw mut base, &raw mut split) }
        });
        match (NonNull::new(base), NonNull::new(split)) {
            (Some(base), Some(split)) if result == 0 => {
                // The split BTF refers to the base, so it is freed first.
                let base = Owned(base);
                let split = Owned(split);
                Ok(Distilled { base: base.bytes(), split: split.bytes() })
            }
            _ => Err(Errno(-result)),
        }
    }

    /// Relocates a module from its distilled base onto this BTF: libbpf's `btf__relocate`. Returns the bytes
    /// of split BTF on this BTF.
    ///
    /// # Errors
    /// libbpf's error, and what it logs.
    ///
    /// # Panics
    /// Panics if libbpf cannot read the module.
    pub fn relocated(&self, module: &Distilled) -> Result<Vec<u8>, RelocateError> {
        let base = Self::new(&module.base).expect("libbpf reads the distilled base");
        let size = u32::try_from(module.split.len()).expect("modules are small");
        let bytes = module.split.as_ptr().cast::<c_void>();
        // SAFETY: libbpf copies `size` bytes; the base lives until the end of this function.
        let split = unsafe { libbpf_sys::btf__new_split(bytes, size, base.as_ptr().cast_mut()) };
        let split = Owned(NonNull::new(split).expect("libbpf reads the split BTF"));
        // SAFETY: both are alive. Afterwards the split BTF refers to this one, which outlives it.
        let relocate = || unsafe { libbpf_sys::btf__relocate(split.0.as_ptr(), self.as_ptr()) };
        let (result, log) = log::logged(relocate);
        if result != 0 {
            let log = log.lines().map(|line| format!("\n{line}")).collect();
            return Err(RelocateError { errno: Errno(-result), log });
        }
        Ok(split.bytes())
    }
}
