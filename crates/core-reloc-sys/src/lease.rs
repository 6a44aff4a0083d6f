//! Maps of files under a read lease, so that no process changes the bytes.
//!
//! While this process holds a lease of a file (`F_SETLEASE` of fcntl(2)), the kernel makes others wait who open
//! the file for writing or truncate it, and sends `SIGIO`. The handler puts a copy of the bytes in place of the
//! map, and gives up the lease. So the map never shows a change.
//!
//! The kernel waits for `fs.lease-break-time`, and removes the lease then. Only a process that does not run
//! meanwhile can miss that; when it continues, the handler runs first, and ends the process: it finds the
//! lease gone and aborts, or dies of `SIGBUS` where the file became shorter. (Other
//! threads may read for the moment until then.)

use std::{
    fs::File,
    hint, mem,
    os::fd::AsRawFd,
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicI32, AtomicPtr, AtomicU8, AtomicUsize, Ordering},
    },
};

use memmap2::{Advice, Mmap};
use rustix::fs::{FsWord, fstatfs};
use signal_hook::{consts::SIGIO, low_level};

use crate::map::map_private;

/// File systems whose files change only through the running kernel, which knows who holds a lease: `EXT4_SUPER_MAGIC`
/// (also ext2 and ext3), `TMPFS_MAGIC`, `BTRFS_SUPER_MAGIC`, `F2FS_SUPER_MAGIC` and `XFS_SUPER_MAGIC` of the kernel's
/// `uapi/linux/magic.h`. On others, a server or a lower layer may change a file.
const LOCAL: [FsWord; 5] = [0xef53, 0x0102_1994, 0x9123_683e, 0xf2f5_2010, 0x5846_5342];

/// No map uses the slot.
const FREE: u8 = 0;
/// A map is about to use the slot, or no longer uses it: the handler leaves it alone.
const TAKEN: u8 = 1;
/// The slot has a map and a lease.
const ACTIVE: u8 = 2;
/// The handler is copying.
const COPYING: u8 = 3;
/// The map has been replaced by a copy, and the lease given up.
const COPIED: u8 = 4;

/// What the signal handler knows of a map.
struct Slot {
    state: AtomicU8,
    address: AtomicPtr<u8>,
    len: AtomicUsize,
    file: AtomicI32,
}

static SLOTS: [Slot; 8] = [const { Slot::new() }; 8];

/// A file that is mapped under a lease.
pub(crate) struct LeasedMap {
    // In the order in which they are dropped: closing the file gives up the lease.
    map: Mmap,
    file: File,
    slot: TakenSlot,
}

impl LeasedMap {
    /// Maps a file; returns `None` if the system grants no lease, or the file cannot be mapped.
    pub(crate) fn of(file: &File) -> Option<Self> {
        let is_local = fstatfs(file).is_ok_and(|system| LOCAL.contains(&system.f_type));
        if !is_local || is_blocked() || !is_handled() {
            return None;
        }
        let slot = TakenSlot::take()?;
        // A lease belongs to what was opened, which the duplicate shares. It ends when both are closed.
        let file = file.try_clone().ok()?;
        if !signal_process(file.as_raw_fd()) || !set_lease(file.as_raw_fd(), libc::F_RDLCK) {
            return None;
        }
        #[expect(unsafe_code, reason = "the lease is what the caller of the function must ensure")]
        // SAFETY: the file does not change while the lease is held. The handler replaces the map by a copy
        // before it gives up the lease, and the process does not continue after the lease was taken away.
        let map = unsafe { map_private(&file) }.ok()?;
        // An error of the disk is an error here, and `SIGBUS` later. It also takes half the time of
        // page faults.
        map.advise(Advice::PopulateRead).ok().filter(|()| !map.is_empty())?;
        slot.0.publish(&map, &file);
        let map = Self { map, file, slot };
        // A signal that came before the slot had the map was not handled.
        is_held(map.file.as_raw_fd()).then_some(map)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.map
    }

    /// Returns `true` if another process asked for the file, and the bytes are a copy.
    #[cfg(test)]
    fn is_copied(&self) -> bool {
        // Others can open the file a moment before the handler has returned.
        while self.slot.0.state.load(Ordering::SeqCst) == COPYING {
            hint::spin_loop();
        }
        self.slot.0.state.load(Ordering::SeqCst) == COPIED
    }
}

impl Drop for LeasedMap {
    fn drop(&mut self) {
        self.slot.0.withdraw();
    }
}

