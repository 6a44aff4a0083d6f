//! Whole objects: reading, refusing and relocating them.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod damage;
mod file;
mod lines;
mod loading;
mod nothing;
mod objdump;
mod reading;
mod relocating;
mod targets;
