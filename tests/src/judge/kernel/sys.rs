//! The system call bpf(2): its commands, and their structs as in `union bpf_attr` of
//! `include/uapi/linux/bpf.h`.

use std::ffi::c_long;
use std::io;
use std::mem::offset_of;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// The attributes of a command. The kernel accepts any size if the bytes that it does not know are zero.
///
/// # Safety
/// The type must be the part of `union bpf_attr` that the kernel uses for [`Self::COMMAND`], without
/// padding.
pub(super) unsafe trait Attributes {
    /// The command, from `enum bpf_cmd`.
    const COMMAND: c_long;
}

/// `BPF_PROG_LOAD`.
#[repr(C)]
#[derive(Default)]
pub(super) struct ProgLoad {
    pub(super) prog_type: u32,
    pub(super) insn_cnt: u32,
    pub(super) insns: u64,
    pub(super) license: u64,
    pub(super) log_level: u32,
    pub(super) log_size: u32,
    pub(super) log_buf: u64,
    pub(super) kern_version: u32,
    pub(super) prog_flags: u32,
    pub(super) prog_name: [u8; 16],
    pub(super) prog_ifindex: u32,
    pub(super) expected_attach_type: u32,
    pub(super) prog_btf_fd: u32,
    pub(super) func_info_rec_size: u32,
    pub(super) func_info: u64,
    pub(super) func_info_cnt: u32,
    pub(super) line_info_rec_size: u32,
    pub(super) line_info: u64,
    pub(super) line_info_cnt: u32,
    pub(super) attach_btf_id: u32,
    pub(super) attach_prog_fd: u32,
    pub(super) core_relo_cnt: u32,
    pub(super) fd_array: u64,
    pub(super) core_relos: u64,
    pub(super) core_relo_rec_size: u32,
    pub(super) log_true_size: u32,
}

/// `BPF_OBJ_GET`.
#[repr(C)]
#[derive(Default)]
pub(super) struct ObjGet {
    pub(super) pathname: u64,
    pub(super) bpf_fd: u32,
    pub(super) file_flags: u32,
}

/// `BPF_BTF_LOAD`.
#[repr(C)]
#[derive(Default)]
pub(super) struct BtfLoad {
    pub(super) btf: u64,
    pub(super) btf_log_buf: u64,
    pub(super) btf_size: u32,
    pub(super) btf_log_size: u32,
    pub(super) btf_log_level: u32,
    pub(super) btf_log_true_size: u32,
}

/// `BPF_PROG_TEST_RUN`.
#[repr(C)]
#[derive(Default)]
pub(super) struct TestRun {
    pub(super) prog_fd: u32,
    pub(super) retval: u32,
    pub(super) data_size_in: u32,
    pub(super) data_size_out: u32,
    pub(super) data_in: u64,
    pub(super) data_out: u64,
    pub(super) repeat: u32,
    pub(super) duration: u32,
    pub(super) ctx_size_in: u32,
    pub(super) ctx_size_out: u32,
    pub(super) ctx_in: u64,
    pub(super) ctx_out: u64,
}

/// `BPF_OBJ_GET_INFO_BY_FD`.
#[repr(C)]
#[derive(Default)]
pub(super) struct ObjectInfo {
    pub(super) bpf_fd: u32,
    pub(super) info_len: u32,
    pub(super) info: u64,
}

/// The start of `struct bpf_prog_info`, which the kernel fills in.
#[repr(C)]
#[derive(Default)]
pub(super) struct ProgInfo {
    pub(super) prog_type: u32,
    pub(super) id: u32,
    pub(super) tag: [u8; 8],
    pub(super) jited_prog_len: u32,
    pub(super) xlated_prog_len: u32,
    pub(super) jited_prog_insns: u64,
    pub(super) xlated_prog_insns: u64,
}

// SAFETY: the layout is checked below.
unsafe impl Attributes for ProgLoad {
    const COMMAND: c_long = 5;
}

// SAFETY: the layout is checked below.
unsafe impl Attributes for ObjGet {
    const COMMAND: c_long = 7;
}

// SAFETY: the layout is checked below.
unsafe impl Attributes for TestRun {
    const COMMAND: c_long = 10;
}

// SAFETY: the layout is checked below.
unsafe impl Attributes for ObjectInfo {
    const COMMAND: c_long = 15;
}

// SAFETY: the layout is checked below.
unsafe impl Attributes for BtfLoad {
    const COMMAND: c_long = 18;
}

// The offsets show that no member is missing.
const _: () = {
    assert!(offset_of!(ProgLoad, prog_btf_fd) == 72);
    assert!(offset_of!(ProgLoad, func_info) == 80);
    assert!(offset_of!(ProgLoad, core_relo_cnt) == 116);
    assert!(offset_of!(ProgLoad, core_relos) == 128);
    assert!(offset_of!(ProgLoad, core_relo_rec_size) == 136);
    assert!(size_of::<ProgLoad>() == 144);
    assert!(size_of::<BtfLoad>() == 32);
    assert!(size_of::<ObjGet>() == 16);
    assert!(offset_of!(TestRun, ctx_in) == 48);
    assert!(size_of::<TestRun>() == 64);
    assert!(size_of::<ObjectInfo>() == 16);
    assert!(offset_of!(ProgInfo, xlated_prog_insns) == 32);
    assert!(size_of::<ProgInfo>() == 40);
};

/// The most attempts of a command: the verifier gives up when a signal is pending.
const TRIES: usize = 5;

/// Calls bpf(2) and returns its result.
///
/// # Safety
/// Every address in `attributes` must be of as much memory as its size states, writable where the
/// kernel writes.
pub(super) unsafe fn bpf<A: Attributes>(attributes: &mut A) -> io::Result<c_long> {
    for remaining in (0..TRIES).rev() {
        // SAFETY: the trait guarantees that the attributes fit the command, the caller guarantees
        // the addresses in them.
        let returned = unsafe {
            libc::syscall(libc::SYS_bpf, A::COMMAND, &raw mut *attributes, size_of::<A>())
        };
        if returned >= 0 {
            return Ok(returned);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EAGAIN) || remaining == 0 {
            return Err(error);
        }
    }
    unreachable!("the last attempt returns")
}

/// Calls bpf(2) with a command that returns a new file descriptor.
///
/// # Safety
/// As for [`bpf`].
pub(super) unsafe fn bpf_fd<A: Attributes>(attributes: &mut A) -> io::Result<OwnedFd> {
    // SAFETY: as the caller guarantees.
    let fd = unsafe { bpf(attributes) }?;
    // SAFETY: the descriptor is new, so nothing else closes it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Converts a pointer for the kernel.
pub(super) fn address<T>(pointer: *const T) -> u64 {
    pointer.expose_provenance() as u64
}
