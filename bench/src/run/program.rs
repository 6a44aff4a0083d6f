//! Measures whole processes: the time from start to end, and the memory.

use std::fs;
use std::mem::MaybeUninit;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::times::{Rounds, Times};
use crate::Result;

/// The cost of a program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Took {
    /// The times.
    pub times: Times,
    /// The peak memory in KiB, including pages of files.
    pub peak_kib: u64,
}

impl Took {
    /// Adds what another process measured.
    pub fn append(&mut self, other: Self) {
        self.times.append(other.times);
        self.peak_kib = self.peak_kib.max(other.peak_kib);
    }
}

/// Runs a program repeatedly. This process must not have started any other.
///
/// # Errors
/// The program cannot be started or fails.
pub fn measure(command: &[String], rounds: Rounds) -> Result<Took> {
    let [program, arguments @ ..] = command else { return Err("there is no program".into()) };
    let mut times = Times::default();
    let mut clock = rounds.start();
    loop {
        let started = Instant::now();
        let status = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        times.push(started.elapsed());
        let status = status.map_err(|error| format!("{program}: {error}"))?;
        if !status.success() {
            return Err(format!("{}: {status}", command.join(" ")).into());
        }
        if !clock.again() {
            break;
        }
    }
    let peak_kib = peak_of_children()?;
    // The kernel counts the memory of the parent as the new process's until it starts its program.
    let own = own_peak()?;
    if peak_kib <= own {
        return Err(format!("{program} needs less memory than the {own} KiB of its parent").into());
    }
    Ok(Took { times: times.without_warm_up(), peak_kib })
}

/// Returns the peak memory of the processes that this one has waited for, in KiB.
fn peak_of_children() -> Result<u64> {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: it writes the struct or returns an error.
    if unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()) } != 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    // SAFETY: it has been written.
    Ok(u64::try_from(unsafe { usage.assume_init() }.ru_maxrss)?)
}

/// Returns the peak memory of this process, in KiB.
fn own_peak() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.ok_or("/proc/self/status has no peak memory")?;
    Ok(peak.trim_end_matches("kB").trim().parse()?)
}
