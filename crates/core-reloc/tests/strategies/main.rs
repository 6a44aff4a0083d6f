//! Tests of the strategies.

mod cases;
