//! The kinds of issues, with what each means and what to do about it.

use core_reloc_tools::{check::Verdict, lint};

use super::causes::Thing;

/// A kind of issues.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) id: &'static str,
    /// What is wrong, in a sentence.
    pub(super) about: &'static str,
    /// What to do.
    pub(super) help: &'static str,
}

/// The rules of causes and notes.
pub(super) static RULES: [Rule; 12] = [
    OTHER_ARCHITECTURE,
    FAILED,
    MISSING,
    POISONED,
    LEFT_COPY,
    NOT_ATTACHABLE,
    LEFT_OPEN,
    CONDITIONAL,
    GUARDED,
    CHANGED,
    COPY_NOTE,
    SIZE_NOTE,
];

const OTHER_ARCHITECTURE: Rule = Rule {
    id: "other-architecture",
    about: "The object has another byte order than the kernel, or reads the registers of another architecture.",
    help: "Check the objects of each architecture only for kernels of that architecture.",
};
const FAILED: Rule = Rule {
    id: "failed",
    about: "A relocation is broken or ambiguous, so that no loader takes the object.",
    help: "`core-reloc explain OBJECT --target KERNEL --status failed` shows why.",
};
const MISSING: Rule = Rule {
    id: "missing",
    about: "The kernel lacks something that the program or its object cannot load without.",
    help: "Use another hook, function or helper, or load the program only where the kernel has it. What a module \
           has counts if the module is beside the kernel or named with --module.",
};
const POISONED: Rule = Rule {
    id: "poisoned",
    about: "The verifier reaches an instruction whose field, type or enumerator the kernel lacks.",
    help: "Ask first whether it exists, with bpf_core_field_exists, bpf_core_type_exists or \
           bpf_core_enum_value_exists, and use it only then; or read it as this kernel defines it. \
           `core-reloc explain OBJECT --target KERNEL` shows both definitions.",
};
const LEFT_COPY: Rule = Rule {
    id: "outside-of-copy",
    about: "A program reads outside of its local copy of a struct, because the kernel's struct is larger.",
    help: "Read the field itself, with BPF_CORE_READ, and not a copy of its struct.",
};
const NOT_ATTACHABLE: Rule = Rule {
    id: "not-attachable",
    about: "The program loads, but what it attaches to is missing.",
    help: "Use another hook, or attach the program only where the kernel has it.",
};
const LEFT_OPEN: Rule = Rule {
    id: "left-open",
    about: "User space must provide something, or types cannot tell whether the kernel has it.",
    help: "Name the kernel's symbols with --symbols, its configuration with --config, or its modules with \
           --module.",
};
const CONDITIONAL: Rule = Rule {
    id: "conditional",
    about: "The program loads if read-only data and configuration have the values that are named.",
    help: "Set read-only data before loading; name the kernel's configuration with --config.",
};
const GUARDED: Rule = Rule {
    id: "guarded",
    about: "The kernel lacks something, and the verifier never reaches its use.",
    help: "There is nothing to do.",
};
const CHANGED: Rule = Rule {
    id: "changed",
    about: "The instruction gets the kernel's value in place of the compiler's.",
    help: "There is nothing to do.",
};
const COPY_NOTE: Rule = Rule {
    id: "wrong-copy",
    about: "A program reads its local copy of a struct where the kernel's struct has the field, which may be other \
            data of the copy.",
    help: "Read the field itself, with BPF_CORE_READ, and not a copy of its struct.",
};
const SIZE_NOTE: Rule = Rule {
    id: "wrong-size",
    about: "A program reads another number of bytes than the kernel's field has.",
    help: "Use bpf_core_field_size, or BPF_CORE_READ with a variable of the kernel's type.",
};

/// Returns the rule of a cause.
pub(super) fn of_thing(thing: &Thing) -> &'static Rule {
    match thing.verdict {
        Verdict::OtherArchitecture => &OTHER_ARCHITECTURE,
        Verdict::Failed => &FAILED,
        Verdict::Missing => &MISSING,
        Verdict::Poisoned if thing.what == "local copy" => &LEFT_COPY,
        Verdict::Poisoned => &POISONED,
        Verdict::NotAttachable => &NOT_ATTACHABLE,
        Verdict::Conditional => &CONDITIONAL,
        Verdict::Guarded => &GUARDED,
        Verdict::Changed => &CHANGED,
        // The verdicts of later versions have no rule yet.
        _ => &LEFT_OPEN,
    }
}

/// Returns the rule of a note about a local copy or a size.
pub(super) fn of_note(what: &str) -> &'static Rule {
    if what == "size" { &SIZE_NOTE } else { &COPY_NOTE }
}

/// Returns the rules of `check --lint`.
pub(super) fn of_lint() -> Vec<Rule> {
    let rules = lint::Rule::ALL.into_iter();
    rules.map(|it| Rule { id: it.name(), about: it.about(), help: it.help() }).collect()
}
