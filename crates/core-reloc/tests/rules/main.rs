//! The rules of relocation, one table row at a time: types in C, a relocation over them, and what
//! must come out by the rule, in both byte orders. Expected values are arithmetic on the
//! descriptions.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod check;

mod bitfields;
mod candidates;
mod code;
mod compatibility;
mod describing;
mod enumerators;
mod every_kind;
mod fields;
mod generating;
mod many_candidates;
mod questions;
mod types;
