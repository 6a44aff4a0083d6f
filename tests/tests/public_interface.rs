//! What the recorded listings of the public interface (`docs/api`, by `cargo xtask api`) must show,
//! whatever else they do.

use std::{fs, path::Path};

/// The published crates, each with those whose types may stand in its interface beside the standard
/// library's and its own.
const CRATES: [(&str, &[&str]); 7] = [
    ("btf-types", &[]),
    ("core-reloc", &["btf_types"]),
    ("core-reloc-proptest", &["btf_types", "core_reloc", "proptest"]),
    ("core-reloc-sys", &["btf_types"]),
    ("core-reloc-targets", &["btf_types", "core_reloc_sys"]),
    ("core-reloc-tools", &["btf_types", "core_reloc"]),
    ("core-reloc-cli", &["btf_types", "core_reloc", "core_reloc_sys"]),
];

fn listing(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/api/{name}.txt"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first parts of the paths in a line: of `a::b::c` the `a`.
fn path_roots(line: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut roots = Vec::new();
    for (at, _) in line.match_indices("::") {
        let start = line[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + 1);
        // What begins behind a `::`, or behind the `>` of a `<A as B>`, is not a root.
        if start < at && !line[..start].ends_with("::") {
            roots.push(&line[start..at]);
        }
    }
    roots
}

#[test]
fn roots_are_where_paths_begin() {
    let line = "pub fn a::T<'a>::f(&self, b::C) -> core::option::Option<<d::E as f::G>::H>";
    assert_eq!(path_roots(line), ["a", "b", "core", "d", "f"]);
}

/// The raw records implement traits of zerocopy.
#[test]
fn no_other_crate_is_in_the_interface_by_accident() {
    for (name, others) in CRATES {
        let own = name.replace('-', "_");
        for line in listing(name).lines() {
            for root in path_roots(line) {
                let is_meant = match root {
                    "core" | "alloc" | "std" => true,
                    "zerocopy" => line.contains(" btf_types::raw::"),
                    // Type parameters and `Self`.
                    _ if root.starts_with(char::is_uppercase) => true,
                    _ => root == own || others.contains(&root),
                };
                assert!(is_meant, "{name}: `{root}` is another crate: {line}");
            }
        }
    }
}

#[test]
fn everything_can_be_sent_and_all_but_iterators_shared() {
    // They read archives through a `dyn Read`, which need only be `Send`.
    let iterators = ["Kernels", "Targets"];
    for (name, _) in CRATES {
        for line in listing(name).lines().filter(|line| line.contains(" !core::marker::")) {
            let may = line.contains("!core::marker::Sync")
                && iterators.iter().any(|iterator| line.ends_with(&format!("::{iterator}")));
            assert!(may, "{name}: {line}");
        }
    }
}

/// The types that a listing defines: attributes, and the name.
fn definitions(listing: &str) -> impl Iterator<Item = (&str, &str)> {
    listing.lines().filter_map(|line| {
        let keywords = ["pub struct ", "pub enum "];
        let (at, keyword) = keywords.iter().find_map(|word| Some((line.find(word)?, *word)))?;
        let rest = &line[at + keyword.len()..];
        let end = rest.find(['<', '(', ' ']).unwrap_or(rest.len());
        Some((&line[..at], &rest[..end]))
    })
}

/// Whether the listing says that a type has a trait.
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
fn errors_leave_room_to_grow() {
    // It counts what became of the relocations, and has no cause of its own.
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

/// Getters are called as what they get; `get` and `get_mut` look something up.
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

    /// What borrows from bytes that somebody else holds.
    fn view<T: Copy + fmt::Debug + Send + Sync>() {}

    /// Goes to other threads, and can be compared in tests and printed.
    fn error<T: Error + Clone + Eq + Send + Sync + 'static>() {}

    /// The same with an `io::Error` in it, which can neither be cloned nor compared.
    fn error_of_io<T: Error + Send + Sync + 'static>() {}

    fn shared<T: fmt::Debug + Send + Sync>() {}

    fn shown<T: fmt::Display>() {}

    #[test]
    fn types_have_the_traits_that_are_expected() {
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
