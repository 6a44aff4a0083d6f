//! Split BTF on a distilled base, and the kernel that it is relocated onto.

use btf_types::{Btf, Kind, distilled::Error};

use super::walk::printed;

/// Reads the bytes as a distilled base, split BTF on it, and a kernel. The first eight bytes are the lengths of
/// the former two, in little endian.
///
/// # Panics
/// Panics if the library is wrong.
pub(super) fn distilled(bytes: &[u8]) {
    let Some((len, rest)) = bytes.split_first_chunk::<4>() else { return };
    let Some((split_len, rest)) = rest.split_first_chunk::<4>() else { return };
    let len = u32::from_le_bytes(*len) as usize;
    let split_len = u32::from_le_bytes(*split_len) as usize;
    let Some((base, rest)) = rest.split_at_checked(len) else { return };
    let Some((split, kernel)) = rest.split_at_checked(split_len) else { return };
    let (Ok(base), Ok(kernel)) = (Btf::parse(base), Btf::parse(kernel)) else { return };
    let Ok(split) = Btf::parse_split(split, &base) else { return };
    let relocated = match split.relocate_onto(&kernel) {
        Ok(relocated) => relocated,
        Err(error) => {
            assert!(!matches!(error, Error::NoBase));
            return assert!(printed(format_args!("{error} {error:?}")) > 0);
        }
    };
    assert_eq!(relocated.len(), split.as_bytes().len());
    let relocated = Btf::parse_split(&relocated, &kernel).expect("it was well-formed before");
    assert_eq!(relocated.own_types().len(), split.own_types().len());
    for (before, after) in split.own_types().zip(relocated.own_types()) {
        assert_eq!(before.info(), after.info());
        assert_eq!(before.name(), after.name());
        for (one, other) in before.members().iter().zip(after.members()) {
            assert_eq!(one.name(), other.name());
            assert_eq!(one.bit_offset(), other.bit_offset());
        }
        let (Ok(Some(from)), Ok(Some(to))) = (before.referenced(), after.referenced()) else {
            continue;
        };
        assert_eq!(from.name(), to.name());
        // An ENUM may become an ENUM64, and a declaration a type.
        let same = from.kind() == to.kind();
        assert!(
            same || from.kind() == Kind::Enum || from.kind() == Kind::Fwd || to.kind() == Kind::Fwd
        );
    }
}