/// A slot that is free again when this is dropped.
struct TakenSlot(&'static Slot);

impl TakenSlot {
    fn take() -> Option<Self> {
        let slot = SLOTS.iter().find(|slot| slot.exchange(FREE, TAKEN).is_ok())?;
        Some(Self(slot))
    }
}

impl Drop for TakenSlot {
    fn drop(&mut self) {
        self.0.state.store(FREE, Ordering::SeqCst);
    }
}

impl Slot {
    const fn new() -> Self {
        Self {
            state: AtomicU8::new(FREE),
            address: AtomicPtr::new(ptr::null_mut()),
            len: AtomicUsize::new(0),
            file: AtomicI32::new(-1),
        }
    }

    fn exchange(&self, from: u8, to: u8) -> Result<u8, u8> {
        self.state.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
    }

    /// Passes a map to the handler.
    fn publish(&self, map: &Mmap, file: &File) {
        self.address.store(map.as_ptr().cast_mut(), Ordering::SeqCst);
        self.len.store(map.len(), Ordering::SeqCst);
        self.file.store(file.as_raw_fd(), Ordering::SeqCst);
        self.state.store(ACTIVE, Ordering::SeqCst);
    }

    /// Takes the map from the handler, which may be copying it in another thread.
    fn withdraw(&self) {
        while self.exchange(ACTIVE, TAKEN) == Err(COPYING) {
            hint::spin_loop();
        }
    }

    /// Replaces the map by a copy and gives up the lease, if another process asks for the file.
    fn give_up(&self) {
        if self.exchange(ACTIVE, COPYING).is_err() {
            return;
        }
        let file = self.file.load(Ordering::SeqCst);
        if is_held(file) {
            self.state.store(ACTIVE, Ordering::SeqCst);
            return;
        }
        let (address, len) = (self.address.load(Ordering::SeqCst), self.len.load(Ordering::SeqCst));
        // The lease can be given up only if it was held all the time, and so the bytes were unchanged.
        if !replace_by_copy(address, len) || !set_lease(file, libc::F_UNLCK) {
            abort();
        }
        self.state.store(COPIED, Ordering::SeqCst);
    }
}

/// Puts a copy of mapped bytes in their place. Returns `false` if there is no memory for it.
#[expect(unsafe_code, reason = "replaces memory that others read")]
fn replace_by_copy(address: *mut u8, len: usize) -> bool {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: an anonymous map at an address that the system chooses touches no other memory.
    let copy = unsafe { libc::mmap(ptr::null_mut(), len, protection, flags, -1, 0) };
    if copy == libc::MAP_FAILED {
        return false;
    }
    // SAFETY: the slot is in the state COPYING, so that its map of `len` bytes exists until this returns; the copy
    // is as long and new. The map is replaced at once, by the same bytes at the same address, and nothing else
    // refers to the copy. The handler makes system calls only.
    unsafe {
        ptr::copy_nonoverlapping(address.cast_const(), copy.cast(), len);
        libc::mprotect(copy, len, libc::PROT_READ) == 0
            && libc::mremap(
                copy,
                len,
                len,
                libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED,
                address.cast::<libc::c_void>(),
            ) != libc::MAP_FAILED
    }
}

/// Ends the process, from a signal handler.
#[expect(unsafe_code, reason = "what a signal handler may call")]
fn abort() -> ! {
    const MESSAGE: &[u8] = b"a mapped file was changed while this process was stopped\n";
    // SAFETY: both may be called in signal handlers, and the message has its length.
    unsafe {
        libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len());
        libc::abort()
    }
}

/// Lets signals about a file go to the process. No manual says that they do not go to the thread that asked for
/// the lease otherwise, and so to nobody once it has ended.
#[expect(unsafe_code, reason = "rustix does not set owners of files")]
fn signal_process(file: i32) -> bool {
    // SAFETY: both calls take and return numbers only, and change no memory.
    unsafe { libc::fcntl(file, libc::F_SETOWN, libc::getpid()) == 0 }
}

/// Sets or removes a lease. Returns `false` if that fails; to remove one fails if there is none.
#[expect(unsafe_code, reason = "rustix has no leases")]
fn set_lease(file: i32, kind: i32) -> bool {
    // SAFETY: the call takes a number only, and changes no memory.
    unsafe { libc::fcntl(file, libc::F_SETLEASE, kind) == 0 }
}

/// Returns `true` if a lease is held, and no other process waits for the file.
#[expect(unsafe_code, reason = "rustix has no leases")]
fn is_held(file: i32) -> bool {
    // SAFETY: the call changes no memory.
    unsafe { libc::fcntl(file, libc::F_GETLEASE) == libc::F_RDLCK }
}

/// Returns `true` if this thread blocks the signal. If all threads did, the handler would not run.
#[expect(unsafe_code, reason = "rustix has no signal masks")]
fn is_blocked() -> bool {
    // SAFETY: a set of signals may be all zeros. The calls write to the set and read it.
    unsafe {
        let mut blocked: libc::sigset_t = mem::zeroed();
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &raw mut blocked) != 0
            || libc::sigismember(&raw const blocked, SIGIO) != 0
    }
}

