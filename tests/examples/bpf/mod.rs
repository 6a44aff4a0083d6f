//! bpf(2) without a library: as much of it as the examples need.

use std::{
    ffi::{CStr, c_long},
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
};

/// `BPF_PROG_TYPE_SYSCALL`: programs that run when they are told to, in the caller's own thread.
const PROG_TYPE_SYSCALL: u32 = 31;
/// `BPF_F_SLEEPABLE`, as these have to be.
const SLEEPABLE: u32 = 1 << 4;

/// The part of `union bpf_attr` for `BPF_PROG_LOAD`; the kernel takes the rest for zeros.
#[repr(C)]
#[derive(Default)]
struct ProgLoad {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
}

/// The same for `BPF_PROG_TEST_RUN`.
#[repr(C)]
#[derive(Default)]
struct TestRun {
    prog_fd: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    ctx_size_in: u32,
    ctx_size_out: u32,
    ctx_in: u64,
    ctx_out: u64,
}

/// Loads a program of the type `syscall`. If the verifier refuses it, the error has its log.
pub(crate) fn load(code: &[u8], license: &CStr) -> io::Result<OwnedFd> {
    let mut attributes = ProgLoad {
        prog_type: PROG_TYPE_SYSCALL,
        insn_cnt: (code.len() / 8) as u32,
        insns: address(code.as_ptr()),
        license: address(license.as_ptr()),
        prog_flags: SLEEPABLE,
        ..ProgLoad::default()
    };
    // SAFETY: the addresses are those of the code and of a string that ends with NUL.
    let first = unsafe { bpf(5, &mut attributes) };
    let loaded = first.or_else(|_| {
        let mut log = vec![0_u8; 1 << 16];
        attributes.log_level = 1;
        attributes.log_size = log.len() as u32;
        attributes.log_buf = address(log.as_mut_ptr());
        // SAFETY: as before, and the log has as many bytes as are said.
        unsafe { bpf(5, &mut attributes) }.map_err(|error| {
            let log = String::from_utf8_lossy(log.split(|byte| *byte == 0).next().unwrap_or(&[]));
            io::Error::new(error.kind(), format!("{error}; the verifier says:\n{log}"))
        })
    });
    // SAFETY: the kernel has just opened it for us.
    loaded.map(|fd| unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Runs a program once, and returns what it returns. It may read and write the context.
pub(crate) fn run(program: &OwnedFd, context: &mut [u8]) -> io::Result<u32> {
    let mut attributes = TestRun {
        prog_fd: program.as_raw_fd() as u32,
        ctx_size_in: context.len() as u32,
        ctx_in: if context.is_empty() { 0 } else { address(context.as_mut_ptr()) },
        ..TestRun::default()
    };
    // SAFETY: the only address is that of the context, with its size.
    unsafe { bpf(10, &mut attributes) }?;
    Ok(attributes.retval)
}

/// # Safety
/// `attributes` is what the command takes, and the addresses in it are those of as much memory as the
/// sizes beside them say.
unsafe fn bpf<A>(command: c_long, attributes: &mut A) -> io::Result<c_long> {
    // SAFETY: the caller's promise.
    let returned =
        unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut *attributes, size_of::<A>()) };
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}

fn address<T>(pointer: *const T) -> u64 {
    pointer.expose_provenance() as u64
}
