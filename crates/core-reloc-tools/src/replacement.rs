//! What may stand for a member that a target's type lacks: one ranked list, for all that suggest.
//!
//! Kernels rename members, move them into a nested struct or behind a pointer, and split them. Which of
//! these happened is not recorded anywhere, so that every member near the missing one is weighed by what
//! speaks for it: its name, its type, and its place between members that both sides have. [`points`] has
//! the weights; `tests/renames.tsv` has the history that they are tested against.
//!
//! A member that the object's own type has as well was there before, and is another quantity.

mod place;
mod points;
mod sameness;
mod search;
mod settle;
mod similarity;
mod words;

use btf_types::Type;

use self::similarity::Similarity;
pub(crate) use self::{sameness::Sameness, search::search};

/// A member that the target's type does not have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lost<'n, 'a> {
    /// Its name, and those of the members that the program goes on to in it: `i_ctime`, `tv_sec`.
    pub(crate) names: &'n [String],
    /// The type of the object that has it; `None` if only the name is known.
    pub(crate) owner: Option<Type<'a>>,
    /// Its type.
    pub(crate) member: Option<Type<'a>>,
    /// The type of what the program reads: of the last member.
    pub(crate) leaf: Option<Type<'a>>,
}

impl Lost<'_, '_> {
    pub(crate) fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }
}

/// A member that may stand for a missing one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replacement<'a> {
    /// The path to it: `__state`, `thread_info.cpu`, `q->disk`.
    pub(crate) path: String,
    /// Its type, as declared.
    pub(crate) ty: Type<'a>,
    /// Its size in bits, if it is a bitfield.
    pub(crate) bits: Option<u8>,
    pub(crate) relation: Relation,
    pub(crate) sameness: Sameness,
    /// How much speaks for it.
    pub(crate) points: u32,
    /// Whether it may as well be another quantity.
    pub(crate) is_in_doubt: bool,
    /// How similar its name is.
    similarity: Option<Similarity>,
    /// Whether the missing name has several words.
    has_words: bool,
    /// Whether one of the names is the other with words before or after it.
    has_word_more: bool,
}

/// What a replacement has in common with the missing member, above all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// It has the name, elsewhere.
    Moved,
    /// It has the name with underscores before it, or a similar one.
    Renamed,
    /// It is where the missing one was, and has its type.
    InPlace,
    /// It is where the missing one was, and many members have its type: it may be another quantity.
    Replaced,
    /// It has the type, or one like it, which few members of the target's type have.
    OfType,
}

impl Replacement<'_> {
    /// Returns `true` if the path is in one object: it follows no pointer.
    pub(crate) fn is_within(&self) -> bool {
        !self.path.contains("->")
    }

    /// Returns `true` if it is a member of the type itself.
    pub(crate) fn is_near(&self) -> bool {
        self.is_within() && !self.path.contains('.')
    }

    /// Returns `true` if it has the missing member's name, but for what comes before names.
    fn has_name(&self) -> bool {
        use Similarity::{Equal, Stripped, Underscored};
        matches!(self.similarity, Some(Equal | Stripped | Underscored))
    }
}
