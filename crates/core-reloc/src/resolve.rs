//! Resolving: the decision about a relocation on a target, as a plain value.

mod extension;
mod narrowing;
mod options;
pub(crate) mod question;
mod resolution;
mod unmatched;
pub(crate) mod value;

pub use self::{
    extension::Extension,
    narrowing::Narrowing,
    options::{OnUnresolved, Options},
    resolution::{Change, Resize, Resolution},
    unmatched::{RuledOut, RuledOutIter, Unmatched},
};
