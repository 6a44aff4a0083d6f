//! Stores of generated and described kernels.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod answers;
mod bytes;
mod damage;
mod described;
mod explanations;
mod generated;
mod meaning;
