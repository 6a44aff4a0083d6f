//! Zero-copy views of BTF, the BPF Type Format, and of `.BTF.ext`.
//!
//! The crate reads both byte orders, split BTF, kinds 1 to 22, and unknown kinds that a layout table
//! describes. It is `no_std`, has no unsafe code, and is total: after [`Btf::parse`], every access on any
//! input returns a value or an error, in bounded time.
//!
//! # Layers
//! 1. [`raw`]: the records of the format, byte for byte, with the names of the kernel's headers.
//! 2. Views: [`Btf`], [`Type`], [`Member`] and others borrow from the input, and each accessor reads one
//!    fact. They never interpret: a typedef stays a typedef.
//! 3. Conveniences, each a call of its own: [`Type::skip_modifiers_and_typedefs`], [`Type::size`],
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
//! The chapter "Reading BTF" of the guide is about this crate. The guide is in the documentation of the
//! crate `core-reloc`, in the module `_guide`.
//!
//! # Features
//! - `build`: the `build` module, which writes BTF.
//! - `owned`: `OwnedBtf`, which keeps the bytes that it was parsed from.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, reason = "clippy.toml cannot exempt tests from it")
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod base;
mod btf;
#[cfg(feature = "build")]
pub mod build;
pub mod distilled;
mod error;
pub mod ext;
mod header;
mod ids;
mod kind;
mod layout;
pub mod limits;
mod lookup;
mod name;
mod offsets;
mod order;
#[cfg(feature = "owned")]
mod owned;
mod pointer;
pub mod raw;
mod resolve;
mod strings;
pub mod types;
mod validate;
mod walk;
#[doc(hidden)]
pub mod word;

#[cfg(feature = "owned")]
pub use self::owned::{OwnedBtf, SharedBytes};
pub use self::{
    btf::Btf,
    error::{Error, Result},
    ext::BtfExt,
    header::Header,
    ids::{StrOffset, TypeId},
    kind::{Info, Kind, KindSet},
    name::{Name, is_plain},
    order::ByteOrder,
    pointer::{LONG, PointerSize},
    types::{
        Array, DeclTarget, Entries, Enumerator, IntEncoding, Linkage, Loc, LocFlags, LocParam,
        LocProtoParam, LocValue, Member, Param, Type, TypeView, VarSecInfo,
    },
};
