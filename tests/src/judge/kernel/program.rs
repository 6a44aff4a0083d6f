//! Programs and their BTF on the way into the kernel.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::Refused;
use super::sys::{BtfLoad, ObjGet, ObjectInfo, ProgInfo, ProgLoad, TestRun, address, bpf, bpf_fd};
use crate::judge::Record;

/// How much of the verifier's words is kept.
const LOG_SIZE: u32 = 1 << 20;

/// `BPF_F_SLEEPABLE`: the program may sleep.
const SLEEPABLE: u32 = 1 << 4;

/// BTF that the kernel has read: a program's, to relocate it by.
#[derive(Debug)]
pub struct Btf(OwnedFd);

impl Btf {
    /// Gives raw BTF in the host's byte order to the kernel.
    ///
    /// # Errors
    /// The kernel refuses it, or us.
    pub fn load(bytes: &[u8]) -> Result<Self, Refused> {
        let fd = with_log("BTF", |log| {
            let mut attributes = BtfLoad {
                btf: address(bytes.as_ptr()),
                btf_size: bytes.len() as u32,
                btf_log_buf: log_address(log),
                btf_log_size: log.len() as u32,
                btf_log_level: u32::from(!log.is_empty()),
                ..BtfLoad::default()
            };
            // SAFETY: both addresses are those of slices with these lengths.
            unsafe { bpf_fd(&mut attributes) }
        })?;
        Ok(Self(fd))
    }
}

/// The sorts of program that can be run without attaching them to anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum ProgramType {
    /// Looks at a packet.
    SocketFilter = 1,
    /// Looks at a packet on its way through traffic control.
    SchedCls = 3,
    /// Looks at a packet before the kernel does.
    Xdp = 6,
    /// May read all of the kernel's memory; runs in the calling thread.
    RawTracepoint = 17,
    /// May read all of the kernel's memory, and sleeps; runs in the calling thread.
    Syscall = 31,
}

/// A program to load.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    kind: ProgramType,
    code: &'a [u8],
    license: &'a CStr,
    relocations: Option<CoreRelos<'a>>,
}

/// What the kernel needs to relocate a program.
#[derive(Debug, Clone, Copy)]
pub struct CoreRelos<'a> {
    /// The program's BTF.
    pub btf: &'a Btf,
    /// Its functions; without them the kernel ignores the records.
    pub func_info: &'a [FuncInfo],
    /// The relocations, their offsets counted from the program's start.
    pub records: &'a [Record],
}

/// Which function starts at an instruction: `struct bpf_func_info`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct FuncInfo {
    /// The first instruction, counted in instructions.
    pub insn_off: u32,
    /// The type of kind FUNC in the program's BTF.
    pub type_id: u32,
}

impl<'a> Program<'a> {
    /// A program in the host's byte order, under the GPL, so that it may use
    /// every helper.
    pub fn new(kind: ProgramType, code: &'a [u8]) -> Self {
        Self { kind, code, license: c"GPL", relocations: None }
    }

    /// With another licence.
    #[must_use]
    pub fn with_license(self, license: &'a CStr) -> Self {
        Self { license, ..self }
    }

    /// With relocations that the kernel does.
    #[must_use]
    pub fn with_relocations(self, relocations: CoreRelos<'a>) -> Self {
        Self { relocations: Some(relocations), ..self }
    }

    /// Loads it.
    ///
    /// # Errors
    /// The kernel refuses it, or us. A poisoned instruction that can be reached
    /// is refused as a call of a function that is not there.
    ///
    /// # Panics
    /// If the code is no whole number of instructions.
    pub fn load(self) -> Result<Loaded, Refused> {
        let (insns, rest) = self.code.as_chunks::<8>();
        assert!(rest.is_empty(), "an instruction has 8 bytes");
        let mut attributes = ProgLoad {
            prog_type: self.kind as u32,
            insn_cnt: insns.len() as u32,
            insns: address(insns.as_ptr()),
            license: address(self.license.as_ptr()),
            prog_flags: if self.kind == ProgramType::Syscall { SLEEPABLE } else { 0 },
            ..ProgLoad::default()
        };
        if let Some(CoreRelos { btf, func_info, records }) = self.relocations {
            attributes.prog_btf_fd = btf.0.as_raw_fd() as u32;
            attributes.func_info_rec_size = size_of::<FuncInfo>() as u32;
            attributes.func_info = address(func_info.as_ptr());
            attributes.func_info_cnt = func_info.len() as u32;
            attributes.core_relo_rec_size = size_of::<Record>() as u32;
            attributes.core_relos = address(records.as_ptr());
            attributes.core_relo_cnt = records.len() as u32;
        }
        let fd = with_log("program", |log| {
            attributes.log_buf = log_address(log);
            attributes.log_size = log.len() as u32;
            attributes.log_level = u32::from(!log.is_empty());
            // SAFETY: every address is that of a slice with as many elements as
            // the count beside it, or of a string that ends with NUL.
            unsafe { bpf_fd(&mut attributes) }
        })?;
        Ok(Loaded { fd, kind: self.kind })
    }
}

/// A program that the kernel has accepted.
#[derive(Debug)]
pub struct Loaded {
    fd: OwnedFd,
    kind: ProgramType,
}

impl Loaded {
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
        Ok(Self { fd, kind })
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

/// Loads something without a log, and if that fails once more to hear why.
fn with_log(
    what: &'static str,
    mut load: impl FnMut(&mut [u8]) -> io::Result<OwnedFd>,
) -> Result<OwnedFd, Refused> {
    let error = match load(&mut []) {
        Ok(fd) => return Ok(fd),
        Err(error) => error,
    };
    let mut log = vec![0; LOG_SIZE as usize];
    if let Ok(fd) = load(&mut log) {
        return Ok(fd);
    }
    let log = CStr::from_bytes_until_nul(&log).unwrap_or_default().to_string_lossy();
    Err(Refused { what, error, log: log.trim_end().to_owned() })
}

/// Where the log goes; no log has no address, or the kernel complains.
fn log_address(log: &mut [u8]) -> u64 {
    if log.is_empty() { 0 } else { address(log.as_mut_ptr()) }
}
