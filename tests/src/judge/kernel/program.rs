//! Loads programs and their BTF into the kernel, and runs programs.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::Refused;
use super::sys::{BtfLoad, ObjGet, ObjectInfo, ProgInfo, ProgLoad, TestRun, address, bpf, bpf_fd};
use crate::judge::Record;

/// The most bytes of the verifier's log.
const LOG_SIZE: u32 = 1 << 20;

/// `BPF_F_SLEEPABLE`: the program may sleep.
const SLEEPABLE: u32 = 1 << 4;

/// A program's BTF, loaded into the kernel.
#[derive(Debug)]
pub struct Btf(OwnedFd);

impl Btf {
    /// Loads raw BTF in the host's byte order.
    ///
    /// # Errors
    /// The kernel rejects the BTF, or the caller lacks the privilege.
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
            // SAFETY: both addresses are of slices with these lengths.
            unsafe { bpf_fd(&mut attributes) }
        })?;
        Ok(Self(fd))
    }
}

/// The types of program that can run without being attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum ProgramType {
    /// Filters packets of a socket.
    SocketFilter = 1,
    /// Handles a packet in traffic control.
    SchedCls = 3,
    /// Handles a packet before the network stack.
    Xdp = 6,
    /// Can read all kernel memory; runs in the calling thread.
    RawTracepoint = 17,
    /// Can read all kernel memory, and sleep; runs in the calling thread.
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

/// The input of the kernel's relocation of a program.
#[derive(Debug, Clone, Copy)]
pub struct CoreRelos<'a> {
    /// The program's BTF.
    pub btf: &'a Btf,
    /// The program's functions; without them the kernel ignores the records.
    pub func_info: &'a [FuncInfo],
    /// The records, with offsets from the start of the program.
    pub records: &'a [Record],
}

/// The function that starts at an instruction: `struct bpf_func_info`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct FuncInfo {
    /// The index of the first instruction.
    pub insn_off: u32,
    /// The FUNC type in the program's BTF.
    pub type_id: u32,
}

impl<'a> Program<'a> {
    /// Returns a program in the host's byte order. Its license is the GPL, which allows every helper.
    pub fn new(kind: ProgramType, code: &'a [u8]) -> Self {
        Self { kind, code, license: c"GPL", relocations: None }
    }

    /// Sets the license.
    #[must_use]
    pub fn with_license(self, license: &'a CStr) -> Self {
        Self { license, ..self }
    }

    /// Sets the relocations that the kernel processes.
    #[must_use]
    pub fn with_relocations(self, relocations: CoreRelos<'a>) -> Self {
        Self { relocations: Some(relocations), ..self }
    }

    /// Loads the program.
    ///
    /// # Errors
    /// The kernel rejects the program, or the caller lacks the privilege. It rejects a reachable
    /// poisoned instruction as a call of an unknown function.
    ///
    /// # Panics
    /// Panics if the code is not a whole number of instructions.
    pub fn load(self) -> Result<Loaded, Refused> {
        let mut attributes = self.attributes();
        let fd = with_log("program", |log| {
            set_log(&mut attributes, log, 1);
            // SAFETY: every address is of a slice with as many elements as its count states, or of
            // a string that ends with NUL.
            unsafe { bpf_fd(&mut attributes) }
        })?;
        Ok(Loaded { fd, kind: self.kind })
    }

    /// Loads the program, and returns all that the verifier logs: each instruction that it follows, with what
    /// it knows of registers.
    ///
    /// # Errors
    /// As [`Program::load`]. The log may be too long.
    ///
    /// # Panics
    /// As [`Program::load`].
    pub fn steps(self) -> Result<String, Refused> {
        const WITH_REGISTERS: u32 = 2;
        let mut attributes = self.attributes();
        let mut log = vec![0; 16 * LOG_SIZE as usize];
        set_log(&mut attributes, &mut log, WITH_REGISTERS);
        // SAFETY: as in `load`.
        let loaded = unsafe { bpf_fd(&mut attributes) };
        let log = text(&log);
        loaded.map_err(|error| Refused { what: "program", error, log: log.clone() })?;
        Ok(log)
    }

