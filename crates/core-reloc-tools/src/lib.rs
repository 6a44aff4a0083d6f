//! Tools on top of [`core_reloc`]: what people ask about objects and kernels before they load one on the
//! other.
//!
//! | module | question |
//! | --- | --- |
//! | [`explain`] | why did a relocation come out as it did, and how can it be fixed? |
//! | [`query`] | where is a field, how large is it, what is the value of an enumerator? |
//! | [`definition`] | how does C define a type? |
//! | [`check`] | does an object work on a kernel? |
//! | [`minimize`] | what is the smallest BTF that relocates an object? |
//! | [`blame`] | which relocation does a verifier log complain about? |
//!
//! All of them return plain values, perform no I/O, and take any input: the result is a value or an
//! error, in bounded time and memory (see [`limits`]). They use only the public API of the crates below.
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
