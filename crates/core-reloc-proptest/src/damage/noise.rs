//! Bytes that no encoder wrote.

use btf_types::{
    ByteOrder,
    raw::{MAGIC, VERSION},
};
use proptest::{collection::vec, prelude::*};

use super::apply::{HEADER, encode_u16, encode_u32};

/// Generates arbitrary bytes, and arbitrary bytes after a valid header, which exercise the code
/// that runs once the header has been accepted.
///
/// ```
/// use btf_types::Btf;
/// use core_reloc_proptest::noise;
/// use proptest::prelude::*;
///
/// # proptest!(|(bytes in noise())| {
/// if let Ok(btf) = Btf::parse(&bytes) {
///     let _ = btf.validate(); // An error is fine, a panic is not.
/// }
/// # });
/// ```
pub fn noise() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || vec(any::<u8>(), 0..512);
    let words = vec(prop_oneof![0..32_u32, any::<u32>()], 0..128);
    prop_oneof![
        1 => bytes(),
        2 => (orders(), bytes(), bytes()).prop_map(|(order, types, strings)| {
            with_header(order, &types, &strings)
        }),
        // Small numbers look like ids, offsets and kinds.
        3 => (orders(), words, bytes()).prop_map(|(order, words, strings)| {
            let types = words.into_iter().flat_map(|value| encode_u32(value, order));
            with_header(order, &types.collect::<Vec<u8>>(), &strings)
        }),
    ]
}

fn orders() -> impl Strategy<Value = ByteOrder> {
    prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)]
}

/// Puts a header in front of the sections that it describes.
fn with_header(order: ByteOrder, types: &[u8], strings: &[u8]) -> Vec<u8> {
    let len = |number: usize| encode_u32(u32::try_from(number).unwrap_or(u32::MAX), order);
    let header = [
        &encode_u16(MAGIC, order)[..],
        &[VERSION, 0],
        &len(HEADER),
        &len(0),
        &len(types.len()),
        &len(types.len()),
        &len(strings.len() + 2),
    ];
    [&header.concat(), types, b"\0", strings, b"\0"].concat()
}
