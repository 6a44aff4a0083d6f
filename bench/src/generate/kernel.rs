//! Copies of a kernel's types, with other names.

use btf_types::{Btf, TypeId, build::Builder};

use crate::Result;

/// Returns BTF with the types of a kernel `times` times. The first copy is unchanged; each further copy
/// rotates the letters of all names, so that few of them become equal. The types are sorted by name,
/// anonymous types first, as since Linux 7.
///
/// # Errors
/// The BTF cannot be read or written.
///
/// # Panics
/// Panics if there are more copies than letters.
pub fn repeated(kernel: &[u8], times: u8) -> Result<Vec<u8>> {
    assert!(times <= 26, "the alphabet has 26 letters");
    let original = Btf::parse(kernel)?;
    let renamed: Vec<Vec<u8>> = (0..times).map(|copy| renamed(&original, copy)).collect();
    let copies: Result<Vec<Btf<'_>>> = renamed.iter().map(|bytes| Ok(Btf::parse(bytes)?)).collect();
    let copies = copies?;

    let mut types = Vec::new();
    for (number, copy) in copies.iter().enumerate() {
        for ty in copy.own_types() {
            types.push((ty.name()?, number, ty));
        }
    }
    types.sort_by_key(|(name, ..)| *name);
    // The new ids of all types, by the index of the copy and the old id.
    let mut ids = vec![vec![TypeId::VOID; original.len() + 1]; copies.len()];
    for (new, (_, number, ty)) in (1..).zip(&types) {
        ids[*number][ty.id().0 as usize] = TypeId(new);
    }
    let mut builder = Builder::new(original.byte_order());
    for (_, number, ty) in types {
        builder.copy(ty, |id| ids[number][id.0 as usize]);
    }
    Ok(builder.finish()?)
}

/// Returns BTF with rotated letters in all strings.
fn renamed(btf: &Btf<'_>, copy: u8) -> Vec<u8> {
    let mut bytes = btf.as_bytes().to_vec();
    for byte in &mut bytes[btf.header().strings()] {
        *byte = rotated(*byte, copy);
    }
    bytes
}

/// Rotates a letter; other bytes stay unchanged.
fn rotated(byte: u8, places: u8) -> u8 {
    let rotate = |first: u8| first + (byte - first + places) % 26;
    match byte {
        b'a'..=b'z' => rotate(b'a'),
        b'A'..=b'Z' => rotate(b'A'),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::made_up;

    #[test]
    fn repeated_kernels_are_valid_and_sorted() {
        let kernel = made_up::kernel(500).unwrap();
        let bytes = repeated(&kernel, 3).unwrap();
        let btf = Btf::parse(&bytes).unwrap();
        btf.validate().unwrap();
        assert_eq!(btf.len(), 1_500);
        assert!(btf.own_types().is_sorted_by_key(|ty| ty.name().unwrap()));
        let int = |name: &str| btf.find_all(name, btf_types::Kind::Int).count();
        assert_eq!([int("int"), int("jou"), int("kpv"), int("lqw")], [1, 1, 1, 0]);
    }
}
