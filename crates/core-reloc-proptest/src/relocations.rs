//! Programs with CO-RE relocations over generated types, and kernels in which the types changed.
//!
//! [`case()`](crate::case()) is the strategy. A [`Case`] is the
//! [`Evolution`](crate::evolve::Evolution) of a program's types into those of a kernel and its
//! modules, and the program's relocations with their instructions. [`Case::write`] returns the
//! bytes.
//!
//! Access paths are valid: they lead through anonymous members, arrays, bitfields and flexible
//! arrays, from `p` or `p[n]`. Several relocations have the same root type, so that candidates
//! narrow, and most edits change the types that the relocations ask for.
//! [`CaseProfile`](crate::CaseProfile) sets how many relocations have a [`Flaw`], which no compiler
//! would have written.
//!
//! The values in the instructions come from the described types ([`original_value`]), not from the
//! code under test.
//!
//! # Shrinking
//! A failing case shrinks to the relocation that fails, the edits that make it fail, and the types
//! that both need. In this example a loader assumes that fields never move:
//! ```
//! use btf_types::{Btf, PointerSize};
//! use core_reloc::{Relocation, Relocator, Target};
//! use core_reloc_proptest::{CaseProfile, case, relocations::Case};
//! use proptest::{
//!     prelude::*,
//!     test_runner::{TestError, TestRunner},
//! };
//!
//! fn moves(case: &Case) -> bool {
//!     let input = case.write().unwrap();
//!     let local = Btf::parse(&input.local).unwrap().with_pointer_size(PointerSize::Eight);
//!     let kernel = Btf::parse(&input.main).unwrap();
//!     let target = Target::new(&kernel);
//!     let mut relocator = Relocator::new(&local, &target);
//!     input.records.iter().any(|record| {
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

mod case;
mod generate;
mod input;
mod insn;
mod original;
mod path;
pub(crate) mod profile;

pub use self::{
    case::{Case, CaseCut, Flaw, RelocDesc},
    input::{CaseError, LoaderInput},
    insn::InsnForm,
    original::original_value,
    path::{ResolvedPath, resolve_path},
};
