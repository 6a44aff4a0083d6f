//! Strategies for [proptest]: programs with relocations of all kinds over generated types, with the
//! instructions that a compiler would have written for them, and kernels in which the types changed.
//!
//! [`case()`] makes a [`Case`]: the [`Evolution`](btf_types::proptest::Evolution) of the program's
//! types into a kernel's and its modules', and relocations. Their access paths are valid: through
//! anonymous members, arrays, bitfields and flexible arrays, from `p` or `p[n]`. Several ask about
//! the same root type, so that candidates narrow. Edits and duplicates gather around what is asked
//! for. A [`CaseProfile`] says how much of everything there is, and how many relocations have a
//! [`Flaw`], something that no compiler would have written.
//!
//! [`Case::write`] gives the bytes. The values in the instructions come from the described types
//! ([`original_value`]), not from what relocates.
//!
//! # Example
//! ```
//! use btf_types::{Btf, PointerSize};
//! use core_reloc::{
//!     Relocation, Relocator, Target,
//!     proptest::{CaseProfile, case},
//! };
//! use proptest::prelude::*;
//!
//! # proptest!(|(case in case(CaseProfile::default()))| {
//! let object = case.write().unwrap();
//! let local = Btf::parse(&object.local).unwrap().with_pointer_size(PointerSize::Eight);
//! let kernel = Btf::parse(&object.main).unwrap();
//! let target = Target::new(&kernel);
//! let mut relocator = Relocator::new(&local, &target);
//! let mut code = object.code.clone();
//! for (record, relocation) in object.records.iter().zip(&case.relocations) {
//!     let result = Relocation::from_record(&local, record)
//!         .map(|relocation| relocator.relocate(&mut code, &relocation));
//!     // A loader can be asked the same, and has to give the same.
//! }
//! # });
//! ```
//!
//! # Shrinking
//! A failing case shrinks to the relocation that it is about, the edits that make it fail, and the
//! types that both need. Here a loader believes that fields never move:
//! ```
//! use btf_types::{Btf, PointerSize};
//! use core_reloc::{
//!     Relocation, Relocator, Target,
//!     proptest::{Case, CaseProfile, case},
//! };
//! use proptest::{
//!     prelude::*,
//!     test_runner::{TestError, TestRunner},
//! };
//!
//! fn moves(case: &Case) -> bool {
//!     let object = case.write().unwrap();
//!     let local = Btf::parse(&object.local).unwrap().with_pointer_size(PointerSize::Eight);
//!     let kernel = Btf::parse(&object.main).unwrap();
//!     let target = Target::new(&kernel);
//!     let mut relocator = Relocator::new(&local, &target);
//!     object.records.iter().any(|record| {
//!         let relocation = Relocation::from_record(&local, record).unwrap();
//!         let resolution = relocator.resolve(&relocation);
//!         let change = resolution.ok().and_then(|resolution| resolution.change);
//!         record.kind == 0 && change.is_some_and(|change| change.original != change.value)
//!     })
//! }
//!
//! # let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
//! # let rng = proptest::test_runner::TestRng::deterministic_rng(Default::default());
//! # let mut runner = TestRunner::new_with_rng(config, rng);
//! # /*
//! let mut runner = TestRunner::default();
//! # */
//! let result = runner.run(&case(CaseProfile::default().flaws(0)), |case| {
//!     prop_assert!(!moves(&case));
//!     Ok(())
//! });
//! let Err(TestError::Fail(_, smallest)) = result else { panic!("some field moves") };
//! assert_eq!(smallest.relocations.len(), 1);
//! assert!(smallest.evolution.edits.len() <= 2);
//! assert!(smallest.evolution.local.types.len() <= 4);
//! ```
//!
//! [proptest]: ::proptest

mod case;
mod generate;
mod insn;
mod object;
mod original;
mod walk;

use ::proptest::strategy::Strategy;
use btf_types::proptest::generated;

pub use self::{
    case::{Case, CaseCut, Flaw, RelocDesc},
    generate::CaseProfile,
    insn::InsnForm,
    object::{CaseError, Object},
    original::original_value,
    walk::{Walked, walk},
};

/// Programs with relocations of all kinds, each with a target.
pub fn case(profile: CaseProfile) -> impl Strategy<Value = Case> + Clone {
    generated(move |dice| Case::generate(&profile, dice))
}
