//! Zero-copy views of BTF, the BPF Type Format, and of `.BTF.ext`.
//!
//! Both byte orders, split BTF, kinds 1 to 19 and unknown ones through the layout table; `no_std`,
//! no unsafe code, and total: after [`Btf::parse`] every access to any bytes gives a value or an
//! error, in bounded time.
//!
//! # Floors
//! 1. [`raw`]: the records of the format, byte for byte, under the names of the kernel's headers.
//! 2. Views: [`Btf`], [`Type`], [`Member`] and their like are `Copy`, borrow from the input, and
//!    read one fact each. They never interpret: a typedef is a typedef.
//! 3. Conveniences, each asked for by name: [`Type::skip_modifiers_and_typedefs`], [`Type::size`],
//!    [`Btf::find`], [`Btf::pointer_size`], [`Btf::validate`].
//!
//! # Example
//! ```
//! use btf_types::{Btf, Kind};
//!
//! fn print_layout(bytes: &[u8], name: &str) -> btf_types::Result<()> {
//!     let btf = Btf::parse(bytes)?;
//!     let Some(ty) = btf.find(name, Kind::Struct) else { return Ok(()) };
//!     for member in ty.members() {
//!         println!("{:5} {}", member.bit_offset() / 8, member.name()?);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Guide
//! [Reading BTF](https://github.com/core-reloc/core-reloc/blob/main/docs/guide/reading-btf.md), and all
//! the [other chapters](https://github.com/core-reloc/core-reloc/blob/main/docs/guide/SUMMARY.md).
//!
//! # Features
//! - `build`: the [`build`] module, which writes BTF.
//! - `proptest`: the [`mod@proptest`] module, strategies for property tests. Needs std.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, reason = "clippy.toml cannot exempt tests from it")
)]

extern crate alloc;
#[cfg(any(test, feature = "proptest"))]
extern crate std;

mod btf;
#[cfg(feature = "build")]
pub mod build;
mod error;
pub mod ext;
mod header;
mod ids;
mod kind;
mod layout;
pub mod limits;
mod name;
mod offsets;
mod order;
mod pointer;
#[cfg(feature = "proptest")]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "it runs in tests, on small graphs that it makes itself"
)]
pub mod proptest;
pub mod raw;
mod resolve;
mod strings;
pub mod types;
mod validate;

pub use self::{
    btf::Btf,
    error::{Error, Result},
    ext::BtfExt,
    header::Header,
    ids::{StrOffset, TypeId},
    kind::{Info, Kind, KindSet},
    name::Name,
    order::ByteOrder,
    pointer::PointerSize,
    types::{
        Array, DeclTarget, Entries, Enumerator, IntEncoding, Linkage, Member, Param, Type,
        VarSecInfo,
    },
};
