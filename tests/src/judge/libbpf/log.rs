//! libbpf's log.

use std::cell::RefCell;
use std::ffi::{c_char, c_int};
use std::sync::Once;

use libbpf_sys::{__va_list_tag, libbpf_print_level};

thread_local! {
    /// What libbpf printed on this thread; `None` outside of [`logged`].
    static LOG: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Calls `f` and returns what libbpf printed on this thread, including debug messages.
pub fn logged<T>(f: impl FnOnce() -> T) -> (T, String) {
    silence();
    let outer = LOG.replace(Some(String::new()));
    let returned = f();
    let log = LOG.take().unwrap_or_default();
    // An outer `logged` gets these messages as well.
    LOG.set(outer.map(|outer| outer + &log));
    (returned, log)
}

/// Silences libbpf, except in [`logged`].
fn silence() {
    static ONCE: Once = Once::new();
    // SAFETY: `print` has the type that libbpf requires.
    ONCE.call_once(|| _ = unsafe { libbpf_sys::libbpf_set_print(Some(print)) });
}

unsafe extern "C" {
    fn vsnprintf(
        buffer: *mut c_char,
        size: usize,
        format: *const c_char,
        arguments: *mut __va_list_tag,
    ) -> c_int;
}

/// The print function of libbpf.
unsafe extern "C" fn print(
    _level: libbpf_print_level,
    format: *const c_char,
    arguments: *mut __va_list_tag,
) -> c_int {
    LOG.with_borrow_mut(|log| {
        let Some(log) = log else { return 0 };
        // Longer messages are truncated.
        let mut line = [0_u8; 1024];
        // SAFETY: libbpf's arguments fit its format; the buffer has that size.
        let length = unsafe { vsnprintf(line.as_mut_ptr().cast(), line.len(), format, arguments) };
        let length = usize::try_from(length).unwrap_or(0).min(line.len() - 1);
        log.push_str(&String::from_utf8_lossy(&line[..length]));
        length as c_int
    })
}
