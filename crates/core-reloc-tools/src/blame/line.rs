//! The lines of a verifier log.

use btf_types::TypeId;

/// What the kernel and loaders print for a poisoned instruction.
const POISON: [&str; 3] = ["195896080", "0xbad2310", "<invalid CO-RE relocation>"];

/// Returns `true` if a line shows a poisoned instruction.
pub(super) fn is_poison(line: &str) -> bool {
    POISON.iter().any(|poison| line.contains(poison))
}

/// Splits a line at the ends of lines that a logger has escaped, as Go's `%q` and JSON do.
pub(super) fn unescaped(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        // `\\n` is an escaped backslash, as in the text of a program.
        let mut ends = text.match_indices("\\n").map(|(at, _)| at);
        let end = ends.find(|at| !text.get(..*at).is_some_and(|before| before.ends_with('\\')));
        // A line of source may have `\n` in a string.
        let end = end.filter(|_| !text.trim_start().starts_with(';') || text.len() < line.len());
        let (piece, after) = match end {
            Some(end) => (text.get(..end)?, text.get(end.saturating_add("\\n".len())..)),
            None => (text, None),
        };
        rest = after;
        Some(piece.trim_start_matches("\\t"))
    })
}

/// What a loader prints in the line that starts the log of a program.
pub(super) struct Heading<'l> {
    /// The program's name.
    pub(super) program: Option<&'l str>,
    /// The lines of the log that follow on the same line.
    pub(super) lines: Vec<&'l str>,
    /// Whether these are all.
    pub(super) is_summary: bool,
}

/// Reads a line that starts the log of a program:
///
/// - aya's `the BPF_PROG_LOAD syscall failed. Verifier output: LINE`, or with `{:?}` `verifier_log: LINE`;
/// - cilium/ebpf's `program NAME: load program: ERROR:`, and its summary, `load program: ERROR: LINE: LINE (2
///   lines omitted)`;
/// - libbpf's `-- BEGIN PROG LOAD LOG --`, and the kernel's `func#0 @0`.
pub(super) fn heading(line: &str) -> Option<Heading<'_>> {
    const OF_CILIUM: &str = "load program: ";
    const OF_AYA: [&str; 2] = ["Verifier output: ", "verifier_log: "];
    if let Some((before, rest)) = line.split_once(OF_CILIUM) {
        let program = before.trim_end().strip_suffix(':').and_then(|it| it.rsplit_once("program "));
        let program = program.map(|(_, name)| name);
        let Some((_, summary)) = rest.split_once(": ").filter(|(_, text)| !text.is_empty()) else {
            return Some(Heading { program, lines: Vec::new(), is_summary: false });
        };
        let summary = match summary.rsplit_once(" (") {
            Some((summary, omitted)) if omitted.ends_with(')') => summary,
            _ => summary,
        };
        // The last lines, the first of which may be the instruction.
        let insn_end = insn_index(summary).and_then(|_| {
            let opcode = summary.find('(')?;
            Some(summary.get(opcode..)?.find(": ")?.saturating_add(opcode))
        });
        let lines = match insn_end.and_then(|end| summary.split_at_checked(end)) {
            Some((insn, message)) => vec![insn, message.trim_start_matches(": ")],
            None => vec![summary],
        };
        return Some(Heading { program, lines, is_summary: true });
    }
    let of_aya = OF_AYA.iter().find_map(|mark| line.split_once(mark));
    if let Some((_, first)) = of_aya {
        return Some(Heading { program: None, lines: vec![first.trim()], is_summary: false });
    }
    let starts = line.starts_with("func#0 @") || line.ends_with("-- BEGIN PROG LOAD LOG --");
    starts.then(|| Heading { program: None, lines: Vec::new(), is_summary: false })
}

/// Returns `true` if the log of a program ends with this line, or if explanations follow (since Linux 7.3).
pub(super) fn ends_log(line: &str) -> bool {
    line.starts_with("processed ")
        || line.starts_with("Verification failed:")
        || line.ends_with("-- END PROG LOAD LOG --")
}

