//! Whether the kernel can be heard here.

use std::sync::OnceLock;
use std::{fs, io};

use super::asm::{exit, set};
use super::{Btf, CoreRelos, FuncInfo, Program, ProgramType, Refused};
use crate::judge::{Record, skipped};

/// Why the kernel cannot be heard here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// A thread has died inside of the kernel while it held a lock.
    #[error(
        "this kernel has crashed since it was booted: the lock that it takes to relocate may never \
         be free again, so boot it anew"
    )]
    Crashed,
    /// It is too old, or lets us do nothing.
    #[error("{0}")]
    Unfit(String),
}

impl Unheard {
    /// Says that the judge cannot run, as [`skipped`] does.
    ///
    /// A kernel that has crashed fails no test, not even in CI: nothing that a project installs can
    /// mend it, and it says nothing about the code under test.
    ///
    /// # Panics
    /// When the environment variable `CI` is set, and the kernel has not crashed.
    pub fn skip(&self) {
        match self {
            Self::Crashed => println!("SKIPPED: {self}"),
            Self::Unfit(why) => skipped(why),
        }
    }
}

/// Whether the kernel relocates what it loads, here.
///
/// # Errors
/// Why it cannot.
pub fn availability() -> Result<(), Unheard> {
    static ANSWER: OnceLock<Result<(), Unheard>> = OnceLock::new();
    ANSWER.get_or_init(ask).clone()
}

fn ask() -> Result<(), Unheard> {
    let crashed = has_crashed().map_err(|error| Unheard::Unfit(format!("{TAINTED}: {error}")))?;
    if crashed {
        return Err(Unheard::Crashed);
    }
    match relocated_answer() {
        Ok(1) => Ok(()),
        Ok(_) => Err(Unheard::Unfit("this kernel does not relocate: it is too old".into())),
        Err(refused) => Err(Unheard::Unfit(refused.to_string())),
    }
}

/// Whether the kernel loads programs, here. It takes no lock for that which a crash may have left
/// taken.
///
/// # Errors
/// Why it does not.
pub fn loads_programs() -> Result<(), Unheard> {
    let code = [set(0, 0), exit()];
    let program = Program::new(ProgramType::SocketFilter, code.as_flattened());
    let loaded = program.load().map_err(|refused| Unheard::Unfit(refused.to_string()));
    loaded.map(drop)
}

/// What has happened to the kernel so far, as a set of bits.
const TAINTED: &str = "/proc/sys/kernel/tainted";

/// Whether some thread has died inside of the kernel.
fn has_crashed() -> io::Result<bool> {
    const DIED: u64 = 1 << 7;
    let tainted = fs::read_to_string(TAINTED)?;
    let tainted: u64 = tainted.trim().parse().map_err(io::Error::other)?;
    Ok(tainted & DIED != 0)
}

/// Has the kernel relocate the instruction `r0 = 0` to the number of a local type, which is 1, and
/// returns what comes out.
fn relocated_answer() -> Result<u32, Refused> {
    /// int; int main(void); and the names of the two and an access string.
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
