//! `bench-memory CONTENDER TARGET OBJECT`, or `bench-memory CONTENDER TARGET WHAT NAMES`: measures the
//! memory of a contender that relocates an object, or looks up names (JSON), by counting allocations.
//!
//! This is a separate program, because its `malloc`, for both Rust and C, counts, which would affect
//! times.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, path::Path};

use core_reloc_bench::Result;
use core_reloc_bench::contenders::Who;
use core_reloc_bench::names::What;
use core_reloc_bench::run::memory::Memory;

fn main() -> Result {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [who, target, rest @ ..] = arguments.as_slice() else { return Err(USAGE.into()) };
    let who = Who::from_name(who).ok_or("no such contender")?;
    let target = Path::new(target);
    let mut kept = 0;
    let before = match rest {
        [object] => {
            let object = fs::read(object)?;
            let before = start();
            who.contender().keep(target, &object, &mut || {
                kept = CURRENT.load(Ordering::Relaxed) - before;
            })?;
            before
        }
        [what, names] => {
            let what: What = serde_json::from_str(what)?;
            let names: Vec<String> = serde_json::from_str(names)?;
            let look_up = who.look_up().ok_or("the contender does not look up names")?;
            let before = start();
            look_up(target, what, &names)?;
            before
        }
        _ => return Err(USAGE.into()),
    };
    let peak = PEAK.load(Ordering::Relaxed) - before;
    println!("{}", serde_json::to_string(&Memory { kept, peak })?);
    Ok(())
}

const USAGE: &str = "usage: bench-memory CONTENDER TARGET (OBJECT | WHAT NAMES)";

/// Starts to measure the peak, and returns the bytes allocated at present.
fn start() -> usize {
    let current = CURRENT.load(Ordering::Relaxed);
    PEAK.store(current, Ordering::Relaxed);
    current
}

/// The bytes allocated at present.
static CURRENT: AtomicUsize = AtomicUsize::new(0);
/// The most bytes allocated at once.
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn add(bytes: usize) {
    let current = CURRENT.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(current, Ordering::Relaxed);
}

/// Counts a new allocation.
///
/// # Safety
/// The pointer must be null or allocated by the C library.
unsafe fn count(allocated: *mut c_void) -> *mut c_void {
    // SAFETY: as this function requires; the size of null is zero.
    add(unsafe { libc::malloc_usable_size(allocated) });
    allocated
}

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(allocated: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(align: usize, size: usize) -> *mut c_void;
    fn __libc_free(allocated: *mut c_void);
}

/// The C library's `malloc`, counted.
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut c_void {
    // SAFETY: the pointer is fresh from the C library.
    unsafe { count(__libc_malloc(size)) }
}

/// The C library's `calloc`, counted.
#[unsafe(no_mangle)]
extern "C" fn calloc(number: usize, size: usize) -> *mut c_void {
    // SAFETY: the pointer is fresh from the C library.
    unsafe { count(__libc_calloc(number, size)) }
}

/// The C library's `posix_memalign`, counted.
///
/// # Safety
/// As for the function of the C library.
#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(to: *mut *mut c_void, align: usize, size: usize) -> i32 {
    // SAFETY: the pointer is fresh from the C library.
    let allocated = unsafe { count(__libc_memalign(align, size)) };
    if allocated.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the caller has room for a pointer there.
    unsafe { to.write(allocated) };
    0
}

/// The C library's `realloc`, counted.
///
/// # Safety
/// As for the function of the C library.
#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(allocated: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's pointer is null or was allocated; the new one is fresh.
    unsafe {
        CURRENT.fetch_sub(libc::malloc_usable_size(allocated), Ordering::Relaxed);
        count(__libc_realloc(allocated, size))
    }
}

/// The C library's `free`, counted.
///
/// # Safety
/// As for the function of the C library.
#[unsafe(no_mangle)]
unsafe extern "C" fn free(allocated: *mut c_void) {
    // SAFETY: the caller's pointer is null or was allocated.
    unsafe {
        CURRENT.fetch_sub(libc::malloc_usable_size(allocated), Ordering::Relaxed);
        __libc_free(allocated);
    }
}
