//! Tests of the strategies.

mod cases;
mod mix;
mod shrinking;
