//! Why kernels refuse programs, by what libbpf and the verifier say.

use std::fmt;

/// A reason for which a program does not load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The verifier reaches a poisoned instruction.
    Poison,
    /// A relocation fails.
    Relocation,
    /// The function, tracepoint or hook that the program attaches to is not there.
    Hook,
    /// A kernel function or variable, or a value of the configuration, is not there.
    Extern,
    /// The struct of functions, or one of its members, is not there.
    StructOps,
    /// The number of a helper is not known.
    Helper,
    /// An instruction is not known.
    Instruction,
    /// The type of the program or of its attachment is not known.
    Type,
    /// libbpf does not know the type of the program, which user space must set.
    ProgramType,
    /// The kernel does not create a map: user space must give it a size, or an inner map.
    Map,
    /// The configuration lacks a helper, or programs of this type may not call it.
    HelperForType,
    /// A tracepoint has fewer arguments than the program reads, or of other types.
    Argument,
    /// The kernel has a list of functions that allow it, and this is not on it.
    KernelLists,
    /// The machine has no trampolines, which programs that surround functions need.
    Trampoline,
    /// Another rule of the verifier.
    Verifier,
    /// libbpf does not open the object, or the reason is not known.
    Other,
    /// It took longer than a minute.
    Timeout,
    /// The loader crashed.
    Crash,
}

use Refusal as R;

/// What is said for each reason, the first that fits.
const SAID: &[(Refusal, &[&str])] = &[
    (R::Poison, &["195896080", "<invalid CO-RE relocation>"]),
    (R::Relocation, &["failed to perform CO-RE relocations", "failed to relocate"]),
    (R::StructOps, &["struct_ops init_kern", "struct_ops reloc"]),
    (R::Hook, &["failed to find kernel BTF type ID"]),
    (
        R::Extern,
        &[
            "not found in kernel",
            "not found in vmlinux",
            "failed to resolve extern",
            "(strong): not resolved",
            "failed to find the address for kernel symbol",
            "extern (func ksym)",
            "extern (var ksym)",
            "extern (kcfg)",
            "is declared but not resolved",
        ],
    ),
    (R::Map, &["failed to create: -"]),
    (R::ProgramType, &["missing BPF prog type", "no loadable programs"]),
    (R::Helper, &["invalid func unknown#"]),
    (R::HelperForType, &["unknown func ", "program of this type cannot use helper"]),
    (
        R::Instruction,
        &[
            "unknown opcode",
            "uses reserved fields",
            "invalid BPF_ATOMIC",
            "BPF_XADD uses",
            "unknown insn class",
        ],
    ),
    (
        R::Argument,
        &["doesn't have", "invalid bpf_context access", "dereference of modified ctx ptr"],
    ),
    (
        R::KernelLists,
        &[
            "is not sleepable",
            "is not modifiable",
            "can only attach to",
            "is not allowed to attach",
            "not in the list",
            "points to disabled hook",
            "is not supported",
        ],
    ),
];

impl Refusal {
    /// All reasons.
    pub const ALL: [Self; 18] = [
        Self::Poison,
        Self::Relocation,
        Self::Hook,
        Self::Extern,
        Self::StructOps,
        Self::Helper,
        Self::Instruction,
        Self::Type,
        Self::ProgramType,
        Self::Map,
        Self::HelperForType,
        Self::Argument,
        Self::KernelLists,
        Self::Trampoline,
        Self::Verifier,
        Self::Other,
        Self::Timeout,
        Self::Crash,
    ];

