//! The run: all cases and contenders in turn, each in its own process.

pub mod cases;
pub mod commands;
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
