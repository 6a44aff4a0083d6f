//! The types that explanations look at, so that a caller can extract only these from each kernel.

use btf_types::Kind;

use super::search::{LikeOwner, LikeRoot};

/// Types that an explanation looks at, besides the candidates of its relocation and what these contain:
/// [`Explainer::scopes`](super::Explainer::scopes).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// The types that the candidates of a root type, and the types in them, point to, with their members.
    Pointees {
        /// The name of the root type.
        root: Vec<u8>,
    },
    /// All types with a name like that of a root type, which the target lacks. Nothing but their names matters.
    LikeRoot {
        /// The kind of the root type.
        kind: Kind,
        /// Its name.
        name: Vec<u8>,
        /// The kind and the name of the tagged type that it stands for, if it is a typedef.
        tag: Option<(Kind, Vec<u8>)>,
    },
    /// The structs and unions with a name like that of one that lacks a member, with the types in them.
    LikeOwner {
        /// The name of the one that lacks it, in the object.
        name: Vec<u8>,
    },
}

impl Scope {
    /// Returns the names that it looks at. [`Pointees`](Self::Pointees) has none: its types are found by reference.
    pub fn names(&self) -> ScopeNames<'_> {
        ScopeNames(match self {
            Self::Pointees { .. } => Names::None,
            Self::LikeRoot { kind, name, tag } => {
                Names::LikeRoot(LikeRoot::new(*kind, name, tag.as_ref()))
            }
            Self::LikeOwner { name } => Names::LikeOwner(LikeOwner::new(name)),
        })
    }
}

/// The names of types that a [`Scope`] looks at.
#[derive(Debug)]
pub struct ScopeNames<'s>(Names<'s>);

#[derive(Debug)]
enum Names<'s> {
    None,
    LikeRoot(LikeRoot<'s>),
    LikeOwner(LikeOwner<'s>),
}

impl ScopeNames<'_> {
    /// Returns `true` if a type of this kind and name is looked at.
    pub fn includes(&self, kind: Kind, name: &[u8]) -> bool {
        match &self.0 {
            Names::None => false,
            Names::LikeRoot(like) => like.includes(kind, name),
            Names::LikeOwner(like) => like.includes(kind, name),
        }
    }
}
