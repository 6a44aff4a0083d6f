//! Finds the relocation that a verifier log complains about.
//!
//! An unresolved relocation poisons its instruction, and the verifier stops at the first poisoned
//! instruction that a program can reach. [`PoisonInLog::find`] reads from a log which instruction that
//! is, and [`PoisonInLog::blame`] picks the relocation that poisoned it.
//!
//! The log may come from any loader: the kernel writes `call unknown#195896080`, the function 0xbad2310,
//! and libbpf replaces that with `<invalid CO-RE relocation>`.
//!
//! ```
//! use core_reloc_tools::blame::PoisonInLog;
//!
//! let log = "func#0 @0\n0: R1=ctx() R10=fp0\n; return job->pid; @ job.c:12\n\
//!            0: (b7) r0 = 0\n1: (85) call unknown#195896080\ninvalid func unknown#195896080\n";
//! let poison = PoisonInLog::find(log).ok_or("no instruction is poisoned")?;
//! assert_eq!((poison.log_line, poison.insn), (5, Some(1)));
//! assert_eq!(poison.source, Some(("job.c".to_string(), 12)));
//! # Ok::<(), &str>(())
//! ```

mod log;

use btf_types::TypeId;
use core_reloc::elf::{Report, SourceLines};

use self::log::{
    insn_index, is_live_registers, is_poison, named_relocation, program_name, source_line,
    starts_log, subprogram_start,
};

/// The poisoned instruction that stopped a program, as a verifier log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoisonInLog {
    /// The number of the log line that shows it, from 1.
    pub log_line: usize,
    /// That line.
    pub text: String,
    /// The program that was loaded, if the loader prints its name, as libbpf does.
    pub program: Option<String>,
    /// The index of the instruction in the loaded program, if the log has it.
    pub insn: Option<u32>,
    /// The index of the first instruction of its subprogram; 0 for the main program.
    pub subprogram: u32,
    /// The source file and line that the log shows for it.
    pub source: Option<(String, u32)>,
    /// The root type and the access string, if libbpf prints them.
    pub named: Option<(TypeId, Option<String>)>,
}

impl PoisonInLog {
    /// Finds the first poisoned instruction of a log. The verifier stops there.
    pub fn find(log: &str) -> Option<Self> {
        let mut starts = Vec::new();
        let (mut program, mut insn, mut source) = (None, None, None);
        let mut lines = (1_usize..).zip(log.lines());
        for (log_line, line) in &mut lines {
            let text = line.trim();
            program = program_name(text).or(program);
            if starts_log(text) {
                // The verifier accepted the programs before this one.
                (insn, source) = (None, None);
                starts.clear();
            }
            if is_live_registers(text) {
                continue;
            }
            if let Some(start) = subprogram_start(text) {
                starts.push(start);
            }
            if let Some(shown) = text.strip_prefix(';') {
                source = source_line(shown).or(source);
            }
            insn = insn_index(text).or(insn);
            if is_poison(text) {
                let is_before = |start: &u32| insn.is_some_and(|insn| *start <= insn);
                let subprogram = starts.iter().copied().filter(is_before).max().unwrap_or(0);
                // libbpf names the relocation on this line or on the next.
                let next = lines.next().map(|(_, line)| line);
                let named = named_relocation(text).or_else(|| next.and_then(named_relocation));
                let text = text.chars().take(core_reloc::limits::MAX_QUOTE).collect();
                return Some(Self { log_line, text, program, insn, subprogram, source, named });
            }
        }
        None
    }

    /// Picks the relocations that the log may be about from the poisoned ones of an object: one, if
    /// the log has enough details.
    ///
    /// A detail that fits none of them is ignored, because loaders move instructions.
    pub fn blame<'a>(
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
        if let Some((file, number)) = &self.source {
            narrow(&mut possible, |report| {
                lines.line(&report.relocation).is_some_and(|line| {
                    let found = line.file.to_string();
                    let is_file = found.ends_with(file.as_str()) || file.ends_with(&found);
                    line.line == *number && is_file
                })
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

/// Keeps the reports that pass a test, or all if none passes.
fn narrow<T>(possible: &mut Vec<T>, mut test: impl FnMut(&T) -> bool) {
    if possible.iter().any(&mut test) {
        possible.retain(test);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_poison_is_found() {
        for (log, insn, subprogram) in [
            ("0: (b7) r1 = 0\n7: (85) call unknown#195896080\n", Some(7), 0),
            ("invalid func unknown#195896080\n", None, 0),
            ("3: <invalid CO-RE relocation>\n", Some(3), 0),
            ("12: (85) call 0xbad2310\n", Some(12), 0),
            ("func#0 @0\nfunc#1 @34\nfunc#2 @50\n40: (85) call unknown#195896080", Some(40), 34),
            ("5: (bf) r1 = r6\n(85) call unknown#195896080", Some(5), 0),
        ] {
            let found = PoisonInLog::find(log).unwrap();
            assert_eq!((found.insn, found.subprogram), (insn, subprogram), "{log}");
        }
        assert_eq!(PoisonInLog::find("0: (95) exit\nprocessed 1 insns\n"), None);
        assert_eq!(PoisonInLog::find(""), None);
    }

    #[test]
    fn the_logs_of_other_programs_are_ignored() {
        let log = "libbpf: prog 'one': -- BEGIN PROG LOAD LOG --\nfunc#0 @0\n; return 0; @ a.c:7\n\
                   3: (95) exit\nlibbpf: prog 'two': BPF program load failed\n\
                   libbpf: prog 'two': -- BEGIN PROG LOAD LOG --\nfunc#0 @0\nLive regs before insn:\n\
                   \x20     0: .12345.... (85) call unknown#195896080\n\
                   0: R1=ctx() R10=fp0\n0: (85) call unknown#195896080\n";
        let found = PoisonInLog::find(log).unwrap();
        assert_eq!((found.log_line, found.insn, found.source), (11, Some(0), None));
        assert_eq!(found.program.as_deref(), Some("two"));
    }

    #[test]
    fn a_relocation_that_libbpf_names_is_found() {
        let log = "1: <invalid CO-RE relocation>\n\
                   failed to resolve CO-RE relocation <byte_off> [5] struct job.pid (0:0 @ offset 0)\n";
        let named = PoisonInLog::find(log).unwrap().named;
        assert_eq!(named, Some((TypeId(5), Some("0:0".to_string()))));
    }
}
