//! What a call costs: memory, counted by an allocator, and time of the processor.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

/// The system's allocator, which counts what each thread takes and gives back.
///
/// A program that measures makes it its global allocator.
#[derive(Debug)]
pub struct Counting;

/// Bytes of one thread. Something that another thread allocated may be freed here.
#[derive(Debug, Clone, Copy)]
struct Bytes {
    held: i64,
    peak: i64,
    taken: u64,
    /// How often something was taken.
    times: u64,
}

thread_local! {
    static BYTES: Cell<Bytes> = const { Cell::new(Bytes { held: 0, peak: 0, taken: 0, times: 0 }) };
}

fn count(taken: usize, given_back: usize) {
    // While a thread ends there may be nothing left to count in.
    let _ = BYTES.try_with(|bytes| {
        let mut now = bytes.get();
        let (taken, given_back) = (taken as i64, given_back as i64);
        // Before something is given back, what replaces it is there: growing takes both.
        now.peak = now.peak.max(now.held + taken);
        now.held += taken - given_back;
        now.taken += taken.cast_unsigned();
        now.times += u64::from(taken > 0);
        bytes.set(now);
    });
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What a call cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Bytes that were held at once, at most. Where something grows, old and new count both.
    pub peak: u64,
    /// Bytes that were taken, one after the other.
    pub taken: u64,
    /// How often something was taken.
    pub times: u64,
    /// How long the processor worked. Unlike time on a clock, other programs add nothing.
    pub cpu: Duration,
}

/// Measures a call. Memory is 0 where [`Counting`] is not the allocator.
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

/// How long the processor has worked for this thread.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is written there.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0, "the processor's time cannot be read");
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32)
}
