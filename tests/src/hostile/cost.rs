//! Measures the cost of a call: memory, counted by an allocator, and processor time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

/// The system's allocator, with counters for each thread.
///
/// It must be the global allocator of a program that measures memory.
#[derive(Debug)]
pub struct Counting;

/// The counters of one thread. It may free memory that another thread allocated.
#[derive(Debug, Clone, Copy)]
struct Bytes {
    held: i64,
    peak: i64,
    taken: u64,
    /// The number of allocations.
    times: u64,
}

thread_local! {
    static BYTES: Cell<Bytes> = const { Cell::new(Bytes { held: 0, peak: 0, taken: 0, times: 0 }) };
}

fn count(taken: usize, given_back: usize) {
    // The counters of a thread that is ending may be gone.
    let _ = BYTES.try_with(|bytes| {
        let mut now = bytes.get();
        let (taken, given_back) = (taken as i64, given_back as i64);
        // A reallocation may hold the old and the new memory at once.
        now.peak = now.peak.max(now.held + taken);
        now.held += taken - given_back;
        now.taken += taken.cast_unsigned();
        now.times += u64::from(taken > 0);
        bytes.set(now);
    });
}

// SAFETY: the system's allocator does all the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as the caller guarantees.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as the caller guarantees.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: as the caller guarantees.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: as the caller guarantees.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The cost of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// The most bytes held at once. Old and new memory of a reallocation both count.
    pub peak: u64,
    /// All allocated bytes.
    pub taken: u64,
    /// The number of allocations.
    pub times: u64,
    /// The processor time, which, unlike wall time, does not depend on other programs.
    pub cpu: Duration,
}

/// Measures a call. The memory is 0 if [`Counting`] is not the global allocator.
pub fn measure<T>(call: impl FnOnce() -> T) -> (T, Cost) {
    let before = BYTES.with(|bytes| {
        let now = bytes.get();
        bytes.set(Bytes { peak: now.held, ..now });
        now
    });
    let started = cpu_time();
    let result = call();
    let cpu = cpu_time().saturating_sub(started);
    let after = BYTES.with(Cell::get);
    let cost = Cost {
        peak: u64::try_from(after.peak - before.held).unwrap_or(0),
        taken: after.taken - before.taken,
        times: after.times - before.times,
        cpu,
    };
    (result, cost)
}

/// Returns the processor time of this thread.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is writable.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0, "the processor time cannot be read");
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32)
}
