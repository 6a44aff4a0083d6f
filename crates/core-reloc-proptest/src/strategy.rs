//! Custom strategies: random choices, and values that shrink as a whole.
//!
//! All strategies of this crate are built from two parts, which tests can use for values of their
//! own: a function that makes a value from [`Random`] choices, and an implementation of [`Shrink`].
//! [`generated`] combines them into a strategy.
//!
//! A value that refers to the types of a graph follows them while the graph shrinks:
//! [`Graph::reduced`](crate::types::Graph::reduced) and
//! [`Evolution::reduced`](crate::evolve::Evolution::reduced) return where each type has moved to.
//!
//! ```
//! use btf_types::{Btf, TypeId};
//! use core_reloc_proptest::{
//!     Profile,
//!     strategy::{Shrink, generated},
//!     types::{Graph, GraphCut},
//! };
//! use proptest::prelude::*;
//!
//! /// A graph, and one of its types.
//! #[derive(Debug, Clone)]
//! struct Chosen {
//!     graph: Graph,
//!     id: TypeId,
//! }
//!
//! impl Shrink for Chosen {
//!     type Cut = GraphCut;
//!
//!     fn cuts(&self) -> Vec<GraphCut> {
//!         self.graph.cuts()
//!     }
//!
//!     fn cut(&self, cut: &GraphCut) -> Option<Self> {
//!         let (graph, renumbering) = self.graph.reduced(cut)?;
//!         Some(Self { graph, id: renumbering.id(self.id)? })
//!     }
//! }
//!
//! let strategy = generated(|random| {
//!     let graph = Graph::generate(&Profile::object(), random);
//!     let ids: Vec<TypeId> = graph.iter().map(|(id, _)| id).collect();
//!     let id = *random.pick(&ids).unwrap();
//!     Chosen { graph, id }
//! });
//! proptest!(|(chosen in strategy)| {
//!     let bytes = chosen.graph.to_bytes().unwrap();
//!     let btf = Btf::parse(&bytes).unwrap();
//!     prop_assert!(btf.type_by_id(chosen.id).is_ok());
//! });
//! ```

mod random;
mod shrink;

pub use self::{
    random::Random,
    shrink::{Generated, Shrink, ShrinkTree, chunks, generated},
};
