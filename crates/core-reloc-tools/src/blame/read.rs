//! Reads a log up to where the verifier stopped.

use std::collections::BTreeSet;

use btf_types::TypeId;

use super::{
    Complaint, LogSource, Reason, Rejection,
    line::{
        Heading, ends_log, heading, insn_index, is_live_registers, is_poison, is_progress,
        named_relocation, program_name, source_line, starts_function, subprogram_start, unescaped,
    },
};

/// Finds the first poisoned instruction, or else the first complaint.
///
/// One without its instruction or its line of source, as in a summary, counts only if the log has none with them.
pub(super) fn find(log: &str) -> Option<Rejection> {
    let mut reader = Reader::default();
    for (number, line) in (1_usize..).zip(log.lines()) {
        for piece in unescaped(line) {
            reader.read(number, piece.trim());
        }
    }
    reader.end();
    reader.poisoned.or(reader.complaint)
}

/// Keeps a rejection, unless there was one before of which the log shows as much.
fn keep(known: &mut Option<Rejection>, found: Rejection) {
    let shown = |rejection: &Rejection| (rejection.insn.is_some(), rejection.source.is_some());
    if known.as_ref().is_none_or(|known| shown(known) < shown(&found)) {
        *known = Some(found);
    }
}

/// What has been read of the log of one program, and what it has led to.
#[derive(Default)]
struct Reader<'l> {
    poisoned: Option<Rejection>,
    complaint: Option<Rejection>,
    program: Option<&'l str>,
    /// Whether the log of a program has started.
    is_inside: bool,
    /// Where subprograms start.
    starts: BTreeSet<u32>,
    /// Whether the next instruction starts one.
    is_start: bool,
    /// The last instruction: the number of its line, and the line.
    insn: Option<(usize, &'l str)>,
    source: Option<&'l str>,
    /// The lines since the last instruction that are no progress.
    complaining: Vec<(usize, &'l str)>,
    /// The line with the poisoned instruction that was found: libbpf may name the relocation in the next one.
    poisoned_line: Option<&'l str>,
}

/// The number of lines of a complaint that are kept.
const MAX_LINES: usize = 4;

impl<'l> Reader<'l> {
    fn read(&mut self, number: usize, line: &'l str) {
        if let Some(program) = program_name(line) {
            self.program = Some(program);
        }
        if let Some(Heading { program, lines, is_summary }) = heading(line) {
            self.end();
            self.is_inside = true;
            self.program = program.or(self.program);
            for line in lines {
                self.read_line(number, line);
            }
            if is_summary {
                self.end();
            }
            return;
        }
        self.read_line(number, line);
    }

    /// Reads a line of the kernel.
    fn read_line(&mut self, number: usize, line: &'l str) {
        if is_live_registers(line) {
            return;
        }
        if let Some(before) = self.poisoned_line.take()
            && let Some(poisoned) = &mut self.poisoned
        {
            poisoned.named = named_relocation(before).or_else(|| named_relocation(line));
        }
        if ends_log(line) {
            return self.end();
        }
        self.is_start |= starts_function(line);
        self.starts.extend(subprogram_start(line));
        if let Some(source) = line.strip_prefix(';') {
            self.source = Some(source);
        }
        if let Some(index) = insn_index(line) {
            if std::mem::take(&mut self.is_start) {
                self.starts.insert(index);
            }
            self.is_inside = true;
            self.insn = Some((number, line));
            self.complaining.clear();
        }
        if is_poison(line) {
            let named = named_relocation(line);
            let rejection = self.rejection(Reason::Poison, (number, line), named);
            let before = self.poisoned.as_ref().map(|poisoned| poisoned.log_line);
            keep(&mut self.poisoned, rejection);
            let kept = self.poisoned.as_ref().map(|poisoned| poisoned.log_line);
            self.poisoned_line = (kept != before).then_some(line);
        } else if self.is_inside && self.complaining.len() < MAX_LINES && !is_progress(line) {
            self.complaining.push((number, line));
        }
    }

    /// Ends the log of a program: the verifier has accepted it, unless it complains.
    fn end(&mut self) {
        let complaining = std::mem::take(&mut self.complaining);
        if let Some(&(log_line, first)) = complaining.first() {
            let lines: Vec<&str> = complaining.iter().map(|(_, line)| *line).collect();
            let text = quoted(&lines.join("; "));
            let reason = Reason::Complaint(Complaint { log_line, text });
            let shown = self.insn.unwrap_or((log_line, first));
            let rejection = self.rejection(reason, shown, None);
            keep(&mut self.complaint, rejection);
        }
        (self.insn, self.source, self.is_inside, self.is_start) = (None, None, false, false);
        self.starts.clear();
    }

    fn rejection(
        &self,
        reason: Reason,
        (log_line, text): (usize, &str),
        named: Option<(TypeId, Option<String>)>,
    ) -> Rejection {
        let insn = self.insn.and_then(|(_, line)| insn_index(line));
        let start = insn.and_then(|insn| self.starts.range(..=insn).next_back());
        let subprogram = start.copied().unwrap_or(0);
        let source = self.source.map(|source| {
            let (text, place) = source_line(source);
            LogSource { text: quoted(text), place }
        });
        let program = self.program.map(quoted);
        Rejection { reason, log_line, text: quoted(text), program, insn, subprogram, source, named }
    }
}

fn quoted(text: &str) -> String {
    text.chars().take(core_reloc::limits::MAX_QUOTE).collect()
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
            // cilium/ebpf poisons loads of 64 bits in this way.
            ("12: (18) r10 = 0xbad2310\nframe pointer is read only\n", Some(12), 0),
            ("func#0 @0\nfunc#1 @34\nfunc#2 @50\n40: (85) call unknown#195896080", Some(40), 34),
            ("5: (bf) r1 = r6\n(85) call unknown#195896080", Some(5), 0),
            ("0: (85) call pc+8\n9: (85) call unknown#195896080", Some(9), 9),
            (
                "Validating f() func#1...\n7: R1=scalar()\n7: (b7) r0 = 0\n8: (85) call 0xbad2310",
                Some(8),
                7,
            ),
        ] {
            let found = find(log).unwrap();
            assert_eq!(found.reason, Reason::Poison, "{log}");
            assert_eq!((found.insn, found.subprogram), (insn, subprogram), "{log}");
        }
        assert_eq!(find("0: (95) exit\nprocessed 1 insns\n"), None);
        assert_eq!(find(""), None);
        assert_eq!(find("this is no log\nError: failed to load object file\n"), None);
    }

    #[test]
    fn the_logs_of_other_programs_are_ignored() {
        let log = "libbpf: prog 'one': -- BEGIN PROG LOAD LOG --\nfunc#0 @0\n; return 0; @ a.c:7\n\
                   3: (95) exit\nlibbpf: prog 'two': BPF program load failed\n\
                   libbpf: prog 'two': -- BEGIN PROG LOAD LOG --\nfunc#0 @0\nLive regs before insn:\n\
                   \x20     0: .12345.... (85) call unknown#195896080\n\
                   0: R1=ctx() R10=fp0\n0: (85) call unknown#195896080\n";
        let found = find(log).unwrap();
        assert_eq!((found.log_line, found.insn, found.source), (11, Some(0), None));
        assert_eq!(found.program.as_deref(), Some("two"));
    }

    #[test]
    fn a_relocation_that_libbpf_names_is_found() {
        let log = "1: <invalid CO-RE relocation>\n\
                   failed to resolve CO-RE relocation <byte_off> [5] struct job.pid (0:0 @ offset 0)\n";
        let named = find(log).unwrap().named;
        assert_eq!(named, Some((TypeId(5), Some("0:0".to_string()))));
    }

    /// Returns the line of the instruction, that of the complaint, and the complaint.
    fn complaint(log: &str) -> (usize, usize, String) {
        let found = find(log).unwrap();
        let Reason::Complaint(complaint) = found.reason else { panic!("{log}") };
        (found.log_line, complaint.log_line, complaint.text)
    }

    #[test]
    fn a_complaint_follows_the_last_instruction() {
        let log = "0: R1=ctx() R10=fp0\n0: (b7) r1 = 1264   ; R1_w=1264\n1: (61) r0 = *(u32 *)(r0 +0)\n\
                   R0 !read_ok\nprocessed 2 insns (limit 1000000)\n";
        assert_eq!(complaint(log), (3, 4, "R0 !read_ok".to_string()));
        let log = "0: (61) r0 = *(u32 *)(r1 +12)\nfunc 'f' arg0 type FWD is not a struct\n\
                   invalid bpf_context access off=12 size=4\n\nVerification failed: Context\n\nReason:\n  Why.\n";
        let text =
            "func 'f' arg0 type FWD is not a struct; invalid bpf_context access off=12 size=4";
        assert_eq!(complaint(log), (1, 2, text.to_string()));
        // A program that is accepted has none.
        assert_eq!(
            find("0: (b7) r0 = 0 ; R0_w=0\n1: (95) exit\nprocessed 2 insns\nError: other\n"),
            None
        );
    }

    #[test]
    fn a_full_log_wins_over_its_summary() {
        let log = "load program: permission denied: R0 !read_ok (4 lines omitted)\n\
                   load program: permission denied:\n\t0: R1=ctx()\n\t0: (95) exit\n\tR0 !read_ok\n\tprocessed 1 insns\n";
        assert_eq!(complaint(log), (4, 5, "R0 !read_ok".to_string()));
        let log = "field P: program p: load program: permission denied: 0: (95) exit: R0 !read_ok (1 line omitted)";
        assert_eq!(complaint(log), (1, 1, "R0 !read_ok".to_string()));
        let found = find(log).unwrap();
        assert_eq!((found.insn, found.program.as_deref()), (Some(0), Some("p")));
        assert_eq!(found.text, "0: (95) exit");
    }

    #[test]
    fn some_complaints_are_about_the_whole_program() {
        let log = "0: (95) exit\nBPF program is too large. Processed 1000001 insn\nprocessed 1000001 insns\n";
        let Reason::Complaint(complaint) = find(log).unwrap().reason else { panic!("{log}") };
        assert!(!complaint.is_about_instruction());
        assert_eq!(complaint.accessed_struct(), None);
    }
}