/// Returns `true` for a line of a log that reports progress, such as registers, and is no complaint.
pub(super) fn is_progress(line: &str) -> bool {
    /// What such lines start with.
    const STARTS: [&str; 20] = [
        ";",
        "from ",
        "caller:",
        "callee:",
        "returning from callee",
        "to caller at",
        "frame",
        "mark_precise",
        "last_idx",
        "first_idx",
        "regs=",
        "parent ",
        "propagating ",
        "Live regs before insn",
        "Func#",
        "func#",
        "Validating ",
        "verification time",
        "stack depth",
        // What cilium/ebpf leaves out.
        "(",
    ];
    let is_numbered = line.split_once(':').is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    line.is_empty()
        || is_numbered
        || is_registers(line)
        || STARTS.iter().any(|start| line.starts_with(start))
}

/// Returns `true` for a line with what is known of registers or stack slots: `R0_w=scalar() R1=ctx()`, `fp-8=0`.
fn is_registers(line: &str) -> bool {
    let first = line.split([' ', '=']).next().unwrap_or_default();
    let is_register = first.starts_with('R') || first.starts_with("fp-");
    is_register && line.get(first.len()..).is_some_and(|rest| rest.starts_with('='))
}

/// Returns the first instruction of a subprogram: 34 for `func#1 @34`, and for a call of it, `25: (85) call pc+8`.
pub(super) fn subprogram_start(line: &str) -> Option<u32> {
    if let Some(rest) = line.strip_prefix("func#") {
        let (_, start) = rest.split_once('@')?;
        return start.trim().parse().ok();
    }
    let index = insn_index(line)?;
    let (_, rest) = line.split_once("call pc")?;
    let distance: i32 = rest.split(' ').next()?.parse().ok()?;
    index.checked_add(1)?.checked_add_signed(distance)
}

/// Returns `true` if the log of another function starts with this line, `Validating probe() func#1...`. Its first
/// instruction follows.
pub(super) fn starts_function(line: &str) -> bool {
    line.starts_with("Validating ") && line.contains("() func#")
}

/// Returns the program that a message is about: `on_exit` for `libbpf: prog 'on_exit': …`.
pub(super) fn program_name(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("prog '")?;
    let (name, _) = rest.split_once("':")?;
    Some(name)
}

/// Returns `true` for a line that lists the registers in use, `12: .12345.... (85) call …`. Such lines
/// precede the log of the instructions.
pub(super) fn is_live_registers(line: &str) -> bool {
    /// One mark for each of r0 to r9.
    const REGISTERS: usize = 10;
    let Some((_, rest)) = line.split_once(": ") else { return false };
    let marks = rest.trim_start().split(' ').next().unwrap_or_default();
    marks.len() == REGISTERS && marks.bytes().all(|mark| mark == b'.' || mark.is_ascii_digit())
}

/// Returns the index of the instruction that a line shows: 12 for `12: (85) call …`.
pub(super) fn insn_index(line: &str) -> Option<u32> {
    let (index, rest) = line.split_once(':')?;
    let rest = rest.trim_start();
    let is_insn = rest.starts_with('(') || rest.starts_with('<');
    index.parse().ok().filter(|_| is_insn)
}

/// Returns the code of the instruction that a line shows: 0x85 for `12: (85) call …`.
pub(super) fn opcode(line: &str) -> Option<u8> {
    let (_, rest) = line.split_once('(')?;
    let (code, _) = rest.split_once(')')?;
    u8::from_str_radix(code, 16).ok()
}

