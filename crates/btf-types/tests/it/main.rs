//! Tests of the public API, with BTF that the builder writes. One program, so that it links once.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod all_kinds;
mod broken;
mod broken_ext;
mod builder;
mod dump;
mod ext;
mod header;
mod inline_sites;
mod judge;
mod kind_set;
#[cfg(feature = "owned")]
mod owned;
mod pointer_size;
mod resolve;
mod round_trip;
mod split;
mod type_view;
mod validate;
mod views;
