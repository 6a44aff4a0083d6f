//! What booted kernels answer to every program of every object.
//!
//! `cargo xtask kernels` boots the kernels, and the program `kernels` of this package records their answers in
//! `tests/kernels`, with as much of each kernel as verdicts depend on. The test `recorded_kernels` compares the
//! verdicts with them, without booting.

mod comparison;
mod objects;
mod recording;
mod refusal;
mod report;

pub use self::{
    comparison::{Comparison, Judged},
    objects::{Input, inputs},
    recording::{Answer, Program, Recording, Row, folder, recordings, sha256},
    refusal::Refusal,
    report::report,
};