/// Returns the number that relocating writes into an instruction, as a line shows it: the offset of `12: (61)
/// r0 = *(u32 *)(r1 +1264)`, or the immediate of `12: (b7) r1 = 1264`.
pub(super) fn value(line: &str) -> Option<i64> {
    // What is known of registers follows the instruction.
    let insn = line.split(" ; ").next()?.trim();
    let number = match insn.rsplit_once("(r") {
        Some((_, address)) => {
            let (_, offset) = address.split_once(' ')?;
            offset.split(')').next()?.trim_start_matches('+')
        }
        None => insn.rsplit_once("= ")?.1,
    };
    match number.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => number.parse().ok(),
    }
}

/// Returns the text, file and number of a line of source: `return job->pid;`, `job.c` and 12 for `return
/// job->pid; @ job.c:12`.
pub(super) fn source_line(shown: &str) -> (&str, Option<(String, u32)>) {
    let placed = (|| {
        let (text, place) = shown.rsplit_once(" @ ")?;
        let (file, line) = place.trim().rsplit_once(':')?;
        Some((text.trim(), (file.to_string(), line.parse().ok()?)))
    })();
    match placed {
        Some((text, place)) => (text, Some(place)),
        None => (shown.trim(), None),
    }
}

/// Returns the root type and the access string of a relocation that libbpf names: 5 and `0:0` for
/// `… CO-RE relocation <byte_off> [5] struct job.pid (0:0 @ offset 0)`.
pub(super) fn named_relocation(line: &str) -> Option<(TypeId, Option<String>)> {
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
    fn a_relocation_may_be_named_without_an_access_string() {
        let named = named_relocation("CO-RE relocation <type_size> [7] struct job");
        assert_eq!(named, Some((TypeId(7), None)));
    }

    #[test]
    fn registers_are_progress_and_complaints_about_them_are_not() {
        for line in
            ["R0_w=scalar() R1=ctx()", "fp-8=0", "12: R1=ctx() R10=fp0", "from 3 to 5: safe"]
        {
            assert!(is_progress(line), "{line}");
        }
        for line in [
            "R0 !read_ok",
            "R1 invalid mem access 'scalar'",
            "access beyond struct task_struct at off 9800 size 4",
            "invalid access to map value, value_size=16 off=16 size=1",
        ] {
            assert!(!is_progress(line), "{line}");
        }
    }

    #[test]
    fn values_are_those_that_the_line_shows() {
        for (line, expected) in [
            ("4: (61) r0 = *(u32 *)(r0 +1264)", Some(1264)),
            ("4: (61) r0 = *(u32 *)(r0 -8)         ; R0_w=scalar()", Some(-8)),
            ("4: (7b) *(u64 *)(r10 -16) = r1       ; R1=0 R10=fp0", Some(-16)),
            ("1: (b7) r1 = 1264                    ; R1_w=1264", Some(1264)),
            ("1: (18) r1 = 0x4f0                   ; R1_w=1264", Some(1264)),
            ("4: (0f) r1 += r2", None),
            ("4: (85) call bpf_probe_read_kernel#113", None),
        ] {
            assert_eq!(value(line), expected, "{line}");
        }
    }

    #[test]
    fn calls_show_where_subprograms_start() {
        assert_eq!(subprogram_start("25: (85) call pc+8"), Some(34));
        assert_eq!(subprogram_start("40: (85) call pc-7      ; R0=1"), Some(34));
        assert_eq!(subprogram_start("func#1 @34"), Some(34));
        assert_eq!(subprogram_start("25: (85) call bpf_loop#181"), None);
    }

    #[test]
    fn escaped_ends_of_lines_split_a_line() {
        let pieces = |line| unescaped(line).collect::<Vec<_>>();
        assert_eq!(
            pieces(r"load program: x:\n\t0: (95) exit"),
            ["load program: x:", "0: (95) exit"]
        );
        assert_eq!(pieces(r#"; printk("a\n"); @ a.c:3"#), [r#"; printk("a\n"); @ a.c:3"#]);
        assert_eq!(pieces(r#"a\n\t; printk(\"a\\n\");\nb"#), ["a", r#"; printk(\"a\\n\");"#, "b"]);
    }
}
