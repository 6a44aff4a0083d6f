//! Strategies for [proptest]: type graphs of every sort, what later kernels make of them, and BTF
//! that is broken in one regard.
//!
//! | strategy | makes |
//! | --- | --- |
//! | [`graph()`] | a [`Graph`]: well-formed types, and the BTF of them |
//! | [`evolution()`] | an [`Evolution`]: local types, and the edits that lead to a target's |
//! | [`damaged()`] | [`Damaged`] BTF: a good one with one [`Damage`] |
//! | [`noise()`] | bytes |
//!
//! Well-formed is what a compiler or pahole could have written: sizes and offsets are those of C
//! (see [`Layout`]), what a type holds by value is complete, names within a struct differ, also
//! through anonymous members. A [`Profile`] says how many types there are, of which kinds, and
//! whether names may occur twice after all.
//!
//! # In a test
//! ```
//! use btf_types::{Btf, proptest::{Profile, graph}};
//! use proptest::prelude::*;
//!
//! proptest! {
//!     // #[test]
//!     fn every_type_is_found_by_its_id(graph in graph(Profile::default().split(false))) {
//!         let bytes = graph.to_bytes().unwrap();
//!         let btf = Btf::parse(&bytes).unwrap();
//!         for (id, ty) in graph.iter() {
//!             prop_assert_eq!(btf.type_by_id(id).unwrap().kind(), ty.kind());
//!         }
//!     }
//! }
//! # every_type_is_found_by_its_id();
//! ```
//!
//! # Descriptions
//! Values are plain data, which a test can print, change and write again: a graph is a list of
//! [`TypeDesc`]s that refer to each other by id, an evolution is a graph and a list of [`Edit`]s. No
//! size or offset is stored in them. So whatever is taken away, the rest stays consistent.
//!
//! # Shrinking
//! A failure shrinks to the few types that it is about, usually in a few hundred steps: types go in
//! large groups first, then one by one, with the members that were of them; then members, edits,
//! typedefs and qualifiers, bitfields, lengths and values. Ids and indices follow.
//!
//! Here a tool takes the end of each member for the start of the next. What remains of up to 24
//! types is one struct with a gap, and the types of its two members:
//! ```
//! use btf_types::{Btf, Kind, proptest::{Profile, graph}};
//! use proptest::{
//!     prelude::*,
//!     test_runner::{TestError, TestRunner},
//! };
//!
//! fn has_gap(bytes: &[u8]) -> btf_types::Result<bool> {
//!     let btf = Btf::parse(bytes)?;
//!     for ty in btf.own_types().filter(|ty| ty.kind() == Kind::Struct) {
//!         let mut end = 0;
//!         for member in ty.members() {
//!             if member.bit_offset() != end {
//!                 return Ok(true);
//!             }
//!             let bits = u32::from(member.bitfield_size());
//!             end += if bits > 0 { bits } else { member.ty()?.size()? * 8 };
//!         }
//!     }
//!     Ok(false)
//! }
//!
//! # let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
//! # let rng = proptest::test_runner::TestRng::deterministic_rng(Default::default());
//! # let mut runner = TestRunner::new_with_rng(config, rng);
//! # /*
//! let mut runner = TestRunner::default();
//! # */
//! let result = runner.run(&graph(Profile::default().split(false)), |graph| {
//!     prop_assert!(!has_gap(&graph.to_bytes().unwrap()).unwrap());
//!     Ok(())
//! });
//! let Err(TestError::Fail(_, smallest)) = result else { panic!("some struct has a gap") };
//! assert!(smallest.types.len() <= 4, "{smallest:#?}");
//! ```
//!
//! # Strategies of one's own
//! [`generated`] makes a strategy of any function of [`Dice`] whose result can [`Shrink`];
//! [`Graph::reduced`] and [`Evolution::reduced`] say where everything went, for values that refer to
//! types. The crate `core-reloc` makes relocations that way.
//!
//! [proptest]: ::proptest

use ::proptest::prelude::*;

mod damage;
mod desc;
mod dice;
mod error;
mod evolve;
mod generate;
mod graph;
mod layout;
mod noise;
mod profile;
mod reduce;
mod shrink;
mod write;

pub use self::{
    damage::{Damage, Damaged, Notice},
    desc::{
        CompositeDesc, CompositeKind, EnumDesc, EnumeratorDesc, MemberDesc, Modifier, Packing,
        ParamDesc, ProtoDesc, TypeDesc,
    },
    dice::Dice,
    error::GraphError,
    evolve::{Change, Edit, Evolution, EvolutionCut, Evolved, Module, NewType, Order, Place},
    graph::Graph,
    layout::Layout,
    noise::noise,
    profile::Profile,
    reduce::{GraphCut, Renumbering, chunks},
    shrink::{Generated, Shrink, ShrinkTree, generated},
};

/// Well-formed graphs of the sort that a profile describes.
///
/// Those that are split on a base are written in two parts:
/// ```
/// use btf_types::{Btf, proptest::{Profile, graph}};
/// use proptest::prelude::*;
///
/// # proptest!(|(graph in graph(Profile::default()))| {
/// let base = graph.base().map(|base| base.to_bytes().unwrap());
/// let base = base.as_deref().map(|base| Btf::parse(base).unwrap());
/// let bytes = graph.to_bytes().unwrap();
/// let btf = match &base {
///     Some(base) => Btf::parse_split(&bytes, base),
///     None => Btf::parse(&bytes),
/// };
/// assert_eq!(btf.unwrap().validate(), Ok(()));
/// # });
/// ```
pub fn graph(profile: Profile) -> impl Strategy<Value = Graph> + Clone {
    generated(move |dice| Graph::generate(&profile, dice))
}

/// Local types with what a later kernel made of them.
///
/// ```
/// use btf_types::{Btf, proptest::{Profile, evolution}};
/// use proptest::prelude::*;
///
/// # proptest!(|(evolution in evolution(Profile::object()))| {
/// let local = evolution.local.to_bytes().unwrap();
/// let (kernel, modules) = evolution.evolve().to_bytes().unwrap();
/// let (local, kernel) = (Btf::parse(&local).unwrap(), Btf::parse(&kernel).unwrap());
/// for module in &modules {
///     let module = Btf::parse_split(module, &kernel).unwrap();
///     // ...
/// }
/// # });
/// ```
pub fn evolution(profile: Profile) -> impl Strategy<Value = Evolution> + Clone {
    generated(move |dice| Evolution::generate(&profile, dice))
}

/// Well-written BTF in which one fact is wrong. [`Damage::notice`] says who must notice.
///
/// ```
/// use btf_types::{Btf, proptest::{Notice, Profile, damaged}};
/// use proptest::prelude::*;
///
/// # proptest!(|(damaged in damaged(Profile::default().split(false)))| {
/// let bytes = damaged.to_bytes().unwrap();
/// match damaged.damage.notice() {
///     Notice::Parse => assert!(Btf::parse(&bytes).is_err()),
///     Notice::Validate => assert!(Btf::parse(&bytes).unwrap().validate().is_err()),
///     Notice::Maybe => {}
/// }
/// # });
/// ```
pub fn damaged(profile: Profile) -> impl Strategy<Value = Damaged> + Clone {
    generated(move |dice| Damaged::generate(&profile, dice))
}

impl Arbitrary for Graph {
    type Parameters = Profile;
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with(profile: Profile) -> Self::Strategy {
        graph(profile).boxed()
    }
}
