//! Strategies for [proptest]: type graphs, and what becomes of them.
//!
//! [proptest]: ::proptest

use ::proptest::strategy::Strategy;

mod desc;
mod dice;
mod error;
mod evolve;
mod generate;
mod layout;
mod profile;
mod reduce;
mod shrink;
mod write;

pub use self::{
    desc::{
        CompositeDesc, CompositeKind, EnumDesc, EnumeratorDesc, Graph, MemberDesc, Modifier,
        Packing, ParamDesc, ProtoDesc, TypeDesc,
    },
    dice::Dice,
    error::GraphError,
    evolve::{Change, Edit, Evolution, EvolutionCut, Evolved, Module, NewType, Order, Place},
    layout::Layout,
    profile::Profile,
    reduce::{GraphCut, Renumbering, chunks},
    shrink::{Generated, Shrink, ShrinkTree, generated},
};

/// Well-formed graphs of the sort that a profile describes.
pub fn graph(profile: Profile) -> impl Strategy<Value = Graph> + Clone {
    generated(move |dice| Graph::generate(&profile, dice))
}

/// Local types with what a later kernel made of them.
pub fn evolution(profile: Profile) -> impl Strategy<Value = Evolution> + Clone {
    generated(move |dice| Evolution::generate(&profile, dice))
}
