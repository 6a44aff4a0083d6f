//! Hostile bytes: the library must take any input, in bounded time and memory.
//!
//! [`TARGETS`] are plain functions that read bytes through every public function
//! and panic when something is wrong. `cargo test` runs them over the seeds and
//! over [damaged](damage) seeds, `cargo xtask fuzz` over what a fuzzer makes up.

mod access;
pub mod adversary;
mod btf;
pub mod cost;
pub mod damage;
mod elf;
mod ext;
mod log;
mod relocate;
pub mod seeds;
mod walk;

use std::time::Duration;

/// What a fuzzer can run.
#[derive(Debug, Clone, Copy)]
pub struct FuzzTarget {
    /// The name, which its folders of seeds bear too.
    pub name: &'static str,
    /// Reads the bytes; panics when something is wrong with the library.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[FuzzTarget] = &[
    FuzzTarget { name: "btf", run: btf::alone },
    FuzzTarget { name: "split", run: btf::split },
    FuzzTarget { name: "ext", run: ext::ext },
    FuzzTarget { name: "elf", run: elf::elf },
    FuzzTarget { name: "log", run: log::log },
    FuzzTarget { name: "access", run: access::access },
    FuzzTarget { name: "relocate", run: relocate::relocate },
];

/// How long the processor may work on one input; seeds take milliseconds.
///
/// A fuzzer's own time-out goes by the clock, and so ends the run where a busy or stopped machine
/// is to blame.
pub const ENDLESS: Duration = Duration::from_secs(20);

/// Runs the target of a name.
///
/// # Panics
/// When there is none of the name, it takes too long, or something is wrong with the library.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.unwrap_or_else(|| panic!("no fuzz target is called `{name}`"));
    let ((), cost) = cost::measure(|| (target.run)(bytes));
    assert!(cost.cpu < ENDLESS, "{name} takes {:?} for {} bytes", cost.cpu, bytes.len());
}
