//! What explanations look at, for those who have many kernels, and of each only the types that an object asks for.

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
    /// Returns what tells by kind and name whether a type is looked at. The types of
    /// [`Pointees`](Self::Pointees) have any names.
    pub fn by_name(&self) -> Box<dyn Fn(Kind, &[u8]) -> bool + '_> {
        match self {
            Self::Pointees { .. } => Box::new(|_, _| false),
            Self::LikeRoot { kind, name, tag } => {
                let like = LikeRoot::new(*kind, name, tag.as_ref());
                Box::new(move |kind, name| like.includes(kind, name))
            }
            Self::LikeOwner { name } => {
                let like = LikeOwner::new(name);
                Box::new(move |kind, name| like.includes(kind, name))
            }
        }
    }
}
