//! Cases: what the tables consist of.

use super::insn::Insn;

/// The number of a kind of relocation.
pub(super) type Kind = u32;

pub(super) const FIELD_BYTE_OFFSET: Kind = 0;
pub(super) const FIELD_BYTE_SIZE: Kind = 1;
pub(super) const FIELD_EXISTS: Kind = 2;
pub(super) const FIELD_SIGNED: Kind = 3;
pub(super) const FIELD_LSHIFT_U64: Kind = 4;
pub(super) const FIELD_RSHIFT_U64: Kind = 5;
pub(super) const TYPE_ID_LOCAL: Kind = 6;
pub(super) const TYPE_ID_TARGET: Kind = 7;
pub(super) const TYPE_EXISTS: Kind = 8;
pub(super) const TYPE_SIZE: Kind = 9;
pub(super) const ENUMVAL_EXISTS: Kind = 10;
pub(super) const ENUMVAL_VALUE: Kind = 11;
pub(super) const TYPE_MATCHES: Kind = 12;

/// The names of the kinds, by number.
pub(super) const KIND_NAMES: [&str; 13] = [
    "field_byte_offset",
    "field_byte_size",
    "field_exists",
    "field_signed",
    "field_lshift_u64",
    "field_rshift_u64",
    "type_id_local",
    "type_id_target",
    "type_exists",
    "type_size",
    "enumval_exists",
    "enumval_value",
    "type_matches",
];

/// The cases of one file.
#[derive(Debug)]
pub(super) struct Group {
    /// The name of the file, without its ending.
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) cases: Vec<Case>,
}

/// Types, and relocations that meet them. Each case becomes a vector in each byte order.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) rule: &'static str,
    pub(super) about: String,
    /// Types in C, as `btf_from_c` reads it.
    pub(super) local: String,
    pub(super) target: String,
    pub(super) modules: Vec<String>,
    pub(super) relocations: Vec<Relocation>,
    /// Whether the code ends with the last relocation's instruction, without an `exit`.
    pub(super) ends_early: bool,
    /// Whether the target has the other byte order.
    pub(super) is_mixed: bool,
}

/// A relocation with its instruction.
#[derive(Debug, Clone)]
pub(super) struct Relocation {
    pub(super) kind: Kind,
    /// The root type: a name, or an id in brackets.
    pub(super) root: String,
    pub(super) access: String,
    pub(super) insn: Insn,
    /// The offset of the record, where it is not that of the instruction.
    pub(super) insn_off: Option<u32>,
    pub(super) expected: Expected,
    /// The instruction and outcome in big-endian code, where they are others.
    pub(super) big: Option<(Insn, Expected)>,
    /// Why libbpf's outcome is not the expected one.
    pub(super) unlike_libbpf: Option<&'static str>,
    /// Whether libbpf cannot be called with it, because libbpf would read out of bounds.
    pub(super) crashes_libbpf: bool,
}

/// An outcome, written by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// The instruction receives the value.
    Value(u64),
    Poisoned,
    Error,
}
pub(super) use Expected::{Error, Poisoned, Value};

/// A case with one relocation or more. The rule is added by [`rule`].
pub(super) fn case(
    name: impl Into<String>,
    about: impl Into<String>,
    (local, target): (&str, &str),
    relocations: impl Into<Vec<Relocation>>,
) -> Case {
    Case {
        name: name.into(),
        rule: "",
        about: about.into(),
        local: local.into(),
        target: target.into(),
        modules: Vec::new(),
        relocations: relocations.into(),
        ends_early: false,
        is_mixed: false,
    }
}

/// A relocation. What it asks about is a root type, a space, and an access string.
pub(super) fn relocation(kind: Kind, subject: &str, insn: Insn, expected: Expected) -> Relocation {
    let (root, access) = subject.split_once(' ').expect("a root type and an access string");
    let (root, access) = (root.into(), access.into());
    Relocation {
        kind,
        root,
        access,
        insn,
        insn_off: None,
        expected,
        big: None,
        unlike_libbpf: None,
        crashes_libbpf: false,
    }
}

/// Adds the name of the rule that the cases test.
pub(super) fn rule(
    rule: &'static str,
    cases: impl IntoIterator<Item = Case>,
) -> impl Iterator<Item = Case> {
    cases.into_iter().map(move |case| Case { rule, ..case })
}

impl Case {
    pub(super) fn with_modules(self, modules: &[&str]) -> Self {
        Self { modules: modules.iter().map(|&module| module.into()).collect(), ..self }
    }

    /// Leaves out the `exit` after the last relocation's instruction.
    pub(super) fn ending_early(self) -> Self {
        Self { ends_early: true, ..self }
    }

    /// Gives the target the other byte order.
    pub(super) fn mixed(self) -> Self {
        Self { is_mixed: true, ..self }
    }
}

impl Relocation {
    /// Gives the record an offset that is not the instruction's.
    pub(super) fn at(self, insn_off: u32) -> Self {
        Self { insn_off: Some(insn_off), ..self }
    }

    /// Gives big-endian code another instruction and outcome.
    pub(super) fn in_big_endian(self, insn: Insn, expected: Expected) -> Self {
        Self { big: Some((insn, expected)), ..self }
    }

    /// States why libbpf's outcome is not the expected one.
    pub(super) fn unlike_libbpf(self, why: &'static str) -> Self {
        Self { unlike_libbpf: Some(why), ..self }
    }

    /// Does not call libbpf.
    pub(super) fn crashing_libbpf(self, why: &'static str) -> Self {
        Self { crashes_libbpf: true, ..self.unlike_libbpf(why) }
    }
}
