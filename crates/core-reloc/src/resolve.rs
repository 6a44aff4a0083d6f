//! Resolving: the decision about a relocation on a target, as a plain value.

mod extension;
mod options;
pub(crate) mod question;
mod resolution;
mod unmatched;
pub(crate) mod value;

pub use self::{
    extension::Extension,
    options::{OnUnresolved, Options},
    resolution::{Change, Resize, Resolution},
    unmatched::{RuledOut, RuledOutIter, Unmatched},
};
