//! The tables of cases, a file for each group of rules.

mod access;
mod bitfields;
mod byte_orders;
mod candidates;
mod compatible;
mod enumerators;
mod field_compatible;
mod fields;
mod kinds;
mod matching;
mod modules;
mod names;
mod patch;
mod types;

use super::case::Group;

/// Returns all groups, in the order in which a new implementation best meets them.
pub(super) fn groups() -> Vec<Group> {
    vec![
        kinds::group(),
        names::group(),
        access::group(),
        fields::group(),
        bitfields::group(),
        types::group(),
        enumerators::group(),
        candidates::group(),
        modules::group(),
        field_compatible::group(),
        compatible::group(),
        matching::group(),
        patch::group(),
        byte_orders::group(),
    ]
}

/// A target that has none of the types that the cases ask about.
const UNRELATED: &str = "struct unrelated { int x; };";

/// A declaration in which `$` stands for the declared name, with the declared name between two texts.
/// What the declaration needs first, up to the last `; `, stays in front.
fn declaration(declaration: &str, name: &str, before: &str, after: &str) -> String {
    let (first, declaration) = match declaration.rsplit_once("; ") {
        Some((first, declaration)) if !declaration.contains('}') => {
            (format!("{first}; "), declaration)
        }
        _ => (String::new(), declaration),
    };
    format!("{first}{before}{}{after};", declaration.replace('$', name))
}
