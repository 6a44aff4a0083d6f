//! Hostile input: the library must accept any bytes, in bounded time and memory.
//!
//! [`TARGETS`] are plain functions that read bytes through every public function, and panic if the
//! library is wrong. `cargo test` runs them on the seeds and on [damaged](damage) seeds, `cargo xtask
//! fuzz` on the input of a fuzzer.

mod access;
pub mod adversary;
mod btf;
pub mod cost;
pub mod damage;
mod distilled;
mod elf;
mod ext;
mod log;
mod relocate;
pub mod seeds;
mod store;
mod walk;

use std::time::Duration;

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct FuzzTarget {
    /// The name of the target and of its folders of seeds.
    pub name: &'static str,
    /// Reads the bytes; panics if the library is wrong.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[FuzzTarget] = &[
    FuzzTarget { name: "btf", run: btf::alone },
    FuzzTarget { name: "split", run: btf::split },
    FuzzTarget { name: "distilled", run: distilled::distilled },
    FuzzTarget { name: "ext", run: ext::ext },
    FuzzTarget { name: "elf", run: elf::elf },
    FuzzTarget { name: "log", run: log::log },
    FuzzTarget { name: "access", run: access::access },
    FuzzTarget { name: "relocate", run: relocate::relocate },
    FuzzTarget { name: "store", run: store::store },
];

/// The most processor time for one input; seeds take milliseconds.
///
/// A fuzzer's own timeout measures wall time, and so fails on a busy or suspended machine.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// Runs a target by its name.
///
/// # Panics
/// Panics if there is no such target, it takes too long, or the library is wrong.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.unwrap_or_else(|| panic!("no fuzz target is called `{name}`"));
    let ((), cost) = cost::measure(|| (target.run)(bytes));
    assert!(cost.cpu < TIMEOUT, "{name} takes {:?} for {} bytes", cost.cpu, bytes.len());
}
