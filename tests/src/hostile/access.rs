//! Access strings, and paths of member names.

use std::sync::LazyLock;

use btf_types::{Btf, ByteOrder, IntEncoding, TypeId, build::Builder};
use core_reloc::{
    AccessError, AccessPath, RelocKind, Target, access_in_c, essential_name,
    functions::parse_access_string,
    generate::{enumerator_relocation, field_relocation, local_value, type_relocation},
    limits::MAX_PATH_LEN,
};
use core_reloc_tools::query::{Answer, query, query_types, similar_names};

use super::walk::printed;

/// Reads the bytes as an access string, as a name, and as a root type and a path on two lines.
///
/// # Panics
/// Panics if the library is wrong.
pub(super) fn access(bytes: &[u8]) {
    let parsed = AccessPath::parse(bytes);
    assert_eq!(parsed.as_ref().ok().map(|path| path.to_vec()), numbers(bytes), "{parsed:?}");
    match parsed {
        Ok(path) => {
            let text = path.to_string();
            assert_eq!(parse_access_string(&text), Ok(path.clone()));
            assert_eq!(AccessPath::new(&path), Ok(path));
        }
        Err(error) => {
            assert!(printed(format_args!("{error}")) > 0);
            if let AccessError::Empty { at } | AccessError::Unexpected { at, .. } = error {
                assert!(at <= bytes.len());
            }
        }
    }
    indices(bytes);
    let essential = essential_name(bytes);
    assert!(bytes.starts_with(essential) && essential.is_empty() == bytes.is_empty());
    if let Ok(text) = str::from_utf8(bytes) {
        let (root, path) = text.split_once('\n').unwrap_or(("box", text));
        generate(root, path);
        ask(text);
    }
}

/// Parses an access string independently of the library.
fn numbers(bytes: &[u8]) -> Option<Vec<u32>> {
    let parts: Vec<&[u8]> = bytes.split(|byte| *byte == b':').collect();
    let number = |part: &&[u8]| {
        let digits = !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        let significant = part.iter().position(|digit| *digit != b'0').unwrap_or(part.len());
        let text = str::from_utf8(&part[significant..]).ok().filter(|_| digits)?;
        if text.is_empty() { Some(0) } else { text.parse::<i32>().ok().map(i32::cast_unsigned) }
    };
    if parts.len() > MAX_PATH_LEN { None } else { parts.iter().map(number).collect() }
}

/// Takes the bytes as indices.
fn indices(bytes: &[u8]) {
    let indices: Vec<u32> =
        bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let allowed = !indices.is_empty()
        && indices.len() <= MAX_PATH_LEN
        && indices.iter().all(|index| *index <= i32::MAX as u32);
    assert_eq!(AccessPath::new(&indices).is_ok(), allowed);
}

/// Types with everything that a path of member names can lead through.
static TYPES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut btf = Builder::new(ByteOrder::Little);
    let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
    let (row, rows) = (btf.next_id(), TypeId(btf.next_id().0 + 1));
    btf.array(int, int, 3);
    btf.array(row, int, 2);
    let ptr = btf.ptr(TypeId::VOID);
    let side =
        btf.enumeration("side", 4).enumerator("LEFT", 0).enumerator("RIGHT___v2", 7).finish();
    let flexible = btf.array(int, int, 0);
    let inner = btf.union("", 24).member("a", int, 0).member("rows", rows, 0).finish();
    let item = btf.structure("item", 8).member("next", ptr, 0).finish();
    let items = btf.array(item, int, 4);
    let of = btf.structure("box", 80);
    let of = of.bitfield("bits", int, 0, 3).member("side", side, 32).member("", inner, 64);
    let of = of.member("items", items, 256).member("ptr", ptr, 512).member("rest", flexible, 640);
    let of = of.finish();
    btf.typedef("box_t", of);
    btf.redirect(ptr, of);
    btf.finish().expect("valid types")
});

/// Generates relocations from names, and C text from the relocations.
fn generate(root: &str, path: &str) {
    let local = Btf::parse(&TYPES).expect("the builder wrote it");
    for kind in RelocKind::ALL {
        let generated = [
            field_relocation(&local, 8, root, path, kind),
            type_relocation(&local, 8, root, kind),
            enumerator_relocation(&local, 8, root, path, kind),
        ];
        for generated in generated {
            match generated {
                Ok(relocation) => {
                    assert_eq!((relocation.insn_off, relocation.kind), (8, kind));
                    assert!(!access_in_c(&local, &relocation).is_empty());
                    if let Err(error) = local_value(&local, &relocation) {
                        assert!(printed(format_args!("{error} {error:?}")) > 0);
                    }
                }
                Err(error) => assert!(printed(format_args!("{error} {error:?}")) > 0),
            }
        }
    }
    round_trip(&local, root, path);
}

/// Asks for facts about whatever the text names.
fn ask(question: &str) {
    let btf = Btf::parse(&TYPES).expect("the builder wrote it");
    let target = Target::new(&btf);
    let first = query(&target, question);
    match (query_types(&target, &[question]).remove(0), &first) {
        (Ok(answers), Ok(first)) => assert_eq!(answers.first(), Some(first)),
        (Ok(answers), Err(error)) => {
            assert_eq!(answers.first(), None);
            assert_eq!(answers.of_types[0].result.as_ref(), Err(error));
        }
        (Err(error), first) => assert_eq!(first.as_ref(), Err(&error)),
    }
    match first {
        Ok(answer) => {
            let (name, id) = match answer {
                Answer::Type(ty) => (ty.name, ty.id),
                Answer::Field(field) => (field.type_name, field.type_id),
                Answer::Enumerator(enumerator) => (enumerator.type_name, enumerator.type_id),
            };
            assert!(!name.is_empty() && btf.type_by_id(id).is_ok());
        }
        Err(error) => {
            assert!(printed(format_args!("{error} {error:?}")) > 0);
            let similar = similar_names(&target, &error);
            assert!(similar.len() <= 3 && similar.iter().all(|name| !name.is_empty()));
        }
    }
}

/// The C text of a generated path generates the same relocation again.
fn round_trip(local: &Btf<'_>, root: &str, path: &str) {
    let kind = RelocKind::FieldExists;
    let Ok(relocation) = field_relocation(local, 0, root, path, kind) else { return };
    // An index of an empty array that is not the last member is invalid; the text then ends in
    // numbers.
    if local_value(local, &relocation).is_err() {
        return;
    }
    let text = access_in_c(local, &relocation);
    let name = local.type_by_id(relocation.type_id).and_then(|ty| ty.name());
    let path = text.strip_prefix(name.expect("a named root type").to_str().expect("ASCII"));
    let path = path.expect("the text starts with the root");
    let path = path.strip_prefix('.').unwrap_or(path);
    // A path must not be empty, and `box[0]` has the text `box`.
    if !path.is_empty() {
        let again = field_relocation(local, 0, root, path, kind);
        assert_eq!(again.as_ref(), Ok(&relocation), "{path}");
    }
}
