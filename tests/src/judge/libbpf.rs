//! libbpf as a judge: what it does with a relocation, for any pair of BTF.
//!
//! The crate `libbpf-sys` builds libbpf as a static library, whose internal functions can be linked. So
//! the code that relocates the objects that libbpf loads can be called for any relocation, without an
//! object, a kernel or root. [`Libbpf`] calls these functions as libbpf's loader does: it finds the
//! candidates of a root type once, keeps only those that match, and then calculates and patches.
//!
//! ```
//! # use core_reloc_tests::judge::{Record, libbpf::{Libbpf, Target, Verdict}};
//! # fn check(local: &[u8], kernel: &[u8], record: Record, code: &mut [u8])
//! # -> Result<(), core_reloc_tests::judge::libbpf::LoadError> {
//! let target = Target::new(kernel, &[])?;
//! let mut libbpf = Libbpf::new(local, &target)?;
//! match libbpf.relocate(record, code) {
//!     Verdict::Relocated(patch) => println!("{:?} became {:?}", patch.before, patch.after),
//!     Verdict::Poisoned(_) => println!("there is no such field"),
//!     Verdict::Failed(failure) => println!("libbpf rejects: {failure}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Byte order
//! BTF may have either byte order. The instructions have that of the local BTF. libbpf converts both to
//! the host's order, relocates, and converts the instructions back, as it does for foreign objects. One
//! of its results is then wrong: see [`ForeignShift`].
//!
//! # Well-formed input only
//! libbpf trusts BTF that it has read: damaged types can make it read out of bounds or recurse forever.
//! This module checks type ids and the offsets of instructions; the caller must ensure that the types are
//! well-formed.
//!
//! # Threads
//! Judges share no mutable state: every thread can have its own, and threads can share a [`Target`].
//! libbpf has one log for the process. From the first use of this module on it is silent, except in
//! [`logged`], which returns the messages of its own thread.
//!
//! [`ForeignShift`]: super::accepted::Accepted::ForeignShift

mod btf;
mod distill;
pub mod ffi;
mod insn;
mod log;
pub mod object;
mod session;
mod spec;
#[cfg(test)]
mod tests;

use std::ffi::{CStr, CString, c_int};
use std::fmt;

use libbpf_sys::btf as RawBtf;

pub use self::btf::{Btf, LoadError};
pub use self::distill::{Distilled, RelocateError};
pub use self::log::logged;
pub use self::session::{Failure, Libbpf, Patch, Resolution, Stage, Target, Verdict};
pub use self::spec::{Accessor, Spec};

/// The name that libbpf's messages give the program.
const PROGRAM: &CStr = c"judge";

/// An error number of `errno.h`, as a positive number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        std::io::Error::from_raw_os_error(self.0).fmt(f)
    }
}

impl std::error::Error for Errno {}

/// Converts the result of a function of libbpf: a number, or a negative error number.
fn checked(returned: c_int) -> Result<u32, Errno> {
    u32::try_from(returned).map_err(|_| Errno(-returned))
}

/// Returns `true` if two types are compatible, by `bpf_core_types_are_compat`.
///
/// # Errors
/// An id is invalid, or the types are nested too deeply.
pub fn types_are_compat(
    local: &Btf,
    local_id: u32,
    target: &Btf,
    target_id: u32,
) -> Result<bool, Errno> {
    compare_types(ffi::bpf_core_types_are_compat, local, local_id, target, target_id)
}

/// Returns `true` if two types match, by `bpf_core_types_match`.
///
/// # Errors
/// An id is invalid, or the types are nested too deeply.
pub fn types_match(
    local: &Btf,
    local_id: u32,
    target: &Btf,
    target_id: u32,
) -> Result<bool, Errno> {
    compare_types(ffi::bpf_core_types_match, local, local_id, target, target_id)
}

fn compare_types(
    compare: unsafe extern "C" fn(*const RawBtf, u32, *const RawBtf, u32) -> c_int,
    local: &Btf,
    local_id: u32,
    target: &Btf,
    target_id: u32,
) -> Result<bool, Errno> {
    local.check(local_id)?;
    target.check(target_id)?;
    // SAFETY: both BTFs are alive, and each id is one of its BTF's.
    let returned = unsafe { compare(local.as_ptr(), local_id, target.as_ptr(), target_id) };
    checked(returned).map(|result| result != 0)
}

/// Returns the essential name of `name`, by `bpf_core_essential_name_len`.
///
/// # Panics
/// Panics if `name` contains a NUL.
pub fn essential_name(name: &str) -> &str {
    let terminated = CString::new(name).expect("a name without NUL");
    // SAFETY: the argument is a string that ends with NUL.
    let length = unsafe { ffi::bpf_core_essential_name_len(terminated.as_ptr()) };
    &name[..length]
}
