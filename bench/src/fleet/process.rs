//! The cost of a process.

use std::fs::File;
use std::mem::MaybeUninit;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Result;

/// Discards output.
pub(super) const DEV_NULL: &str = "/dev/null";

/// The cost of a process, and of the processes that it has waited for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Cost {
    /// The time of all processors, in seconds.
    pub(super) cpu: f64,
    /// The time on the clock, in seconds.
    pub(super) wall: f64,
    /// The peak memory in KiB, including pages of files.
    pub(super) peak_kib: u64,
}

impl Cost {
    /// Runs a command several times, and returns the run with the median of the processors' time.
    pub(super) fn median(command: &mut Command, rounds: usize) -> Result<Self> {
        Self::median_with_output(command, rounds, Path::new(DEV_NULL))
    }

    /// Like [`Cost::median`], but writes the output of the last run to a file.
    pub(super) fn median_with_output(
        command: &mut Command,
        rounds: usize,
        output: &Path,
    ) -> Result<Self> {
        let runs = (0..rounds.max(1)).map(|_| Self::of(command, File::create(output)?));
        let mut runs: Vec<Self> = runs.collect::<Result<_>>()?;
        runs.sort_by(|one, other| one.cpu.total_cmp(&other.cpu));
        Ok(runs[runs.len() / 2])
    }

    /// Runs a command, whose exit status may be 1: some objects do not load everywhere.
    fn of(command: &mut Command, output: File) -> Result<Self> {
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null()).spawn()?;
        let id = libc::pid_t::try_from(child.id())?;
        let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::zeroed());
        // SAFETY: it writes to both. The child is only waited for here.
        let waited = unsafe { libc::wait4(id, &mut status, 0, usage.as_mut_ptr()) };
        let wall = started.elapsed();
        if waited != id {
            return Err(std::io::Error::last_os_error().into());
        }
        if !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) > 1 {
            let program = command.get_program().display();
            return Err(format!("{program} failed with the status {status:#x}").into());
        }
        // SAFETY: zeros are valid values, too.
        let usage = unsafe { usage.assume_init() };
        let cpu = time(usage.ru_utime)? + time(usage.ru_stime)?;
        let peak_kib = u64::try_from(usage.ru_maxrss)?;
        Ok(Self { cpu: cpu.as_secs_f64(), wall: wall.as_secs_f64(), peak_kib })
    }
}

fn time(time: libc::timeval) -> Result<Duration> {
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec)?);
    Ok(seconds + Duration::from_micros(u64::try_from(time.tv_usec)?))
}
