//! Runs the program as its users do, and tests its output, the files that it writes, and its exit status.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod answers;
mod blame;
mod browser;
mod check;
mod damage;
mod dump;
mod entries;
mod explain;
mod inputs;
mod kernel;
mod lint;
mod memory;
mod minimize;
mod modules;
mod nothing;
mod output;
mod overwriting;
mod page;
mod parts;
mod printed;
mod program;
mod query;
mod relocate;
mod replacing;
mod same;
mod schema;
mod shrinking;
mod signals;
mod streams;
mod support;
mod targets;
mod threads;
mod usage;
