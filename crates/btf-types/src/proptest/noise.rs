//! Bytes that nobody wrote as BTF.

use std::vec::Vec;

use proptest::{collection::vec, prelude::*};
use zerocopy::IntoBytes;

use crate::{
    ByteOrder,
    raw::{self, MAGIC, U16, U32, VERSION},
};

/// Raw noise: any bytes, and any bytes behind a header that fits them, which is where a reader that
/// trusts its input comes to harm.
pub fn noise() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || vec(any::<u8>(), 0..512);
    let words = vec(prop_oneof![0..32_u32, any::<u32>()], 0..128);
    prop_oneof![
        1 => bytes(),
        2 => (orders(), bytes(), bytes()).prop_map(|(order, types, strings)| {
            behind_header(order, &types, &strings)
        }),
        // Small numbers look like ids, offsets and kinds.
        3 => (orders(), words, bytes()).prop_map(|(order, words, strings)| {
            let types: Vec<U32> = words.into_iter().map(|word| U32::new(word, order)).collect();
            behind_header(order, types.as_bytes(), &strings)
        }),
    ]
}

fn orders() -> impl Strategy<Value = ByteOrder> {
    prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)]
}

/// A header, and what it says is behind it.
fn behind_header(order: ByteOrder, types: &[u8], strings: &[u8]) -> Vec<u8> {
    let word = |number: usize| U32::new(u32::try_from(number).unwrap_or(u32::MAX), order);
    let preamble = raw::Preamble {
        magic: U16::new(MAGIC, order),
        version: VERSION,
        flags: 0,
        hdr_len: word(size_of::<raw::Preamble>() + size_of::<raw::HeaderSections>()),
    };
    let sections = raw::HeaderSections {
        type_off: word(0),
        type_len: word(types.len()),
        str_off: word(types.len()),
        str_len: word(strings.len() + 2),
    };
    [preamble.as_bytes(), sections.as_bytes(), types, b"\0", strings, b"\0"].concat()
}
