//! Stores of kernels.

use btf_store::{Reach, Selection, Store, Writer};
use btf_types::{Btf, ByteOrder};

use super::walk::printed;

/// Reads the bytes as a store as they are, and again with all checksums made right, without which damage would
/// only ever be found by them.
///
/// # Panics
/// Panics if the library is wrong.
pub(super) fn store(bytes: &[u8]) {
    read(bytes);
    let mut sealed = bytes.to_vec();
    if seal(&mut sealed).is_some() {
        read(&sealed);
    }
}

fn read(bytes: &[u8]) {
    let store = match Store::open(bytes) {
        Ok(store) => store,
        Err(error) => return assert!(printed(format_args!("{error} {error:?}")) > 0),
    };
    // A hostile store may state any number of kernels, and each may be all of the file.
    let selection = Selection::new().types(["task_struct", "a", "s"]).functions(["f"]);
    for kernel in store.kernels().take(4) {
        let Ok(kernel) = kernel else { continue };
        assert!(printed(format_args!("{:?}", kernel.info())) > 0);
        match kernel.extract() {
            Ok(extracted) => {
                let btf = Btf::parse(extracted.as_bytes()).expect("extracted BTF is well-formed");
                assert_eq!(btf.byte_order(), kernel.byte_order());
                for module in kernel.modules().unwrap_or_default().iter().take(4) {
                    assert!(module.name().len() <= bytes.len() * 64);
                    if let Ok(module) = extracted.module(module) {
                        Btf::parse_split(&module, &btf).expect("extracted BTF is well-formed");
                    }
                }
            }
            Err(error) => assert!(printed(format_args!("{error} {error:?}")) > 0),
        }
        for reach in [Reach::Relocations, Reach::All] {
            if let Ok(extracted) = kernel.extract_selected(&selection.clone().reach(reach)) {
                Btf::parse(extracted.as_bytes()).expect("extracted BTF is well-formed");
            }
        }
    }
    if store.len() <= 64 {
        for group in store.groups(&selection).unwrap_or_default() {
            assert!(!group.kernels().is_empty());
        }
        let mut writer = Writer::new();
        if writer.add_store(&store).is_ok() {
            let again = writer.finish().expect("it is no larger");
            assert_eq!(Store::open(&again).map(|again| again.len()), Ok(store.len()));
        }
    }
}

/// Makes the checksums right, by the description of the format. `None` if there are no such places.
fn seal(bytes: &mut [u8]) -> Option<()> {
    const CHECKSUM: usize = 172;
    let word = |bytes: &[u8], at: usize| {
        let word = bytes.get(at..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*word)).ok()
    };
    for section in 0..5 {
        let (count, directory) = (word(bytes, 20 + section * 12)?, word(bytes, 24 + section * 12)?);
        for entry in (0..count.min(1000)).map_while(|page| directory.checked_add(page * 20)) {
            let (Some(start), Some(stored)) = (word(bytes, entry + 4), word(bytes, entry + 8))
            else {
                continue;
            };
            let (Some(numbers), Some(page)) =
                (bytes.get(entry..entry + 16), bytes.get(start..start.saturating_add(stored)))
            else {
                continue;
            };
            let sum = crc(numbers.iter().chain(page));
            bytes.get_mut(entry + 16..entry + 20)?.copy_from_slice(&sum.to_le_bytes());
        }
    }
    let len = u32::try_from(bytes.len()).ok()?;
    bytes.get_mut(12..16)?.copy_from_slice(&len.to_le_bytes());
    let sum = crc(bytes.get(..CHECKSUM)?);
    bytes.get_mut(CHECKSUM..CHECKSUM + 4)?.copy_from_slice(&sum.to_le_bytes());
    Some(())
}

/// CRC-32 as in zlib.
fn crc<'b>(bytes: impl IntoIterator<Item = &'b u8>) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
        }
    }
    !crc
}

/// Returns a store with one kernel, packed if its types are many; an empty store if its types cannot be stored.
pub(super) fn of_kernel(btf: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    if let Ok(btf) = Btf::parse(btf) {
        let info = btf_store::Info { release: "hostile", ..btf_store::Info::default() };
        let _ = writer.add(info, &btf, &[]);
        if btf.byte_order() == ByteOrder::Big {
            return writer.finish_packed().expect("a small store");
        }
    }
    writer.finish().expect("a small store")
}