    /// Finds the reason in what was said before `result`, which is a negative errno or the way that loading ended.
    pub fn find(result: &str, log: &[&str]) -> Self {
        if result == "timeout" {
            return Self::Timeout;
        }
        if result.starts_with("signal") {
            return Self::Crash;
        }
        let said =
            |words: &&[&str]| log.iter().any(|line| words.iter().any(|word| line.contains(word)));
        let found = SAID.iter().find(|(_, words)| said(words)).map(|(refusal, _)| *refusal);
        let is_verified = log.iter().any(|line| line.starts_with("processed "));
        // The verifier has not begun.
        let is_refused_at_once = said(&&["BPF program load failed: -EINVAL"][..])
            && !said(&&["BEGIN PROG LOAD LOG"][..]);
        match found {
            Some(found) => found,
            None if is_refused_at_once => Self::Type,
            None if is_verified => Self::Verifier,
            // Without a log: ENOTSUPP, EBUSY or EOPNOTSUPP of `bpf_trampoline_link`.
            None if matches!(result, "-524" | "-16" | "-95") => Self::Trampoline,
            None => Self::Other,
        }
    }

    /// Returns the line that tells the reason: the verifier's last one, or libbpf's first.
    pub fn telling_line<'l>(log: &[&'l str]) -> &'l str {
        let end = log.iter().rposition(|line| line.starts_with("processed "));
        let verifier = end.and_then(|end| log.get(end.checked_sub(1)?));
        let line = verifier.or_else(|| log.first()).copied().unwrap_or_default();
        line.strip_prefix("libbpf: ").unwrap_or(line)
    }

    /// Returns `true` for what a verdict answers for: programs with a good one are not refused for it.
    pub fn is_answered(self) -> bool {
        matches!(
            self,
            Self::Poison
                | Self::Relocation
                | Self::Hook
                | Self::Extern
                | Self::StructOps
                | Self::Helper
                | Self::Instruction
                | Self::Type
        )
    }

    /// Returns the name in recordings and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Poison => "poison",
            Self::Relocation => "relocation",
            Self::Hook => "hook",
            Self::Extern => "extern",
            Self::StructOps => "struct_ops",
            Self::Helper => "helper",
            Self::Instruction => "instruction",
            Self::Type => "type",
            Self::ProgramType => "program_type",
            Self::Map => "map",
            Self::HelperForType => "helper_for_type",
            Self::Argument => "argument",
            Self::KernelLists => "kernel_lists",
            Self::Trampoline => "trampoline",
            Self::Verifier => "verifier",
            Self::Other => "other",
            Self::Timeout => "timeout",
            Self::Crash => "crash",
        }
    }

    /// Returns the reason of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.name() == name)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(result: &str, log: &[&str], refusal: Refusal, line: &str) {
        assert_eq!((Refusal::find(result, log), Refusal::telling_line(log)), (refusal, line));
    }

    /// The logs are those of Linux 5.10 and 6.1, shortened.
    #[test]
    fn the_reason_is_found_in_what_is_said() {
        let failed = "libbpf: prog 'a': BPF program load failed: -EINVAL";
        let begin = "libbpf: prog 'a': -- BEGIN PROG LOAD LOG --";
        let end = "processed 46 insns (limit 1000000)";
        let helper = "unknown func bpf_get_socket_cookie#46";
        check("-22", &[failed, begin, "0: R1=ctx()", helper, end], Refusal::HelperForType, helper);
        let poison = ["8: <invalid CO-RE relocation>", "failed to resolve CO-RE relocation"];
        let log = [failed, begin, poison[0], poison[1], end];
        check("-22", &log, Refusal::Poison, poison[1]);
        check("-22", &[failed], Refusal::Type, "prog 'a': BPF program load failed: -EINVAL");
        let hook = "prog 'a': failed to find kernel BTF type ID of 'vfs': -ESRCH";
        check("-3", &[&format!("libbpf: {hook}")], Refusal::Hook, hook);
        let leak = "R0 leaks addr as return value";
        check("-13", &["libbpf: x", begin, leak, end], Refusal::Verifier, leak);
        check("timeout", &[], Refusal::Timeout, "");
        check("-524", &[], Refusal::Trampoline, "");
    }

    #[test]
    fn reasons_have_different_names() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::of_name(refusal.name()), Some(refusal));
        }
    }
}
