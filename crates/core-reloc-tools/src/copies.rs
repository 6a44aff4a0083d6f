//! Relocated accesses of local copies: whether they stay within the copy on a kernel.
//!
//! A program that copies a struct of the kernel into a local variable has the size that the compiler
//! knew. If the struct has grown, the offset of a field on the kernel may be past the end of the copy:
//!
//! ```c
//! struct ns_common ns = BPF_CORE_READ(task, nsproxy, pid_ns_for_children, ns); // 24 bytes
//! return ns.inum;                      // at offset 16 when it was compiled, at 24 on the kernel
//! ```
//!
//! The verifier rejects a load that leaves the stack (`invalid read from stack`). A load within the stack
//! gets other data than the field. The remedy is to read the field itself.
//!
//! [`Checked::copies`](crate::check::Checked::copies) has the findings on an object.

mod access;
mod finding;

pub(crate) use self::access::{CopyAccesses, KernelOffsets};
pub use self::finding::{CopyEffect, CopyFinding, CopyHarm};
