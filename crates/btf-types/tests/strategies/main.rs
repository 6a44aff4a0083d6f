//! Tests of the strategies.

mod compiler;
mod damaged;
mod in_c;
mod mix;
mod shrinking;
mod well_formed;
