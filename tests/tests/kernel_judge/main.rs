//! The running kernel as a judge of our relocations: the kernel and we relocate the same programs. Both
//! results are loaded, compared instruction by instruction, and run.
//!
//! The kernel's code is a copy of libbpf's, but its environment differs: see [`differences`]. The tests
//! need root and Linux 5.17 or later.

mod compare;
mod differences;
mod enumerators;
mod forms;
mod local;
mod memory;
mod namesakes;
mod own_task;
mod refusals;
mod sizes;
