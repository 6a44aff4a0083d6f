//! Rules for the public interface, checked in its listings (`docs/api`, by `cargo xtask api`).

use std::{fs, path::Path};

/// The published crates, each with the other crates whose types may occur in its interface.
const CRATES: [(&str, &[&str]); 8] = [
    ("btf-store", &["btf_types"]),
    ("btf-types", &[]),
    ("core-reloc", &["btf_types"]),
    ("core-reloc-proptest", &["btf_types", "core_reloc", "proptest"]),
    ("core-reloc-sys", &["btf_types"]),
    ("core-reloc-targets", &["btf_store", "btf_types", "core_reloc_sys"]),
    ("core-reloc-tools", &["btf_types", "core_reloc"]),
    ("core-reloc-cli", &["btf_types", "core_reloc", "core_reloc_sys"]),
];

fn listing(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/api/{name}.txt"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the roots of the paths in a line: `a` of `a::b::c`.
fn path_roots(line: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut roots = Vec::new();
    for (at, _) in line.match_indices("::") {
        let start = line[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + 1);
        // What follows a `::`, or the `>` of `<A as B>`, is not a root.
        if start < at && !line[..start].ends_with("::") {
            roots.push(&line[start..at]);
        }
    }
    roots
}

#[test]
fn the_root_is_the_first_part_of_a_path() {
    let line = "pub fn a::T<'a>::f(&self, b::C) -> core::option::Option<<d::E as f::G>::H>";
    assert_eq!(path_roots(line), ["a", "b", "core", "d", "f"]);
}

#[test]
fn no_other_crate_is_in_the_interface() {
    for (name, others) in CRATES {
        let own = name.replace('-', "_");
        for line in listing(name).lines() {
            for root in path_roots(line) {
                let is_allowed = match root {
                    "core" | "alloc" | "std" => true,
                    // Type parameters and `Self`.
                    _ if root.starts_with(char::is_uppercase) => true,
                    _ => root == own || others.contains(&root),
                };
                assert!(is_allowed, "{name}: `{root}` is another crate: {line}");
            }
        }
    }
}

#[test]
fn all_types_are_send_and_all_but_two_iterators_are_sync() {
    // They read archives through a `dyn Read`, which is only `Send`.
    let iterators = ["Kernels", "Targets"];
    for (name, _) in CRATES {
        for line in listing(name).lines().filter(|line| line.contains(" !core::marker::")) {
            let is_allowed = line.contains("!core::marker::Sync")
                && iterators.iter().any(|iterator| line.ends_with(&format!("::{iterator}")));
            assert!(is_allowed, "{name}: {line}");
        }
    }
}

/// Returns the attributes and names of the types in a listing.
fn definitions(listing: &str) -> impl Iterator<Item = (&str, &str)> {
    listing.lines().filter_map(|line| {
        let keywords = ["pub struct ", "pub enum "];
        let (at, keyword) = keywords.iter().find_map(|word| Some((line.find(word)?, *word)))?;
        let rest = &line[at + keyword.len()..];
        let end = rest.find(['<', '(', ' ']).unwrap_or(rest.len());
        Some((&line[..at], &rest[..end]))
    })
}

/// Returns `true` if a type implements a trait, according to the listing.
fn has(listing: &str, name: &str, interface: &str) -> bool {
    listing.lines().any(|line| {
        line.starts_with("impl")
            && line.contains(interface)
            && line.split_once(" for ").is_some_and(|(_, of)| {
                of.strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['<', ' ']))
            })
    })
}

#[test]
fn errors_are_non_exhaustive() {
    // It only counts the outcomes of the relocations.
    let complete = ["core_reloc::elf::Failed"];
    let mut errors = 0;
    for (crate_name, _) in CRATES {
        let listing = listing(crate_name);
        for (attributes, name) in definitions(&listing) {
            if has(&listing, name, "core::error::Error") && !complete.contains(&name) {
                assert!(attributes.contains("non_exhaustive"), "{name}");
                errors += 1;
            }
        }
    }
    assert!(errors > 10, "{errors} errors");
}

/// A getter has the name of what it returns; `get` and `get_mut` look up an entry.
#[test]
fn no_name_begins_with_get() {
    for (name, _) in CRATES {
        let listing = listing(name).replace("::get_mut(", "");
        assert!(!listing.contains("::get_"), "{name}");
    }
}

mod traits {
    use std::{error::Error, fmt, hash::Hash};

    use btf_types::{build, ext};
    use core_reloc::elf;
    use core_reloc_tools::explain;

    /// Plain values.
    fn value<T: Copy + fmt::Debug + Eq + Hash + Send + Sync + 'static>() {}

    /// Types that borrow the input.
    fn view<T: Copy + fmt::Debug + Send + Sync>() {}

    /// Errors that can be sent to other threads and compared.
    fn error<T: Error + Clone + Eq + Send + Sync + 'static>() {}

    /// Errors with an `io::Error`, which can neither be cloned nor compared.
    fn error_of_io<T: Error + Send + Sync + 'static>() {}

    fn shared<T: fmt::Debug + Send + Sync>() {}

    fn shown<T: fmt::Display>() {}

    #[test]
    fn types_implement_the_expected_traits() {
        value::<btf_types::TypeId>();
        value::<btf_types::StrOffset>();
        value::<btf_types::Kind>();
        value::<btf_types::KindSet>();
        value::<btf_types::Info>();
        value::<btf_types::IntEncoding>();
        value::<btf_types::ByteOrder>();
        value::<btf_types::PointerSize>();
        value::<btf_types::Array>();
        value::<ext::CoreReloc>();
        value::<core_reloc::RelocKind>();
        value::<core_reloc::Candidate>();
        value::<core_reloc::resolve::Change>();
        value::<core_reloc::Code>();
        value::<core_reloc::Options>();
        value::<core_reloc::functions::Shifts>();
        value::<core_reloc::Status>();
        value::<elf::Counts>();
        value::<explain::Problem>();

        view::<btf_types::Name<'_>>();
        view::<btf_types::Type<'_>>();
        view::<btf_types::Member<'_>>();
        view::<btf_types::Entries<'_, btf_types::Member<'_>>>();
        view::<btf_types::BtfExt<'_>>();
        view::<core_reloc::Module<'_>>();
        view::<elf::ObjectRelocation<'_>>();

        error::<btf_types::Error>();
        error::<build::Error>();
        error::<core_reloc::AccessError>();
        error::<core_reloc::Error>();
        error::<core_reloc::Cause>();
        error::<core_reloc::PatchError>();
        error::<core_reloc::generate::GenerateError>();
        error::<core_reloc_tools::query::QueryError>();
        error::<elf::ObjectError>();
        error::<elf::Failed>();
        error_of_io::<core_reloc_sys::FileError>();
        error_of_io::<core_reloc_sys::NotFound>();
        error_of_io::<core_reloc_targets::TargetError>();

        shared::<btf_types::Btf<'_>>();
        shared::<build::Builder<'_>>();
        shared::<core_reloc::Target<'_>>();
        shared::<core_reloc::Relocator<'_>>();
        shared::<elf::Object<'_>>();
        shared::<core_reloc_sys::BtfFile>();

        shown::<btf_types::TypeId>();
        shown::<btf_types::Kind>();
        shown::<btf_types::Name<'_>>();
        shown::<core_reloc::AccessPath>();
        shown::<core_reloc::RelocKind>();
        shown::<core_reloc::Code>();
        shown::<elf::Report<'_>>();
        shown::<core_reloc_sys::SupportReport>();
    }
}
