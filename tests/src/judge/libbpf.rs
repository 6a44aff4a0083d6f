//! libbpf as the judge: what it does with a relocation, for any pair of BTF.
//!
//! The crate `libbpf-sys` builds libbpf as a static library, and in that even
//! its internal functions can be linked. So a relocation can be put to the very
//! code that relocates when libbpf loads an object, without an object, a kernel
//! or root. [`Libbpf`] does around those functions what libbpf's loader does:
//! it finds the candidates of a root type once, keeps only those that matched,
//! and calculates and patches with what it got.
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
//!     Verdict::Failed(failure) => println!("libbpf refuses: {failure}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Byte order
//! BTF in either order is taken. The instructions are in the order of the local
//! BTF. libbpf turns both into the host's order, relocates, and turns the
//! instructions back, as it does for a foreign object that it does not load;
//! one thing about that is wrong: see [`ForeignShift`].
//!
//! # Well-formed input only
//! libbpf trusts BTF that it has read: damaged types can make it read out of
//! bounds or recurse without end. Ids of types that are not there and
//! instructions outside of the code are caught here; the rest is up to the caller.
//!
//! # Threads
//! Judges share nothing that changes, so every thread can have its own, and
//! threads can share a [`Target`]. libbpf's log is one for the process: from the
//! first use of this module on it is silent, except in [`logged`], which sees
//! only what its own thread causes.
//!
//! [`ForeignShift`]: super::accepted::Accepted::ForeignShift

mod btf;
pub mod ffi;
mod insn;
mod log;
mod session;
mod spec;
#[cfg(test)]
mod tests;

use std::ffi::{CStr, CString, c_int};
use std::fmt;

use libbpf_sys::btf as RawBtf;

pub use self::btf::{Btf, LoadError};
pub use self::log::logged;
pub use self::session::{Failure, Libbpf, Patch, Resolution, Stage, Target, Verdict};
pub use self::spec::{Accessor, Spec};

/// The name that libbpf's messages give the program.
const PROGRAM: &CStr = c"judge";

/// A number from `errno.h` that libbpf returned, as a positive number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        std::io::Error::from_raw_os_error(self.0).fmt(f)
    }
}

impl std::error::Error for Errno {}

/// What a function of libbpf returned: a number, or an error below zero.
fn checked(returned: c_int) -> Result<u32, Errno> {
    u32::try_from(returned).map_err(|_| Errno(-returned))
}

/// Whether type `local_id` and type `target_id` are compatible, by
/// `bpf_core_types_are_compat`.
///
/// # Errors
/// An id that is not there, or types nested too deeply.
pub fn types_are_compat(
    local: &Btf,
    local_id: u32,
    target: &Btf,
    target_id: u32,
) -> Result<bool, Errno> {
    compare_types(ffi::bpf_core_types_are_compat, local, local_id, target, target_id)
}

/// Whether type `local_id` matches type `target_id`, by `bpf_core_types_match`.
///
/// # Errors
/// An id that is not there, or types nested too deeply.
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

/// The essential name of `name`, by `bpf_core_essential_name_len`.
///
/// # Panics
/// If `name` contains a NUL: in BTF it would end there.
pub fn essential_name(name: &str) -> &str {
    let terminated = CString::new(name).expect("a name without NUL");
    // SAFETY: it reads a string that ends with NUL.
    let length = unsafe { ffi::bpf_core_essential_name_len(terminated.as_ptr()) };
    &name[..length]
}
