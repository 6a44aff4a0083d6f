//! Suggestions: ways to make a relocation resolve.

/// A way to make a relocation resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suggestion {
    /// The kind of the suggestion.
    pub kind: SuggestionKind,
    /// The suggestion, as text.
    pub text: String,
    /// The member or enumerator of the target's type that it is about. A member is a path: `id.pid`,
    /// `signal->oom_score`.
    pub member: Option<String>,
    /// Code for the program.
    pub code: Option<String>,
}

/// The kind of a suggestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SuggestionKind {
    /// A member or enumerator with a similar name, or a compatible member at the same offset.
    SimilarName,
    /// The member is in a nested struct, or in a struct that a member points to.
    Elsewhere,
    /// The member is in a struct with another name.
    OtherType,
    /// A type with a similar name, or of another kind.
    SimilarType,
    /// A module may define the type.
    Module,
    /// Another way to access the field.
    Access,
}

impl Suggestion {
    /// Creates a suggestion that consists of its text.
    pub(super) fn new(kind: SuggestionKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), member: None, code: None }
    }
}

impl SuggestionKind {
    /// Returns the name in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            Self::SimilarName => "similar_name",
            Self::Elsewhere => "elsewhere",
            Self::OtherType => "other_type",
            Self::SimilarType => "similar_type",
            Self::Module => "module",
            Self::Access => "access",
        }
    }
}
