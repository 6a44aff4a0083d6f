//! A kernel's types several times over, under other names.

use btf_types::{Btf, TypeId, build::Builder};

use crate::Result;

/// BTF that holds the types of a BTF `times` times. The first are as they are; in each further copy
/// the letters of all names are others, so that no name is there twice that was not before.
///
/// # Errors
/// BTF that cannot be read or written.
///
/// # Panics
/// For more copies than the alphabet gives.
pub fn repeated(kernel: &[u8], times: u8) -> Result<Vec<u8>> {
    assert!(times <= 26, "the alphabet has 26 letters");
    let strings = Btf::parse(kernel)?.header().strings();
    let mut builder = Builder::new(Btf::parse(kernel)?.byte_order());
    for copy in 0..times {
        let mut bytes = kernel.to_vec();
        for byte in &mut bytes[strings.clone()] {
            *byte = rotated(*byte, copy);
        }
        let btf = Btf::parse(&bytes)?;
        let first = builder.next_id().0;
        for ty in btf.own_types() {
            builder.copy(ty, |id| TypeId(id.0 + first - 1));
        }
    }
    Ok(builder.finish()?)
}

/// The letter that comes so many places later in the alphabet; other bytes stay.
fn rotated(byte: u8, places: u8) -> u8 {
    let rotate = |first: u8| first + (byte - first + places) % 26;
    match byte {
        b'a'..=b'z' => rotate(b'a'),
        b'A'..=b'Z' => rotate(b'A'),
        other => other,
    }
}
