//! Type graphs as plain data: descriptions of types that refer to each other by id.
//!
//! [`graph()`](crate::graph()) is the strategy. A [`Graph`] is a list of [`TypeDesc`]s. It stores
//! no sizes or offsets: [`Graph::layout`] computes them as a C compiler does, so any change to the
//! descriptions leaves a graph that can be written again. [`Graph::to_bytes`] writes its BTF.
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, Kind};
//! use core_reloc_proptest::types::{
//!     CompositeDesc, CompositeKind, Graph, MemberDesc, Packing, TypeDesc,
//! };
//!
//! let int = |name: &str, size| TypeDesc::Int { name: name.into(), size, flags: 0 };
//! let mut graph = Graph { byte_order: ByteOrder::Little, base_len: 0, types: vec![] };
//! let byte = graph.push(int("unsigned char", 1));
//! let word = graph.push(int("unsigned int", 4));
//! let member = |name: &str, ty| MemberDesc { name: name.into(), ty, bits: None };
//! let task = graph.push(TypeDesc::Composite(CompositeDesc {
//!     kind: CompositeKind::Struct,
//!     name: "task".into(),
//!     packing: Packing::Natural,
//!     members: vec![member("state", byte), member("pid", word)],
//! }));
//! assert_eq!(graph.layout()?.offsets(task), [0, 32]);
//!
//! let bytes = graph.to_bytes()?;
//! let btf = Btf::parse(&bytes)?;
//! assert_eq!(btf.find("task", Kind::Struct).unwrap().size()?, 8);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod desc;
pub(crate) mod error;
pub(crate) mod generate;
pub(crate) mod graph;
pub(crate) mod layout;
pub(crate) mod profile;
pub(crate) mod reduce;
mod write;

pub use self::{
    desc::{
        CompositeDesc, CompositeKind, EnumDesc, EnumeratorDesc, LocDesc, MemberDesc, Modifier,
        Packing, ParamDesc, ProtoDesc, TypeDesc,
    },
    error::GraphError,
    graph::Graph,
    layout::Layout,
    reduce::{GraphCut, Renumbering},
};
