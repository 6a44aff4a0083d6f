//! The pointer that clones of an index share: `Arc`, or `Rc` on targets without atomics, such as BPF.

#[cfg(not(target_has_atomic = "ptr"))]
pub(crate) use alloc::rc::Rc as Shared;
#[cfg(target_has_atomic = "ptr")]
pub(crate) use alloc::sync::Arc as Shared;