/// Installs the handler, once. Returns `false` if it cannot be installed.
#[expect(unsafe_code, reason = "what runs in a signal handler is restricted")]
fn is_handled() -> bool {
    static IS_INSTALLED: OnceLock<bool> = OnceLock::new();
    *IS_INSTALLED.get_or_init(|| {
        let handler = || SLOTS.iter().for_each(Slot::give_up);
        // SAFETY: the handler uses atomics and makes system calls that signal handlers may make. It does not
        // panic, and leaves `errno` alone, since no call fails unless the process is aborted.
        unsafe { low_level::register(SIGIO, handler) }.is_ok()
    })
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, OpenOptions},
        path::Path,
        process::Command,
        time::{Duration, Instant},
    };

    use tempfile::TempDir;

    use super::*;

    /// Several pages, of which the last is not full.
    fn content() -> Vec<u8> {
        (0..50_001_u32).map(|number| number.to_le_bytes()[0]).collect()
    }

    /// Writes a file where leases are possible; returns `None`, and says so, if there is no such place.
    fn mapped() -> Option<(TempDir, LeasedMap)> {
        for folder in [std::env::temp_dir().as_path(), Path::new("/dev/shm"), Path::new(".")] {
            let Ok(folder) = tempfile::tempdir_in(folder) else { continue };
            let path = folder.path().join("file");
            fs::write(&path, content()).unwrap();
            if let Some(map) = LeasedMap::of(&File::open(path).unwrap()) {
                return Some((folder, map));
            }
        }
        let why = "the system grants no lease in any folder of the test";
        assert!(std::env::var_os("CI").is_none_or(|value| value.is_empty()), "in CI: {why}");
        println!("SKIPPED: {why}");
        None
    }

    /// Runs a command of the shell on the mapped file while it is mapped, which must end soon; returns the file's
    /// content after it.
    fn after(command: &str) -> Option<Vec<u8>> {
        let (folder, map) = mapped()?;
        assert_eq!(map.as_bytes(), content());
        assert!(!map.is_copied());
        let started = Instant::now();
        let mut shell = Command::new("sh");
        let status = shell.args(["-c", command]).current_dir(folder.path()).status().unwrap();
        assert!(status.success());
        // The system would wait for 45 seconds for a process that does not answer.
        assert!(started.elapsed() < Duration::from_secs(30));
        assert_eq!(map.as_bytes(), content());
        assert!(map.is_copied());
        Some(fs::read(folder.path().join("file")).unwrap())
    }

    #[test]
    fn a_map_keeps_its_bytes_when_the_file_is_truncated() {
        // GNU truncate does not wait (O_NONBLOCK), and fails until the copy is made.
        let again = "until truncate --size 0 file 2> errors; do :; done";
        assert!(after(again).is_none_or(|left| left.is_empty()));
        assert!(after(": > file").is_none_or(|left| left.is_empty()));
    }

    #[test]
    fn a_map_keeps_its_bytes_when_the_file_is_overwritten() {
        let overwritten = after("printf changed | dd of=file conv=notrunc status=none");
        assert!(
            overwritten.is_none_or(|left| left.starts_with(b"changed") && left.len() == 50_001)
        );
    }

    #[test]
    fn a_map_keeps_its_bytes_after_the_thread_that_made_it_has_ended() {
        let thread = || (fs::canonicalize("/proc/thread-self").unwrap(), mapped());
        let (thread, mapped) = std::thread::spawn(thread).join().unwrap();
        let Some((folder, map)) = mapped else { return };
        while thread.exists() {}
        fs::write(folder.path().join("file"), "changed").unwrap();
        assert_eq!(map.as_bytes(), content());
        assert!(map.is_copied());
    }

    #[test]
    fn readers_and_other_names_disturb_no_map() {
        let Some((folder, map)) = mapped() else { return };
        let file = folder.path().join("file");
        assert_eq!(fs::read(&file).unwrap(), content());
        fs::write(folder.path().join("new"), "new").unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
        assert!(!map.is_copied());
        assert_eq!(map.as_bytes(), content());
    }

    #[test]
    fn a_file_that_is_open_for_writing_is_not_mapped() {
        let Some((folder, map)) = mapped() else { return };
        drop(map);
        let path = folder.path().join("file");
        let writer = OpenOptions::new().append(true).open(&path).unwrap();
        assert!(LeasedMap::of(&File::open(&path).unwrap()).is_none());
        drop(writer);
        assert!(LeasedMap::of(&File::open(&path).unwrap()).is_some());
    }

    #[test]
    fn files_of_the_kernel_are_not_mapped() {
        assert!(LeasedMap::of(&File::open("/proc/self/status").unwrap()).is_none());
    }
}
