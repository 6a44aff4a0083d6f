//! Tests of the strategies: well-formed values, every documented feature, small counterexamples,
//! and the layouts and values that clang computes.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod clang;
mod in_c;
mod layouts;
mod originals;
mod relocation_variety;
mod shrinking;
mod support;
mod type_variety;
mod well_formed;
