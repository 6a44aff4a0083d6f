//! Tests of the strategies.

mod cases;
mod compiler;
#[path = "../../../btf-types/tests/strategies/in_c.rs"]
mod in_c;
mod mix;
mod shrinking;
