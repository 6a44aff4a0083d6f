//! Explains, queries, checks and minimizes BPF CO-RE relocations.
//!
//! | module | question |
//! | --- | --- |
//! | [`explain`] | why does a relocation have no value on a target, and how can the program be fixed? |
//! | [`query`](mod@query) | where is a field, how large is it, what is the value of an enumerator? |
//! | [`definition`] | how does C define a type? |
//! | [`diff`] | what differs between the types of two kernels? |
//! | [`header`] | how does a program in C declare the types of a kernel? |
//! | [`check`] | does each program of an object load on a kernel, and if not, why? |
//! | [`needs`](mod@needs) | what does an object need besides relocations, and does the kernel have it? |
//! | [`paths`] | which instructions of a program does the verifier reach? |
//! | [`minimize`](mod@minimize) | what is the smallest BTF with which an object relocates as with the full one? |
//! | [`copies`](mod@copies) | which accesses of local copies leave the copy on a kernel? |
//! | [`sizes`](mod@sizes) | which reads have another size than the field on a kernel? |
//! | [`lint`](mod@lint) | which mistakes does an object have on any kernel? |
//! | [`blame`] | which relocation does a verifier log complain about? |
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
//! use core_reloc::Target;
//! use core_reloc_tools::query::{Answer, query};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // struct task { int pid; int tgid; };
//! let mut btf = Builder::new(ByteOrder::Little);
//! let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
//! btf.structure("task", 8).member("pid", int, 0).member("tgid", int, 32).finish();
//! let kernel = btf.finish()?;
//!
//! let kernel = Btf::parse(&kernel)?;
//! if let Answer::Field(tgid) = query(&Target::new(&kernel), "task.tgid")? {
//!     assert_eq!(tgid.type_name, "int");
//!     assert_eq!(tgid.byte_offset, 4);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every function returns plain values and performs no I/O. Any input gives a value or an error, in
//! bounded time and memory; [`limits`] has the ceilings. The crate uses only the public API of
//! [`core_reloc`].
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clippy.toml cannot exempt tests from these"
    )
)]

pub mod blame;
mod callees;
pub mod check;
pub mod copies;
pub mod definition;
pub mod diff;
mod enums;
pub mod explain;
mod flow;
pub mod header;
mod insn;
pub mod limits;
pub mod lint;
pub mod minimize;
pub mod needs;
pub mod paths;
pub mod query;
mod replacement;
mod similar;
pub mod sizes;
