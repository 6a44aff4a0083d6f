//! Proptest strategies for code that reads BTF or relocates BPF programs: type graphs, the changes
//! that later kernels made to them, damaged BTF, and programs with CO-RE relocations.
//!
//! | strategy | values |
//! | --- | --- |
//! | [`graph()`] | a [`Graph`]: well-formed types, and their BTF |
//! | [`evolution()`] | an [`Evolution`]: a program's types, and the edits that lead to a kernel's |
//! | [`damaged()`] | [`Damaged`] BTF: well-formed except for one [`Damage`](damage::Damage) |
//! | [`noise()`] | arbitrary bytes, with and without a valid header |
//! | [`case()`] | a [`Case`]: a program with relocations, and the kernel to relocate it for |
//!
//! A [`Profile`] or [`CaseProfile`] sets how many types, edits and relocations there are, and of
//! which kinds. The values are plain data that tests can print, change and write again; the modules
//! [`types`], [`evolve`], [`damage`] and [`relocations`] define what they consist of. [`strategy`]
//! is for strategies of your own.
//!
//! # Example
//! ```
//! use btf_types::Btf;
//! use core_reloc_proptest::{Profile, graph};
//! use proptest::prelude::*;
//!
//! proptest!(|(graph in graph(Profile::default().split(false)))| {
//!     let bytes = graph.to_bytes().unwrap();
//!     let btf = Btf::parse(&bytes).unwrap();
//!     for (id, ty) in graph.iter() {
//!         prop_assert_eq!(btf.type_by_id(id).unwrap().kind(), ty.kind());
//!     }
//! });
//! ```
//! To make a property a test of its own, write it as a function:
//! ```
//! use core_reloc_proptest::{Profile, evolution};
//! use proptest::prelude::*;
//!
//! proptest! {
//!     // #[test]
//!     fn kernels_keep_the_byte_order(evolution in evolution(Profile::object())) {
//!         prop_assert_eq!(evolution.evolve().main.byte_order, evolution.local.byte_order);
//!     }
//! }
//! # kernels_keep_the_byte_order();
//! ```
//!
//! # Shrinking
//! A failure shrinks to the few types that cause it, usually within a few hundred steps. Types are
//! removed first, in large groups and then one by one, together with the members that have them;
//! then members, edits, typedefs and modifiers, bitfields, lengths and values. Ids and indices stay
//! consistent throughout.
//!
//! In this example a tool assumes that each member starts where the previous one ends. Out of up to
//! 24 types, proptest leaves one struct with a gap and the types of its two members:
//! ```
//! use btf_types::{Btf, Kind};
//! use core_reloc_proptest::{Profile, graph};
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
//! # Guide
//! [Testing with the strategies](core_reloc::_guide::testing), and the [other chapters](core_reloc::_guide).
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the strategies run in tests, on small graphs that they make themselves"
)]

pub mod damage;
pub mod evolve;
pub mod relocations;
pub mod strategy;
pub mod types;

use proptest::{
    arbitrary::Arbitrary,
    strategy::{BoxedStrategy, Strategy},
};

use self::{
    damage::Damaged, evolve::Evolution, relocations::Case, strategy::generated, types::Graph,
};
pub use self::{damage::noise::noise, relocations::profile::CaseProfile, types::profile::Profile};

/// Generates well-formed type graphs.
///
/// Well-formed means that a compiler or pahole could have written them: sizes and offsets follow
/// the rules of C (see [`Layout`](types::Layout)), types contained by value are complete, and
/// member names within a struct are distinct, including those of anonymous members.
///
/// Some graphs are split on a base, unless [`Profile::split`] turns that off. They are written in
/// two parts:
/// ```
/// use btf_types::Btf;
/// use core_reloc_proptest::{Profile, graph};
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
    generated(move |random| Graph::generate(&profile, random))
}

/// The strategy is [`graph()`], for `any` and for functions in `proptest!` that name a type.
///
/// ```
/// use core_reloc_proptest::types::Graph;
/// use proptest::prelude::*;
///
/// proptest!(|(graph: Graph)| prop_assert!(graph.layout().is_ok()));
/// ```
impl Arbitrary for Graph {
    type Parameters = Profile;
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with(profile: Profile) -> Self::Strategy {
        graph(profile).boxed()
    }
}

/// Generates local types together with the edits that a later kernel made to them.
///
/// ```
/// use btf_types::Btf;
/// use core_reloc_proptest::{Profile, evolution};
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
    generated(move |random| Evolution::generate(&profile, random))
}

/// Generates BTF that is well-formed except for one fact.
///
/// [`Damage::detection`](damage::Damage::detection) returns which function must reject it.
/// ```
/// use btf_types::Btf;
/// use core_reloc_proptest::{Profile, damage::Detection, damaged};
/// use proptest::prelude::*;
///
/// # proptest!(|(damaged in damaged(Profile::default().split(false)))| {
/// let bytes = damaged.to_bytes().unwrap();
/// match damaged.damage.detection() {
///     Detection::Parse => assert!(Btf::parse(&bytes).is_err()),
///     Detection::Validate => assert!(Btf::parse(&bytes).unwrap().validate().is_err()),
///     Detection::NotGuaranteed => {}
/// }
/// # });
/// ```
pub fn damaged(profile: Profile) -> impl Strategy<Value = Damaged> + Clone {
    generated(move |random| Damaged::generate(&profile, random))
}

/// Generates programs with relocations of all kinds, each with a kernel to relocate it for.
///
/// ```
/// use btf_types::{Btf, PointerSize};
/// use core_reloc::{Relocation, Relocator, Target};
/// use core_reloc_proptest::{CaseProfile, case};
/// use proptest::prelude::*;
///
/// # proptest!(|(case in case(CaseProfile::default()))| {
/// let input = case.write().unwrap();
/// let local = Btf::parse(&input.local).unwrap().with_pointer_size(PointerSize::Eight);
/// let kernel = Btf::parse(&input.main).unwrap();
/// let target = Target::new(&kernel);
/// let mut relocator = Relocator::new(&local, &target);
/// let mut code = input.code.clone();
/// for record in &input.records {
///     let result = Relocation::from_record(&local, record)
///         .map(|relocation| relocator.relocate(&mut code, &relocation));
///     // Compare `result` with that of the loader under test.
/// }
/// # });
/// ```
pub fn case(profile: CaseProfile) -> impl Strategy<Value = Case> + Clone {
    generated(move |random| Case::generate(&profile, random))
}
