//! What an agent does with the store that it ships: finds the types of the running kernel, and how long that takes
//! and how much memory: `agent STORE [RELEASE]`. The bytes of the store itself are not counted: they are a part
//! of the agent, or mapped.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    error::Error,
    fs,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Instant,
};

use btf_store::{Build, Store};

#[global_allocator]
static MEMORY: Counting = Counting { now: AtomicUsize::new(0), most: AtomicUsize::new(0) };

struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
}

// SAFETY: everything is the system's; the counters have no influence on it.
#[allow(unsafe_code, reason = "counting allocations takes an allocator")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = self.now.fetch_add(layout.size(), Relaxed).wrapping_add(layout.size());
        self.most.fetch_max(now, Relaxed);
        // SAFETY: the caller's promises are those that the system wants.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.now.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are those that the system wants.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let bytes = fs::read(arguments.next().ok_or("usage: agent STORE [RELEASE]")?)?;
    let kernel = |file| fs::read_to_string(format!("/proc/sys/kernel/{file}"));
    let release = arguments.next().map_or_else(|| kernel("osrelease"), Ok)?;
    let (version, machine) = (kernel("version")?, std::env::consts::ARCH);
    let running = Build { release: release.trim(), version: version.trim(), machine };

    let before = MEMORY.now.load(Relaxed);
    MEMORY.most.store(before, Relaxed);
    let start = Instant::now();
    let store = Store::open(&bytes)?;
    let kernel = store.find_build(&running)?.ok_or("the store has no types of this kernel")?;
    let btf = kernel.extract()?.into_bytes();
    let time = start.elapsed();
    let most = MEMORY.most.load(Relaxed).saturating_sub(before);

    println!("store, bytes\t{}", bytes.len());
    println!("kernels\t{}", store.len());
    println!("BTF of {}, bytes\t{}", running.release, btf.len());
    println!("look-up and extraction, µs\t{}", time.as_micros());
    println!("most memory, bytes\t{most}");
    Ok(())
}
