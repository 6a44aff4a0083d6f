//! Strategies for [proptest]: relocations over generated types, with the instructions that a
//! compiler would have written for them, and a kernel that the types changed in.
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
