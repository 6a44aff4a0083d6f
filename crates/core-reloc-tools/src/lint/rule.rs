//! The rules.

use std::fmt;

/// A rule that an object breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A program asks whether something exists, and uses it whatever the answer is.
    IdleQuestion,
    /// A program uses something only where it does not exist.
    WrongBranch,
    /// A program uses something without asking for it, although it asks elsewhere.
    UnguardedAccess,
    /// A type or enumerator has more than three underscores where a flavor has three.
    FlavorUnderscores,
    /// The root type of a relocation has no name.
    AnonymousRoot,
    /// An offset does not fit into its instruction.
    CutOffset,
    /// A program reads a struct of the kernel at an offset that no relocation changes.
    UnrecordedRead,
    /// A program reads more bytes than the field has.
    ReadPastField,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 8] = [
        Self::IdleQuestion,
        Self::WrongBranch,
        Self::UnguardedAccess,
        Self::FlavorUnderscores,
        Self::AnonymousRoot,
        Self::CutOffset,
        Self::UnrecordedRead,
        Self::ReadPastField,
    ];

    /// Returns the name, such as `idle-question`.
    pub fn name(self) -> &'static str {
        match self {
            Self::IdleQuestion => "idle-question",
            Self::WrongBranch => "wrong-branch",
            Self::UnguardedAccess => "unguarded-access",
            Self::FlavorUnderscores => "flavor-underscores",
            Self::AnonymousRoot => "anonymous-root",
            Self::CutOffset => "cut-offset",
            Self::UnrecordedRead => "unrecorded-read",
            Self::ReadPastField => "read-past-field",
        }
    }

    /// Returns what is wrong, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::IdleQuestion => {
                "The program asks whether something exists, and uses it whatever the answer is."
            }
            Self::WrongBranch => "The program uses something only where it does not exist.",
            Self::UnguardedAccess => {
                "The program uses something without asking for it, although it asks elsewhere."
            }
            Self::FlavorUnderscores => {
                "The type or enumerator has more than three underscores where a flavor has three."
            }
            Self::AnonymousRoot => "The type that is accessed has no name.",
            Self::CutOffset => "The offset does not fit into its instruction.",
            Self::UnrecordedRead => {
                "The program reads a struct of the kernel at an offset that no relocation changes."
            }
            Self::ReadPastField => "The program reads more bytes than the field has.",
        }
    }

    /// Returns what to do.
    pub fn help(self) -> &'static str {
        match self {
            Self::IdleQuestion => {
                "branch on the answer, and access the field only where it is 1; or do not ask"
            }
            Self::WrongBranch => "access the field where the answer is 1, not where it is 0",
            Self::UnguardedAccess => "move the access into the branch where the answer is 1",
            Self::FlavorUnderscores => {
                "write exactly three underscores before the flavor, as in task_struct___old"
            }
            Self::AnonymousRoot => {
                "give the type the name that it has in the kernel, or access the field through the \
                 struct that contains it"
            }
            Self::CutOffset => {
                "let the access start nearer to the field: a load or store has an offset of at most \
                 32767 bytes"
            }
            Self::UnrecordedRead => {
                "use BPF_CORE_READ, or a type with preserve_access_index, as in vmlinux.h"
            }
            Self::ReadPastField => "read as many bytes as the field has",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
