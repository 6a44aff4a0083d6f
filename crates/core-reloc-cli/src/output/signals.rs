//! Signals that end the program, held back while a temporary file exists.

use std::{
    fs,
    io::{self, ErrorKind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ},
    flag,
    low_level::emulate_default_handler,
};

/// The signals that users and systems end programs with.
const ENDING: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];

/// While it exists, a signal does not end the program. When it is dropped, a signal that has arrived
/// does.
///
/// A signal handler can do little more than set a flag. A thread that waits for signals could remove the
/// files, but there may be no more threads.
pub(super) struct HeldSignals(Handlers);

/// The flags of the signal handlers, which stay until the program ends.
#[derive(Clone)]
struct Handlers {
    /// Whether a signal ends the program at once.
    end_at_once: Arc<AtomicBool>,
    /// The signal that has arrived, or 0.
    arrived: Arc<AtomicUsize>,
}

impl HeldSignals {
    /// Holds back signals, except for those that the program was started to ignore.
    pub(super) fn hold() -> io::Result<Self> {
        static HANDLERS: Mutex<Option<Handlers>> = Mutex::new(None);
        let mut known = HANDLERS.lock().unwrap_or_else(PoisonError::into_inner);
        let handlers = match known.as_ref() {
            Some(handlers) => handlers,
            None => known.insert(Handlers::register()?),
        };
        handlers.end_at_once.store(false, Ordering::SeqCst);
        Ok(Self(handlers.clone()))
    }

    /// Returns an error if a signal has arrived.
    pub(super) fn check(&self) -> io::Result<()> {
        match self.0.arrived.load(Ordering::SeqCst) {
            0 => Ok(()),
            signal => Err(io::Error::new(ErrorKind::Interrupted, format!("signal {signal}"))),
        }
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        let Handlers { end_at_once, arrived } = &self.0;
        // First, so that no signal is lost: one that arrives after this ends the program by itself.
        end_at_once.store(true, Ordering::SeqCst);
        let arrived = i32::try_from(arrived.load(Ordering::SeqCst)).unwrap_or(0);
        if arrived != 0 {
            // Fails only for signals that cannot be handled.
            let _ = emulate_default_handler(arrived);
        }
    }
}

impl Handlers {
    fn register() -> io::Result<Self> {
        let handlers = Self { end_at_once: Arc::default(), arrived: Arc::default() };
        let ignored = ignored_signals();
        for signal in ENDING.into_iter().filter(|signal| !ignored.contains(signal)) {
            let number = usize::try_from(signal).map_err(io::Error::other)?;
            flag::register_usize(signal, Arc::clone(&handlers.arrived), number)?;
            flag::register_conditional_default(signal, Arc::clone(&handlers.end_at_once))?;
        }
        // Exceeding the user's limit of a file's size (`ulimit -f`) becomes an error of the write.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(handlers)
    }
}

/// Returns the signals that the program was started to ignore, as `nohup` does. Without `/proc`, none
/// are known.
fn ignored_signals() -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    ENDING.into_iter().filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
}
