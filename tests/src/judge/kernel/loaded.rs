//! Programs that the kernel has accepted.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::ProgramType;
use super::sys::{ObjGet, ObjectInfo, ProgInfo, TestRun, address, bpf, bpf_fd};

/// A program that the kernel has accepted.
#[derive(Debug)]
pub struct Loaded {
    fd: OwnedFd,
    kind: ProgramType,
}

impl Loaded {
    pub(super) fn new(fd: OwnedFd, kind: ProgramType) -> Self {
        Self { fd, kind }
    }

    /// A program that a loader has pinned in a BPF file system.
    ///
    /// # Errors
    /// There is none, or we may not have it.
    ///
    /// # Panics
    /// If the path has a NUL byte.
    pub fn pinned(path: &Path, kind: ProgramType) -> io::Result<Self> {
        let path = CString::new(path.as_os_str().as_bytes()).expect("paths have no NUL bytes");
        let mut attributes = ObjGet { pathname: address(path.as_ptr()), ..ObjGet::default() };
        // SAFETY: the address is that of a string that ends with NUL.
        let fd = unsafe { bpf_fd(&mut attributes) }?;
        Ok(Self::new(fd, kind))
    }

    /// Runs it once, on an empty packet if it wants one, and returns what it returns.
    ///
    /// # Errors
    /// The kernel cannot run it so.
    pub fn run(&self) -> io::Result<u32> {
        let packet = [0_u8; 64];
        let mut attributes = self.test_run();
        match self.kind {
            ProgramType::SocketFilter | ProgramType::SchedCls | ProgramType::Xdp => {
                attributes.data_in = address(packet.as_ptr());
                attributes.data_size_in = packet.len() as u32;
            }
            ProgramType::RawTracepoint | ProgramType::Syscall => {}
        }
        // SAFETY: the only address is that of the packet, with its size.
        unsafe { bpf(&mut attributes) }?;
        Ok(attributes.retval)
    }

    /// Runs it once on a context, which the kernel writes back, and returns what it returns.
    ///
    /// # Errors
    /// The kernel cannot run it so.
    pub fn run_on(&self, context: &mut [u8]) -> io::Result<u32> {
        let mut attributes = self.test_run();
        attributes.ctx_in = address(context.as_mut_ptr());
        attributes.ctx_size_in = context.len() as u32;
        // SAFETY: the only address is that of a slice that may be written to, with its size.
        unsafe { bpf(&mut attributes) }?;
        Ok(attributes.retval)
    }

    /// The instructions as the kernel has translated them: relocated, and without those that
    /// cannot be reached.
    ///
    /// # Errors
    /// The kernel does not show them.
    pub fn instructions(&self) -> io::Result<Vec<u8>> {
        let mut program = ProgInfo::default();
        self.info(&mut program)?;
        let mut instructions = vec![0; program.xlated_prog_len as usize];
        let mut program = ProgInfo {
            xlated_prog_len: program.xlated_prog_len,
            xlated_prog_insns: address(instructions.as_mut_ptr()),
            ..ProgInfo::default()
        };
        self.info(&mut program)?;
        // The kernel takes the address back where it shows nothing.
        if program.xlated_prog_insns == 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(instructions)
    }

    /// Has the kernel fill in what it knows about the program.
    fn info(&self, program: &mut ProgInfo) -> io::Result<()> {
        let mut attributes = ObjectInfo {
            bpf_fd: self.fd.as_raw_fd() as u32,
            info_len: size_of::<ProgInfo>() as u32,
            info: address(std::ptr::from_mut(program)),
        };
        // SAFETY: the address is that of as many bytes as the size says; and the only address in
        // there is null, or that of as many bytes as the length beside it says.
        unsafe { bpf(&mut attributes) }.map(|_| ())
    }

    fn test_run(&self) -> TestRun {
        TestRun { prog_fd: self.fd.as_raw_fd() as u32, ..TestRun::default() }
    }
}
