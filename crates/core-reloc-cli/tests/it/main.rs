//! The program, run as its users run it: what it prints, what it writes, how it ends.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod answers;
mod blame;
mod browser;
mod check;
mod damage;
mod dump;
mod explain;
mod kernel;
mod memory;
mod minimize;
mod output;
mod page;
mod printed;
mod program;
mod query;
mod relocate;
mod streams;
mod support;
mod targets;
mod usage;
