//! Whole processes: how long a program takes from its start to its end, and how much memory.

use std::fs;
use std::mem::MaybeUninit;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::times::{Rounds, Times};
use crate::Result;

/// What a program took.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Took {
    /// The time until its end.
    pub times: Times,
    /// The most memory that it had, in KiB, pages of files included.
    pub peak_kib: u64,
}

/// Starts a program again and again. Nothing else must have been started by this process.
///
/// # Errors
/// When the program cannot be started or fails.
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
    // A new process begins in its parent's memory, and the kernel counts that as its own.
    let own = own_peak()?;
    if peak_kib <= own {
        return Err(format!("{program} has less memory than its parent's {own} KiB").into());
    }
    Ok(Took { times: times.without_warm_up(), peak_kib })
}

/// The most memory that one of the processes had that this one has waited for, in KiB.
fn peak_of_children() -> Result<u64> {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: it writes one such struct there, or returns an error.
    if unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()) } != 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    // SAFETY: it has been written.
    Ok(u64::try_from(unsafe { usage.assume_init() }.ru_maxrss)?)
}

/// The most memory that this process had since its program was started, in KiB.
fn own_peak() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.ok_or("/proc/self/status does not tell the memory")?;
    Ok(peak.trim_end_matches("kB").trim().parse()?)
}
