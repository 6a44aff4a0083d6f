//! The three tests of types: field-compatible, compatible, and match.
//!
//! | test | asked by | looks at |
//! | --- | --- | --- |
//! | [`fields_are_compatible`] | field-based kinds, of each named field | kinds |
//! | [`types_are_compatible`] | type_exists, type_size, type_id_target | kinds, at every level |
//! | [`types_match`] | type_matches | names, sizes, members and enumerators, at every level |

mod compatible;
pub(crate) mod field;
mod matching;
mod names;

pub(crate) use self::{
    compatible::types_are_compatible, field::fields_are_compatible, matching::types_match,
    names::Sides,
};
