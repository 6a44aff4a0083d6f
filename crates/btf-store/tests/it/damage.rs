//! Damaged and hostile stores: every bit, every length, and pages whose checksums are right.

use std::sync::LazyLock;

use btf_store::{Error, Reach, Section, Selection, Store, Writer};
use btf_types::Btf;
use proptest::{prelude::*, sample::Index};

use crate::{
    bytes::{pages, seal, seal_header},
    described::{kernels, stores},
};

/// Reads everything that a store has. Returns the first error.
fn read(bytes: &[u8]) -> Result<usize, Error> {
    let store = Store::open(bytes)?;
    let mut len = 0;
    let mut first = Ok(());
    let mut note = |result: Result<usize, Error>| match result {
        Ok(more) => len += more,
        Err(error) => {
            assert!(error.to_string().len() < 10_000);
            if first.is_ok() {
                first = Err(error);
            }
        }
    };
    // A hostile store may state many.
    for kernel in store.kernels().take(64) {
        let Ok(kernel) = kernel.map_err(|error| note(Err(error))) else { continue };
        match kernel.extract() {
            Ok(extracted) => {
                let modules = kernel.modules().unwrap_or_default();
                note(modules.iter().map(|module| Ok(extracted.module(module)?.len())).sum());
                let btf = Btf::parse(extracted.as_bytes()).expect("extracted BTF is well-formed");
                note(btf.validate().map(|()| 1).map_err(Error::from));
            }
            Err(error) => note(Err(error)),
        }
    }
    for reach in [Reach::Relocations, Reach::All] {
        let selection = Selection::new().types(["task", "mm"]).functions(["wake"]).reach(reach);
        match store.groups(&selection) {
            Ok(groups) => {
                note(groups.iter().map(|group| Ok(group.extract(&store)?.as_bytes().len())).sum());
            }
            Err(error) => note(Err(error)),
        }
    }
    match Writer::new().add_store(&store) {
        Ok(()) => {}
        Err(btf_store::WriteError::Store(error)) => note(Err(error)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    first.map(|()| len)
}

#[test]
fn every_changed_byte_is_noticed() {
    for bytes in stores(&kernels()) {
        read(&bytes).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            read(&changed).expect_err("a checksum");
        }
    }
}

#[test]
fn every_length_but_one_is_an_error() {
    for bytes in stores(&kernels()) {
        for len in 0..bytes.len() {
            Store::open(&bytes[..len]).map(drop).expect_err("its length is in the header");
        }
        let longer = [&bytes[..], &[0]].concat();
        Store::open(&longer).map(drop).expect_err("its length is in the header");
    }
}

#[test]
fn errors_say_where() {
    let [bytes, packed] = stores(&kernels());
    let strings = pages(&bytes)[0];
    let mut changed = bytes.clone();
    changed[strings.start + 4] ^= 1;
    let error = read(&changed).unwrap_err();
    assert!(
        matches!(error, Error::BadChecksum { section: Section::Strings, page: 0, .. }),
        "{error}"
    );
    let mut changed = packed.clone();
    let page = pages(&packed)[2];
    assert!(!page.is_plain);
    changed[page.start] = 0xff;
    seal(&mut changed, page);
    let message = read(&changed).unwrap_err().to_string();
    assert_eq!(message, "definitions, page 0: its LZMA properties are unknown");
}

/// A page may not claim that it unpacks to more than 64 times its length.
#[test]
fn pages_cannot_ask_for_much_memory() {
    let [_, packed] = stores(&kernels());
    let page = pages(&packed)[2];
    let mut changed = packed.clone();
    let stored = (page.end - page.start) as u32;
    changed[page.entry + 12..page.entry + 16].copy_from_slice(&(stored * 64 + 1).to_le_bytes());
    seal(&mut changed, page);
    let message = read(&changed).unwrap_err().to_string();
    assert_eq!(message, "definitions, page 0: its length after unpacking is out of range");
}

static PLAIN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let [plain, _] = stores(&kernels());
    plain
});

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) }
}

proptest! {
    #![proptest_config(config())]

    /// Anything may be wrong in a page, and the checksum right all the same.
    #[test]
    fn pages_with_right_checksums_and_wrong_contents(
        changes in proptest::collection::vec((any::<Index>(), any::<Index>(), any::<u8>()), 1..4)
    ) {
        let mut bytes = PLAIN.clone();
        for (page, at, value) in changes {
            let page = *page.get(&pages(&bytes));
            let at = page.start + at.index(page.end - page.start);
            bytes[at] = value;
            seal(&mut bytes, page);
        }
        let _ = read(&bytes);
    }

    /// The same for the header and the directories.
    #[test]
    fn headers_with_right_checksums_and_wrong_contents(
        changes in proptest::collection::vec((any::<Index>(), any::<Index>(), 0_u8..8, any::<u8>()), 1..4)
    ) {
        let original = &*PLAIN;
        let mut bytes = original.clone();
        for (page, at, what, value) in changes {
            let page = *page.get(&pages(original));
            if what < 4 {
                bytes[16 + at.index(156)] = value;
            } else {
                bytes[page.entry + at.index(16)] = value;
            }
            if page.start < page.end && page.end <= bytes.len() {
                seal(&mut bytes, page);
            }
        }
        seal_header(&mut bytes);
        let _ = read(&bytes);
    }
}
