//! The running kernel as a judge of our relocations: it relocates by itself what we relocate, and
//! both results are loaded, compared instruction by instruction, and run.
//!
//! The kernel's code is a copy of libbpf's, but what surrounds it differs: see [`differences`].
//! Needs root and Linux 5.17 or later.

mod compare;
mod differences;
mod forms;
mod local;
mod memory;
mod namesakes;
mod own_task;
mod refusals;
mod sizes;
