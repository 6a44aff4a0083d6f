//! The run: every case, every contender, in turn, each in a process of its own.

pub mod cases;
pub mod goals;
pub mod inputs;
pub mod job;
pub mod machine;
pub mod markdown;
pub mod memory;
pub mod plan;
pub mod plot;
pub mod program;
pub mod report;
pub mod times;
