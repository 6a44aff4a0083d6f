//! The types of many kernels and their modules in one file, each definition once.
//!
//! Two builds of one kernel share nearly all of their types, and an archive of thousands of kernels repeats them
//! thousands of times. A store has each distinct definition once, and of each kernel what differs from another. It
//! is read or mapped, opened in constant time, and used in place; packed, it unpacks the pages that are needed.
//!
//! ```
//! use btf_store::{Build, Selection, Store};
//!
//! fn types_for(store: &[u8], running: &Build<'_>) -> Result<Option<Vec<u8>>, btf_store::Error> {
//!     let store = Store::open(store)?;
//!     let Some(kernel) = store.find_build(running)? else { return Ok(None) };
//!     // All types of a kernel are `kernel.extract()`.
//!     let needed = Selection::new().types(["task_struct", "sock"]);
//!     Ok(Some(kernel.extract_selected(&needed)?.into_bytes()))
//! }
//! ```
//!
//! - [`Store`]: an opened store, its [`Kernel`]s and their [`Module`]s.
//! - [`Store::find_build`]: the running kernel's types, for loaders and agents.
//! - [`Kernel::extract`]: all of a kernel's BTF. [`Kernel::extract_selected`]: what a [`Selection`] needs.
//! - [`Store::groups`]: which kernels do not differ in anything that a selection needs. [`Store::type_names`]: what
//!   can be selected.
//! - `Writer` (feature `write`): makes stores, adds kernels, merges and removes.
//!
//! The format is described in `docs/btf-store-format.md` of the repository.
//!
//! # Hostile input
//! Any bytes give a value or an error. [`Store::open`] checks the header, and everything else is checked when it
//! is used. The time and memory of a question about one kernel are bounded by the length of the file times
//! [`limits::MAX_RATIO`]. [`Store::groups`] may ask one for each kernel: of a store from elsewhere, look at
//! [`Store::len`] first.
//!
//! # Features
//! - `packed`: reads packed stores, and writes them.
//! - `write`: `Writer`; needs std.
#![cfg_attr(not(feature = "write"), no_std)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, reason = "clippy.toml cannot exempt tests from it")
)]

extern crate alloc;

mod cursor;
mod error;
mod extract;
mod find;
mod graph;
mod group;
mod header;
mod items;
mod kernel;
pub mod limits;
mod names;
mod pages;
mod record;
mod selection;
mod set;
mod store;
#[cfg(feature = "write")]
mod write;

#[cfg(feature = "write")]
pub use self::write::{WriteError, Writer};
pub use self::{
    error::{Error, Result, Section},
    extract::Extracted,
    find::Build,
    group::Group,
    header::{MAGIC, VERSION},
    kernel::{Info, Kernel, Module},
    selection::{Reach, Selection},
    store::Store,
};
