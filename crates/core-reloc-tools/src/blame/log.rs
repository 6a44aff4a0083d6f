//! The lines of a verifier log.

use btf_types::TypeId;

/// What the kernel and loaders print for a poisoned instruction.
const POISON: [&str; 3] = ["195896080", "0xbad2310", "<invalid CO-RE relocation>"];

/// Returns `true` if a line shows a poisoned instruction.
pub(super) fn is_poison(line: &str) -> bool {
    POISON.iter().any(|poison| line.contains(poison))
}

/// Returns `true` if the log of a program starts with this line.
pub(super) fn starts_log(line: &str) -> bool {
    line.starts_with("func#0 @") || line.ends_with("-- BEGIN PROG LOAD LOG --")
}

/// Returns the first instruction of a subprogram: 34 for `func#1 @34`.
pub(super) fn subprogram_start(line: &str) -> Option<u32> {
    let (_, start) = line.strip_prefix("func#")?.split_once('@')?;
    start.trim().parse().ok()
}

/// Returns the program that a message is about: `on_exit` for `libbpf: prog 'on_exit': …`.
pub(super) fn program_name(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("prog '")?;
    let (name, _) = rest.split_once("':")?;
    Some(name.to_string())
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

/// Returns the file and line of a line of source: `job.c` and 12 for ` return job->pid; @ job.c:12`.
pub(super) fn source_line(shown: &str) -> Option<(String, u32)> {
    let (_, place) = shown.rsplit_once(" @ ")?;
    let (file, line) = place.trim().rsplit_once(':')?;
    Some((file.to_string(), line.parse().ok()?))
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
}
