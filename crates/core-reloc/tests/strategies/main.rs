//! Tests of the strategies.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod cases;
mod compiler;
#[path = "../../../btf-types/tests/strategies/in_c.rs"]
mod in_c;
mod mix;
mod shrinking;
