//! Explains, queries, checks and minimises BPF CO-RE relocations.
//!
//! | module | question |
//! | --- | --- |
//! | [`explain`] | why did a relocation come out as it did, and how can it be fixed? |
//! | [`query`](mod@query) | where is a field, how large is it, what is the value of an enumerator? |
//! | [`definition`] | how does C define a type? |
//! | [`check`] | does an object work on a kernel? |
//! | [`minimize`](mod@minimize) | what is the smallest BTF that relocates an object exactly as the full one does? |
//! | [`blame`] | which relocation does a verifier log complain about? |
//!
//! ```
//! use btf_types::Btf;
//! use core_reloc_tools::query::{QueryError, query};
//!
//! fn print_offset(kernel: &Btf<'_>) -> Result<(), QueryError> {
//!     let pid = query(kernel, "task_struct.pid")?;
//!     println!("{} at byte {:?}", pid.ty, pid.byte_offset);
//!     Ok(())
//! }
//! ```
//!
//! All of them return plain values and perform no I/O. Any input gives a value or an error, in bounded time
//! and memory (see [`limits`]). They use only the public API of the crates below.
//!
//! The guide shows them at work [when something does not load](core_reloc::_guide::troubleshooting).
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod blame;
pub mod check;
pub mod definition;
pub mod explain;
pub mod limits;
pub mod minimize;
mod nearness;
pub mod query;
