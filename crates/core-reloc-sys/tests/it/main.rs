//! The library on made-up root directories, and on the running kernel.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod damage;
mod distilled;
mod files;
mod modules;
mod places;
mod running;
mod support;
mod tree;
