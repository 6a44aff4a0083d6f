//! Verifier logs: which poisoned instruction stopped a program, and which relocation poisoned it.

use btf_types::TypeId;

use core_reloc::elf::{Report, SourceLines};

/// What a verifier log says about the poisoned instruction that stopped a program.
///
/// Every loader's log will do: the kernel writes `call unknown#195896080`, which is the function
/// 0xbad2310, and libbpf puts `<invalid CO-RE relocation>` in its place.
///
/// ```
/// use core_reloc_tools::blame::PoisonInLog;
///
/// let log = "func#0 @0\n0: R1=ctx() R10=fp0\n; return job->pid; @ job.c:12\n\
///            0: (b7) r0 = 0\n1: (85) call unknown#195896080\ninvalid func unknown#195896080\n";
/// let poison = PoisonInLog::find(log).ok_or("it is not poisoned")?;
/// assert_eq!((poison.log_line, poison.insn), (5, Some(1)));
/// assert_eq!(poison.source, Some(("job.c".to_string(), 12)));
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoisonInLog {
    /// Which line of the log shows it, from 1.
    pub log_line: usize,
    /// That line.
    pub text: String,
    /// The program that was loaded, where the loader says so, as libbpf does.
    pub program: Option<String>,
    /// Which instruction of the loaded program it is; none where the log does not say.
    pub insn: Option<u32>,
    /// Where its subprogram begins in the loaded program, 0 for the main one.
    pub subprogram: u32,
    /// The file and line of the source that the log shows for it.
    pub source: Option<(String, u32)>,
    /// The root type and the access string that libbpf names.
    pub named: Option<(TypeId, Option<String>)>,
}

/// What loaders and the kernel print for a poisoned instruction.
const MARKS: [&str; 3] = ["195896080", "0xbad2310", "<invalid CO-RE relocation>"];

impl PoisonInLog {
    /// Finds the first poisoned instruction of a log; the verifier stops there.
    pub fn find(log: &str) -> Option<Self> {
        let mut starts = Vec::new();
        let (mut program, mut insn, mut source) = (None, None, None);
        let mut lines = (1_usize..).zip(log.lines());
        for (log_line, line) in &mut lines {
            let text = line.trim();
            program = program_name(text).or(program);
            if text.starts_with("func#0 @") || text.ends_with("-- BEGIN PROG LOAD LOG --") {
                // The programs before were taken.
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
            if MARKS.iter().any(|mark| text.contains(mark)) {
                let begins = |start: &u32| insn.is_some_and(|insn| *start <= insn);
                let subprogram = starts.iter().copied().filter(begins).max().unwrap_or(0);
                // libbpf names the relocation on the same line, or on the next.
                let next = lines.next().map(|(_, line)| line);
                let named = named_relocation(text).or_else(|| next.and_then(named_relocation));
                let text = text.chars().take(core_reloc::limits::MAX_QUOTE).collect();
                return Some(Self { log_line, text, program, insn, subprogram, source, named });
            }
        }
        None
    }

    /// Picks those of an object's poisoned relocations that the log can mean: one, if it says
    /// enough. What it says and none of them fits is passed over: loaders move instructions.
    pub fn blame<'a>(
        &self,
        poisoned: impl IntoIterator<Item = Report<'a>>,
        lines: &SourceLines<'a>,
    ) -> Vec<Report<'a>> {
        let mut left: Vec<Report<'a>> = poisoned.into_iter().collect();
        if let Some((id, access)) = &self.named {
            keep(&mut left, |report| {
                let relocation = &report.relocation;
                let said = relocation.access_string().map(|said| said.to_string());
                relocation.type_id() == *id && (access.is_none() || *access == said)
            });
        }
        if let Some((file, number)) = &self.source {
            keep(&mut left, |report| {
                lines.line(&report.relocation).is_some_and(|line| {
                    let said = line.file.to_string();
                    line.line == *number && (said.ends_with(file.as_str()) || file.ends_with(&said))
                })
            });
        }
        if let Some(insn) = self.insn {
            let wanted = insn.saturating_sub(self.subprogram);
            keep(&mut left, |report| report.relocation.insn_in_function() == Some(wanted));
        }
        // The last, since the instruction may be a subprogram's.
        if let Some(program) = &self.program {
            keep(&mut left, |report| {
                let function = report.relocation.function().ok().flatten();
                function.is_some_and(|function| function == program.as_str())
            });
        }
        left
    }
}

/// Keeps those that pass a test, unless none does.
fn keep<T>(left: &mut Vec<T>, mut test: impl FnMut(&T) -> bool) {
    if left.iter().any(&mut test) {
        left.retain(test);
    }
}

/// `func#1 @34`: where a subprogram begins.
fn subprogram_start(line: &str) -> Option<u32> {
    let (_, start) = line.strip_prefix("func#")?.split_once('@')?;
    start.trim().parse().ok()
}

/// `libbpf: prog 'on_exit': …`: the program that messages are about.
fn program_name(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("prog '")?;
    let (name, _) = rest.split_once("':")?;
    Some(name.to_string())
}

/// `12: .12345.... (85) call …`: which registers are in use, in a listing before the log proper.
fn is_live_registers(line: &str) -> bool {
    /// A mark for each of r0 to r9.
    const REGISTERS: usize = 10;
    let Some((_, rest)) = line.split_once(": ") else { return false };
    let marks = rest.trim_start().split(' ').next().unwrap_or_default();
    marks.len() == REGISTERS && marks.bytes().all(|mark| mark == b'.' || mark.is_ascii_digit())
}

/// `12: (85) call …`: which instruction a line shows.
fn insn_index(line: &str) -> Option<u32> {
    let (index, rest) = line.split_once(':')?;
    let rest = rest.trim_start();
    let is_insn = rest.starts_with('(') || rest.starts_with('<');
    index.parse().ok().filter(|_| is_insn)
}

/// ` return job->pid; @ job.c:12`: the file and line of a line of source.
fn source_line(shown: &str) -> Option<(String, u32)> {
    let (_, place) = shown.rsplit_once(" @ ")?;
    let (file, line) = place.trim().rsplit_once(':')?;
    Some((file.to_string(), line.parse().ok()?))
}

/// `… CO-RE relocation <byte_off> [5] struct job.pid (0:0 @ offset 0)`: the type and access string.
fn named_relocation(line: &str) -> Option<(TypeId, Option<String>)> {
    let (_, spec) = line.split_once("CO-RE relocation <")?;
    let (_, rest) = spec.split_once("> [")?;
    let (id, rest) = rest.split_once(']')?;
    let access = rest.rsplit_once('(').and_then(|(_, access)| access.split([' ', ')']).next());
    Some((TypeId(id.parse().ok()?), access.map(ToString::to_string)))
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
    fn what_a_log_says_of_other_programs_does_not_count() {
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
    fn libbpf_names_the_relocation() {
        let log = "1: <invalid CO-RE relocation>\n\
                   failed to resolve CO-RE relocation <byte_off> [5] struct job.pid (0:0 @ offset 0)\n";
        let named = PoisonInLog::find(log).unwrap().named;
        assert_eq!(named, Some((TypeId(5), Some("0:0".to_string()))));
        let named = named_relocation("CO-RE relocation <type_size> [7] struct job");
        assert_eq!(named, Some((TypeId(7), None)));
    }
}
