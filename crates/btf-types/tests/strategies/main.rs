//! Tests of the strategies.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod compiler;
mod damaged;
mod in_c;
mod mix;
mod shrinking;
mod well_formed;