    /// Returns the input of the system call, without a log.
    fn attributes(self) -> ProgLoad {
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
        attributes
    }
}

/// A program in the kernel.
#[derive(Debug)]
pub struct Loaded {
    fd: OwnedFd,
    kind: ProgramType,
}

impl Loaded {
    /// Opens a program that is pinned in a BPF file system.
    ///
    /// # Errors
    /// The path has no program, or the caller lacks the privilege.
    ///
    /// # Panics
    /// Panics if the path has a NUL byte.
    pub fn pinned(path: &Path, kind: ProgramType) -> io::Result<Self> {
        let path = CString::new(path.as_os_str().as_bytes()).expect("paths have no NUL bytes");
        let mut attributes = ObjGet { pathname: address(path.as_ptr()), ..ObjGet::default() };
        // SAFETY: the address is of a string that ends with NUL.
        let fd = unsafe { bpf_fd(&mut attributes) }?;
        Ok(Self { fd, kind })
    }

    /// Runs the program once, on an empty packet if it handles packets, and returns its result.
    ///
    /// # Errors
    /// The kernel cannot run the program.
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
        // SAFETY: the only address is of the packet, with its size.
        unsafe { bpf(&mut attributes) }?;
        Ok(attributes.retval)
    }

    /// Runs the program once on a context, which it may change, and returns its result.
    ///
    /// # Errors
    /// The kernel cannot run the program.
    pub fn run_on(&self, context: &mut [u8]) -> io::Result<u32> {
        let mut attributes = self.test_run();
        attributes.ctx_in = address(context.as_mut_ptr());
        attributes.ctx_size_in = context.len() as u32;
        // SAFETY: the only address is of a mutable slice, with its size.
        unsafe { bpf(&mut attributes) }?;
        Ok(attributes.retval)
    }

    /// Returns the instructions as the kernel has translated them: relocated, and without unreachable
    /// ones.
    ///
    /// # Errors
    /// The kernel does not disclose them.
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
        // The kernel clears the address if it discloses nothing.
        if program.xlated_prog_insns == 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(instructions)
    }

    /// Has the kernel fill in the information about the program.
    fn info(&self, program: &mut ProgInfo) -> io::Result<()> {
        let mut attributes = ObjectInfo {
            bpf_fd: self.fd.as_raw_fd() as u32,
            info_len: size_of::<ProgInfo>() as u32,
            info: address(std::ptr::from_mut(program)),
        };
        // SAFETY: the address is of as many bytes as the size states. The only address in them is
        // null, or of as many bytes as its length states.
        unsafe { bpf(&mut attributes) }.map(|_| ())
    }

    fn test_run(&self) -> TestRun {
        TestRun { prog_fd: self.fd.as_raw_fd() as u32, ..TestRun::default() }
    }
}

/// Loads BTF or a program. If that fails, loads it again with a log.
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
    Err(Refused { what, error, log: text(&log) })
}

/// Returns a log as text.
fn text(log: &[u8]) -> String {
    let log = CStr::from_bytes_until_nul(log).unwrap_or_default().to_string_lossy();
    log.trim_end().to_owned()
}

/// Sets where the verifier writes its log, if there is room for one.
fn set_log(attributes: &mut ProgLoad, log: &mut [u8], level: u32) {
    attributes.log_buf = log_address(log);
    attributes.log_size = log.len() as u32;
    attributes.log_level = if log.is_empty() { 0 } else { level };
}

/// Returns the address of the log; 0 without a log, as the kernel requires.
fn log_address(log: &mut [u8]) -> u64 {
    if log.is_empty() { 0 } else { address(log.as_mut_ptr()) }
}
