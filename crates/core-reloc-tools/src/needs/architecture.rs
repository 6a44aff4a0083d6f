//! The architecture of a kernel, or of the code that an object was compiled for.

use std::fmt;

use btf_types::{Kind, Type};
use core_reloc::Target;

/// The structs with the registers of a task. The second is part of the interface of some architectures.
pub(crate) const REGISTERS: [&str; 2] = ["pt_regs", "user_pt_regs"];

/// An architecture, as the folders of the kernel's sources name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Architecture {
    /// `amd64`, and `i386`.
    X86,
    /// `arm64`, also called `aarch64`.
    Arm64,
    /// `s390x`.
    S390,
    /// 32-bit ARM.
    Arm,
    /// POWER.
    Powerpc,
    /// RISC-V.
    Riscv,
    /// `loong64`.
    Loongarch,
    /// MIPS.
    Mips,
    /// SPARC.
    Sparc,
    /// ARC.
    Arc,
}

/// Members of [`REGISTERS`] that only one architecture has.
const SIGNS: [(&str, Architecture); 16] = [
    ("di", Architecture::X86),
    ("si", Architecture::X86),
    ("ax", Architecture::X86),
    ("ip", Architecture::X86),
    ("orig_x0", Architecture::Arm64),
    ("pstate", Architecture::Arm64),
    ("orig_gpr2", Architecture::S390),
    ("gprs", Architecture::S390),
    ("psw", Architecture::S390),
    ("uregs", Architecture::Arm),
    ("gpr", Architecture::Powerpc),
    ("epc", Architecture::Riscv),
    ("csr_era", Architecture::Loongarch),
    ("cp0_epc", Architecture::Mips),
    ("tpc", Architecture::Sparc),
    ("blink", Architecture::Arc),
];

impl Architecture {
    /// Returns the architecture of a kernel, by the registers of a task; `None` if its types do not have them.
    pub fn of_kernel(target: &Target<'_>) -> Option<Self> {
        let found = target.find_all(&REGISTERS.map(|name| (name, Kind::Struct)));
        // A module's registers are not the kernel's.
        let registers = found.iter().flatten().filter(|found| found.module.is_none());
        registers.into_iter().find_map(|found| Self::of_registers(found.ty))
    }

    /// Returns the architecture that has a struct of registers.
    pub(crate) fn of_registers(registers: Type<'_>) -> Option<Self> {
        registers.members().into_iter().find_map(|member| {
            let name = member.name().ok()?;
            let sign = SIGNS.iter().find(|(sign, _)| name == *sign);
            sign.map(|(_, architecture)| *architecture)
        })
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86 => "x86",
            Self::Arm64 => "arm64",
            Self::S390 => "s390",
            Self::Arm => "arm",
            Self::Powerpc => "powerpc",
            Self::Riscv => "riscv",
            Self::Loongarch => "loongarch",
            Self::Mips => "mips",
            Self::Sparc => "sparc",
            Self::Arc => "arc",
        })
    }
}
