//! Finds the relocation that a verifier log complains about.
//!
//! [`Rejection::find`] reads from a log where the verifier stopped, and why:
//!
//! - At a poisoned instruction: its relocation is unresolved. [`Rejection::poisoned`] picks that relocation.
//! - At any other instruction, with a complaint such as `access beyond struct task_struct at off 9800 size 4`.
//!   [`Rejection::involved`] finds the relocation of the instruction, and those that its operands come from.
//!
//! The log may come from any loader: from libbpf and bpftool, from aya (`Verifier output: …`), and from
//! cilium/ebpf, in full (`%+v`) or as the summary of the last lines (`%v`), also where a logger has escaped the
//! ends of lines. For a poisoned instruction the kernel writes `call unknown#195896080`, the function 0xbad2310,
//! and libbpf replaces that with `<invalid CO-RE relocation>`.
//!
//! ```
//! use core_reloc_tools::blame::{Reason, Rejection};
//!
//! let log = "func#0 @0\n0: R1=ctx() R10=fp0\n; return job->pid; @ job.c:12\n\
//!            0: (b7) r0 = 0\n1: (85) call unknown#195896080\ninvalid func unknown#195896080\n";
//! let rejection = Rejection::find(log).ok_or("the log complains about nothing")?;
//! assert_eq!(rejection.reason, Reason::Poison);
//! assert_eq!((rejection.log_line, rejection.insn), (5, Some(1)));
//! assert_eq!(rejection.source.and_then(|source| source.place), Some(("job.c".to_string(), 12)));
//! # Ok::<(), &str>(())
//! ```

mod involved;
mod line;
mod read;
mod sizes;

use btf_types::TypeId;
use core_reloc::elf::{Report, SourceLine, SourceLines};

pub use self::{
    involved::{Involved, Role},
    sizes::{RootSizes, struct_size},
};

/// Where the verifier stopped, and why, as its log shows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// The reason.
    pub reason: Reason,
    /// The number of the log line with the instruction, or with the complaint if there is none, from 1.
    pub log_line: usize,
    /// That line, without what a loader prints before it.
    pub text: String,
    /// The program that was loaded, if the loader prints its name, as libbpf and cilium/ebpf do.
    pub program: Option<String>,
    /// The index of the instruction in the loaded program, if the log has it.
    pub insn: Option<u32>,
    /// The index of the first instruction of its subprogram, as far as the log shows; 0 for the main program.
    pub subprogram: u32,
    /// The line of source that the log shows for it.
    pub source: Option<LogSource>,
    /// The root type and the access string, if libbpf prints them.
    pub named: Option<(TypeId, Option<String>)>,
}

/// Why the verifier stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It reached a poisoned instruction.
    Poison,
    /// It did not accept an instruction.
    Complaint(Complaint),
}

/// What the verifier says of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Complaint {
    /// The number of the log line, from 1.
    pub log_line: usize,
    /// Its words; several lines are joined by `; `.
    pub text: String,
}

impl Complaint {
    /// Returns the name of the struct that the verifier takes an address for: `task_struct` for `access beyond
    /// struct task_struct at off 9800 size 4`.
    pub fn accessed_struct(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("access beyond struct ")?;
        rest.split(' ').next()
    }

    /// Returns `false` if the verifier complains about the program as a whole, such as its size.
    pub fn is_about_instruction(&self) -> bool {
        /// What such complaints start with.
        const ABOUT_PROGRAM: [&str; 4] = [
            "BPF program is too large",
            "The sequence of",
            "combined stack size",
            "unreachable insn",
        ];
        !ABOUT_PROGRAM.iter().any(|start| self.text.starts_with(start))
    }
}

/// A line of source in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogSource {
    /// The text.
    pub text: String,
    /// The file and the number of the line, which kernels show since Linux 6.9.
    pub place: Option<(String, u32)>,
}

impl LogSource {
    /// Returns `true` if a line of an object is the one of the log.
    fn is(&self, line: &SourceLine<'_>) -> bool {
        match &self.place {
            Some((file, number)) => {
                let found = line.file.to_string();
                let is_file = found.ends_with(file.as_str()) || file.ends_with(&found);
                line.line == *number && is_file
            }
            None => !self.text.is_empty() && line.text.to_string().trim() == self.text,
        }
    }
}

impl Rejection {
    /// Finds where the verifier stopped: at the first poisoned instruction, or else where it complains first.
    /// Returns `None` if the log shows neither.
    pub fn find(log: &str) -> Option<Self> {
        read::find(log)
    }

    /// Picks the relocations that the log may be about from the poisoned ones of an object: one, if
    /// the log has enough details.
    ///
    /// A detail that fits none of them is ignored, because loaders move instructions.
    pub fn poisoned<'a>(
        &self,
        poisoned: impl IntoIterator<Item = Report<'a>>,
        lines: &SourceLines<'a>,
    ) -> Vec<Report<'a>> {
        let mut possible: Vec<Report<'a>> = poisoned.into_iter().collect();
        if let Some((id, access)) = &self.named {
            narrow(&mut possible, |report| {
                let relocation = &report.relocation;
                let found = relocation.access_string().map(|found| found.to_string());
                relocation.type_id() == *id && (access.is_none() || *access == found)
            });
        }
        if let Some(source) = &self.source {
            narrow(&mut possible, |report| {
                lines.line(&report.relocation).is_some_and(|line| source.is(&line))
            });
        }
        if let Some(insn) = self.insn {
            let wanted = insn.saturating_sub(self.subprogram);
            narrow(&mut possible, |report| report.relocation.insn_in_function() == Some(wanted));
        }
        // The program comes last, because the instruction may be in a subprogram.
        if let Some(program) = &self.program {
            narrow(&mut possible, |report| {
                let function = report.relocation.function().ok().flatten();
                function.is_some_and(|function| function == program.as_str())
            });
        }
        possible
    }
}

/// Keeps what passes a test, or all if nothing passes.
fn narrow<T>(possible: &mut Vec<T>, mut test: impl FnMut(&T) -> bool) {
    if possible.iter().any(&mut test) {
        possible.retain(test);
    }
}
