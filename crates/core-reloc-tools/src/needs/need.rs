//! Needs and their answers.

use std::borrow::Cow;
use std::fmt;

use core_reloc::elf::requirements::Feature;

/// Something that an object needs from a kernel, and the kernel's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Need<'a> {
    /// What is needed. Indices are those of the object's requirements.
    pub subject: Subject,
    /// The index of the program that needs it; `None` for the whole object.
    pub program: Option<usize>,
    /// What kind of thing is needed, in words: `kernel function`, `helper`, `tracepoint`.
    pub what: &'static str,
    /// Its name.
    pub name: Cow<'a, str>,
    /// Whether the kernel has it.
    pub answer: Answer,
    /// Whether the object can do without it: a weak symbol.
    pub is_optional: bool,
}

/// What is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// A symbol: an index of the externs.
    Extern(usize),
    /// A type of map: an index of the maps.
    Map(usize),
    /// The number of entries of a map that the object leaves to user space: an index of the maps.
    MapSize(usize),
    /// A struct of functions, or one of its members: an index of the struct_ops.
    StructOps(usize),
    /// The type of a program: an index of the programs.
    ProgramType(usize),
    /// The type of a program's attachment: an index of the programs.
    AttachType(usize),
    /// What a program attaches to: an index of the programs.
    Hook(usize),
    /// An argument of what a program attaches to, which the program reads from its context.
    Argument {
        /// The index of the instruction in the program's function, counted in 8-byte slots.
        insn: u32,
        /// The number of the argument, from 0.
        number: u32,
    },
    /// A helper: its number.
    Helper(u32),
    /// Instructions.
    Feature(Feature),
}

/// Whether a kernel has what an object needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Answer {
    /// It does.
    Present,
    /// It does not.
    Absent(Effect),
    /// This cannot be told. If the kernel does not have it, the effect is as given.
    Open(OpenReason, Effect),
}

/// What happens without something that is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// The program loads, but cannot be attached.
    NoAttachment,
    /// A weak symbol is 0.
    Zero,
    /// The program does not load.
    NoProgram,
    /// The whole object does not load.
    NoObject,
}

/// Why a question is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpenReason {
    /// User space provides it before it loads the object.
    UserSpace,
    /// The kernel's BTF has nothing of the kind, so that an absence means nothing.
    NotInBtf,
    /// Types do not show it; a list of the kernel's symbols does.
    Symbols,
    /// Types do not show it; the kernel's configuration does.
    Config,
    /// Types do not show it; the kernel's release does.
    Release,
    /// The verifier has it, but the architecture's just-in-time compiler may not: then the configuration decides whether
    /// programs are interpreted.
    Compiler,
    /// The kernel decides by lists that types do not show: which functions may be modified or may sleep.
    KernelLists,
    /// Finding out takes more than [`MAX_OBJECT_PATH_STEPS`](crate::limits::MAX_OBJECT_PATH_STEPS).
    Size,
}

impl<'a> Need<'a> {
    /// A need of the whole object.
    pub(super) fn of_object(
        subject: Subject,
        what: &'static str,
        name: impl Into<Cow<'a, str>>,
        answer: Answer,
    ) -> Self {
        Self { subject, program: None, what, name: name.into(), answer, is_optional: false }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAttachment => "the program loads, but cannot be attached",
            Self::Zero => "the symbol is 0",
            Self::NoProgram => "the program does not load",
            Self::NoObject => "the object does not load",
        })
    }
}

impl fmt::Display for OpenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserSpace => "user space provides it",
            Self::NotInBtf => "the kernel's BTF has nothing of this kind",
            Self::Symbols => "a list of the kernel's symbols would tell",
            Self::Config => "the kernel's configuration would tell",
            Self::Release => "the kernel's release would tell",
            Self::Compiler => "the architecture's compiler may not have it",
            Self::Size => "the object is too large to find out",
            Self::KernelLists => "the kernel has a list of functions that allow it",
        })
    }
}
