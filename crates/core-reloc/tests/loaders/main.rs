//! What loaders and agents do with the engine: questions to one BTF, instructions of their own, code that
//! was moved, modules that come later, targets that are kept.
#![allow(clippy::pedantic, clippy::restriction, reason = "tests may panic")]

mod errors;
mod finding;
mod instructions;
mod modules;
mod one_btf;
#[cfg(feature = "owned")]
mod owned;

use btf_types::{Btf, ByteOrder, Kind, TypeId};

const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

/// The first struct of a name.
fn id(btf: &Btf<'_>, name: &str) -> TypeId {
    btf.find(name, Kind::Struct).unwrap().id()
}
