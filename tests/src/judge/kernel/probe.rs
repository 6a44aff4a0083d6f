//! Whether the kernel can be a judge here.

use std::sync::OnceLock;
use std::{fs, io};

use super::asm::{exit, set};
use super::{Btf, CoreRelos, FuncInfo, Program, ProgramType, Refused};
use crate::judge::{Record, skipped};

/// Why the kernel cannot be a judge here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// A thread has died in the kernel, where it may have held a lock.
    #[error(
        "the kernel has crashed since it was booted, and may hold its lock for relocation forever: \
         reboot it"
    )]
    Crashed,
    /// The kernel is too old, or refuses to load programs.
    #[error("{0}")]
    Unfit(String),
}

impl Unavailable {
    /// Reports that the judge cannot run, as [`skipped`] does.
    ///
    /// A crashed kernel fails no test, not even in CI: it has nothing to do with the code under test.
    ///
    /// # Panics
    /// Panics if the environment variable `CI` is set and the kernel has not crashed.
    pub fn skip(&self) {
        match self {
            Self::Crashed => println!("SKIPPED: {self}"),
            Self::Unfit(why) => skipped(why),
        }
    }
}

/// Checks that the kernel relocates programs that it loads.
///
/// # Errors
/// The reason why it does not.
pub fn availability() -> Result<(), Unavailable> {
    static ANSWER: OnceLock<Result<(), Unavailable>> = OnceLock::new();
    ANSWER.get_or_init(probe).clone()
}

fn probe() -> Result<(), Unavailable> {
    let crashed =
        has_crashed().map_err(|error| Unavailable::Unfit(format!("{TAINTED}: {error}")))?;
    if crashed {
        return Err(Unavailable::Crashed);
    }
    match relocated_answer() {
        Ok(1) => Ok(()),
        Ok(_) => Err(Unavailable::Unfit("the kernel is too old to relocate".into())),
        Err(refused) => Err(Unavailable::Unfit(refused.to_string())),
    }
}

/// Checks that the kernel loads programs. This works even after a crash, since it does not take the lock
/// for relocation.
///
/// # Errors
/// The reason why it does not.
pub fn loads_programs() -> Result<(), Unavailable> {
    let code = [set(0, 0), exit()];
    let program = Program::new(ProgramType::SocketFilter, code.as_flattened());
    let loaded = program.load().map_err(|refused| Unavailable::Unfit(refused.to_string()));
    loaded.map(drop)
}

/// The file with the kernel's taint bits.
const TAINTED: &str = "/proc/sys/kernel/tainted";

/// Returns `true` if a thread has died in the kernel.
fn has_crashed() -> io::Result<bool> {
    const DIED: u64 = 1 << 7;
    let tainted = fs::read_to_string(TAINTED)?;
    let tainted: u64 = tainted.trim().parse().map_err(io::Error::other)?;
    Ok(tainted & DIED != 0)
}

/// Has the kernel relocate the instruction `r0 = 0` to a local type's id, which is 1. Returns the result
/// of the program.
fn relocated_answer() -> Result<u32, Refused> {
    /// `int` and `int main(void)`; the strings also have an access string.
    const TYPES: [u32; 10] = [1, 1 << 24, 4, (1 << 24) | 32, 0, 13 << 24, 1, 5, 12 << 24, 2];
    const STRINGS: &[u8] = b"\0int\0main\x000\0";
    const TYPE_ID_LOCAL: u32 = 6;

    let types_size = size_of_val(&TYPES) as u32;
    let header = [24, 0, types_size, types_size, STRINGS.len() as u32];
    let mut bytes = 0xeb9f_u16.to_ne_bytes().to_vec();
    bytes.extend([1, 0]);
    bytes.extend(header.iter().chain(&TYPES).flat_map(|word| word.to_ne_bytes()));
    bytes.extend(STRINGS);

    let main = FuncInfo { insn_off: 0, type_id: 3 };
    let record = Record { insn_off: 0, type_id: 1, access_str_off: 10, kind: TYPE_ID_LOCAL };
    let code = [set(0, 0), exit()];
    let btf = Btf::load(&bytes)?;
    let relocations = CoreRelos { btf: &btf, func_info: &[main], records: &[record] };
    let program = Program::new(ProgramType::SocketFilter, code.as_flattened());
    let refused = |error| Refused { what: "test run", error, log: String::new() };
    program.with_relocations(relocations).load()?.run().map_err(refused)
}
