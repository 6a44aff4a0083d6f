//! Explains why a relocation has no value on a target, and suggests how to fix the program.
//!
//! An [`Explainer`] starts from what a [`Relocator`](core_reloc::Relocator) decided. It inspects the
//! types again and searches the target for what was most likely meant. Both take a bounded number of
//! steps, for one relocation and for all relocations of an object; see [`limits`](crate::limits).
//!
//! ```
//! use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
//! use core_reloc::{RelocKind, Relocator, Target, generate::field_relocation};
//! use core_reloc_tools::explain::{Explainer, Problem};
//!
//! fn task(member: &str) -> Result<Vec<u8>, btf_types::build::Error> {
//!     let mut btf = Builder::new(ByteOrder::Little);
//!     let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
//!     btf.structure("task", 4).member(member, int, 0).finish();
//!     btf.finish()
//! }
//!
//! let (object, kernel) = (task("state")?, task("__state")?);
//! let (local, kernel) = (Btf::parse(&object)?, Btf::parse(&kernel)?);
//! let target = Target::new(&kernel);
//! let relocation = field_relocation(&local, 0, "task", "state", RelocKind::FieldByteOffset)?;
//!
//! let resolution = Relocator::new(&local, &target).resolve(&relocation)?;
//! let unmatched = resolution.unmatched.ok_or("the target has the member")?;
//! let explanation = Explainer::new(&local, &target).unmatched(&relocation, &unmatched);
//! assert_eq!(explanation.problem, Problem::FieldMissing);
//! assert_eq!(
//!     explanation.suggestions[0].text,
//!     "`struct task` has a member with a similar name: `__state`",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod comparison;
mod distinct;
mod explainer;
mod explanation;
mod flavor;
mod known;
mod narrowed;
mod scope;
mod search;
pub(crate) mod spelling;
mod subject;
mod suggestion;

pub use self::{
    comparison::{Comparison, Row},
    explainer::Explainer,
    explanation::{Explanation, Problem},
    scope::{Scope, ScopeNames},
    suggestion::{Suggestion, SuggestionKind},
};
