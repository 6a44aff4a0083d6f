//! Tests of the strategies.

mod well_formed;
