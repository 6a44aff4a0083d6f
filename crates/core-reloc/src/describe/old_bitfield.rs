//! Bitfields of the deprecated form: an INT with an offset in bits, in a struct without the kind_flag.

use alloc::{format, string::String};

use btf_types::Type;

/// Describes the INT that makes two types incompatible whatever else they are: one with a bit offset, on
/// either side. Returns an empty text if there is none.
pub(super) fn why_old_bitfield(local: Option<Type<'_>>, target: Option<Type<'_>>) -> String {
    let found = [(target, "there"), (local, "here")]
        .into_iter()
        .find_map(|(ty, side)| Some((bit_offset(ty?)?, side)));
    found.map_or_else(String::new, |(bits, side)| {
        format!(
            "; the INT {side} has a bit offset of {bits}, as bitfields had before the kind_flag, and no \
             type is compatible with it"
        )
    })
}

/// Returns the bit offset of an INT, or of the INT that an array consists of, unless it is 0.
fn bit_offset(ty: Type<'_>) -> Option<u8> {
    let ty = ty.innermost_element().ok()?;
    ty.int().map(|int| int.bit_offset()).filter(|bits| *bits != 0)
}
