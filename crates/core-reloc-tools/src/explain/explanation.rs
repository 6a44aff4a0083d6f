//! Explanations: the problem, the reason, and what to compare and to try.

use core_reloc::spec::Mismatch;

use super::{comparison::Comparison, suggestion::Suggestion};

/// The explanation of a relocation that does not have the value that the program expects.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The problem.
    pub problem: Problem,
    /// The reason, as text.
    pub reason: String,
    /// The definitions that conflict.
    pub comparisons: Vec<Comparison>,
    /// Ways to fix the program, the most likely first.
    pub suggestions: Vec<Suggestion>,
}

impl Explanation {
    /// Creates an explanation without comparisons and suggestions.
    pub(super) fn new(problem: Problem, reason: String) -> Self {
        Self { problem, reason, comparisons: Vec::new(), suggestions: Vec::new() }
    }
}

/// Why a relocation cannot be resolved as the program expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// The target has no type with the root type's name and kind.
    TypeMissing,
    /// The type has no such field.
    FieldMissing,
    /// The enum has no such enumerator.
    EnumeratorMissing,
    /// The field has an incompatible type.
    FieldIncompatible,
    /// The program indexes a type that is not an array, or uses an enumerator of a type that is not an
    /// enum.
    WrongKind,
    /// The array has too few elements.
    ArrayTooShort,
    /// The types are not compatible, or do not match.
    TypesDiffer,
    /// Several candidates match, and they give different values.
    Ambiguous,
    /// The field has another size, and the load or store cannot be adapted to it.
    SizeChange,
    /// The relocation or the instruction is invalid.
    Invalid,
}

impl Problem {
    /// Returns the name in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TypeMissing => "type_missing",
            Self::FieldMissing => "field_missing",
            Self::EnumeratorMissing => "enumerator_missing",
            Self::FieldIncompatible => "field_incompatible",
            Self::WrongKind => "wrong_kind",
            Self::ArrayTooShort => "array_too_short",
            Self::TypesDiffer => "types_differ",
            Self::Ambiguous => "ambiguous",
            Self::SizeChange => "size_change",
            Self::Invalid => "invalid",
        }
    }

    /// Returns the problem that ruled a candidate out.
    pub(super) fn of(mismatch: Mismatch) -> Self {
        match mismatch {
            Mismatch::NoMember { .. } => Self::FieldMissing,
            Mismatch::Incompatible { .. } => Self::FieldIncompatible,
            Mismatch::NotAnArray { .. } | Mismatch::NotAnEnum { .. } => Self::WrongKind,
            Mismatch::TooShort { .. } => Self::ArrayTooShort,
            Mismatch::NoEnumerator => Self::EnumeratorMissing,
            Mismatch::TypesIncompatible | Mismatch::TypesDiffer => Self::TypesDiffer,
            _ => Self::Invalid,
        }
    }
}
