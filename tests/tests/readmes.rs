//! Each crate's README agrees with its documentation and its manifest. `src/lib.rs` compiles and runs the
//! examples.

use std::{fs, path::Path};

const CRATES: [&str; 8] = [
    "btf-store",
    "btf-types",
    "core-reloc",
    "core-reloc-proptest",
    "core-reloc-sys",
    "core-reloc-targets",
    "core-reloc-tools",
    "core-reloc-cli",
];

/// Returns the libraries: their READMEs repeat their documentation.
fn libraries() -> impl Iterator<Item = &'static str> {
    CRATES.into_iter().filter(|name| *name != "core-reloc-cli")
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn readme(name: &str) -> String {
    read(&format!("crates/{name}/README.md"))
}

fn manifest(name: &str) -> String {
    read(&format!("crates/{name}/Cargo.toml"))
}

/// Returns the documentation of a crate.
fn documentation(name: &str) -> String {
    let source = read(&format!("crates/{name}/src/lib.rs"));
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
}

/// Returns the blocks of Rust code, without whitespace, since one text may indent code that the other does
/// not.
fn examples(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2);
    let code = blocks.filter_map(|block| {
        let (language, code) = block.split_once('\n')?;
        matches!(language, "" | "rust").then_some(code)
    });
    let line =
        |line: &str| line.strip_prefix("# ").unwrap_or(line).split_whitespace().collect::<String>();
    code.map(|code| code.lines().map(line).collect()).collect()
}

fn paragraphs(text: &str) -> impl Iterator<Item = String> {
    let words = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    text.split("\n\n").map(words)
}

/// Returns the names of a manifest's features.
fn features(manifest: &str) -> Vec<&str> {
    let section = manifest.split_once("[features]\n").map_or("", |(_, section)| section);
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names =
        lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" ="));
    names.map(|(name, _)| name).filter(|name| *name != "default").collect()
}

#[test]
fn readmes_start_as_the_documentation_does() {
    for name in libraries() {
        let (readme, documentation) = (readme(name), documentation(name));
        // The first paragraph of the README is its title.
        assert_eq!(paragraphs(&readme).nth(1), paragraphs(&documentation).next(), "{name}");
    }
}

#[test]
fn examples_are_those_of_the_documentation() {
    for name in libraries() {
        let documented = examples(&documentation(name));
        let shown = examples(&readme(name));
        assert!(!shown.is_empty(), "{name}");
        for example in shown {
            assert!(documented.contains(&example), "{name}: {example}\nis not in {documented:#?}");
        }
    }
}

/// README and documentation list the features in the order of the manifest.
#[test]
fn features_are_documented() {
    for name in CRATES {
        let (readme, documentation, manifest) = (readme(name), documentation(name), manifest(name));
        let features = features(&manifest);
        let rows = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        assert_eq!(
            rows.map(|(feature, _)| feature).collect::<Vec<_>>(),
            features,
            "{name}: README"
        );
        let items =
            documentation.lines().filter_map(|line| line.strip_prefix("- `")?.split_once("`:"));
        assert_eq!(items.map(|(feature, _)| feature).collect::<Vec<_>>(), features, "{name}: docs");
    }
}

/// Each README is complete by itself: it is all that a registry shows. Examples are run by `src/lib.rs`, and those
/// of the program by its tests of documents.
#[test]
fn readmes_are_complete() {
    for name in CRATES {
        let readme = readme(name);
        let section = |heading: &str| {
            let (_, rest) = readme.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| {
                panic!("{name} has no section {heading}");
            });
            rest.split("\n## ").next().unwrap().to_string()
        };
        assert!(readme.contains("\n```rust\n") || readme.contains("\n```console\n"), "{name}");
        let is_no_std = documentation_is_no_std(name);
        assert_eq!(section("Requirements").contains("`no_std`"), is_no_std, "{name}");
        assert!(is_no_std || section("Requirements").contains("std") || name == "core-reloc-cli");
        assert!(
            section("Limits").lines().filter(|line| line.starts_with("- ")).count() >= 2,
            "{name}"
        );
        assert!(section("License").contains("Apache-2.0 or MIT"), "{name}");
        let has_features = !features(&manifest(name)).is_empty();
        assert_eq!(has_features, !readme.contains("It has no features."), "{name}");
        let include = manifest(name);
        let include = include.lines().find(|line| line.starts_with("include = ")).unwrap();
        assert!(include.contains("\"/README.md\"") && include.contains("\"/LICENSE-*\""), "{name}");
    }
}

fn documentation_is_no_std(name: &str) -> bool {
    let source = read(&format!("crates/{name}/src/lib.rs"));
    source.contains("#![no_std]") || source.contains(", no_std)]")
}

#[test]
fn the_workspaces_readme_lists_the_features() {
    let readme = read("README.md");
    for name in CRATES {
        for feature in features(&manifest(name)) {
            let row = format!("| `{name}` | `{feature}` |");
            assert!(readme.contains(&row), "the README has no row {row}");
        }
    }
}

#[test]
fn the_minimum_rust_version_is_the_manifests() {
    let workspace = read("Cargo.toml");
    let version = workspace.lines().find_map(|line| line.strip_prefix("rust-version = "));
    let sentence = format!("Rust {} or later", version.unwrap().trim_matches('"'));
    for name in CRATES {
        assert!(readme(name).contains(&sentence), "{name}: {sentence}");
    }
    assert!(read("README.md").contains(&sentence));
}

#[test]
fn packages_have_descriptions_and_licenses() {
    for name in CRATES {
        let manifest = manifest(name);
        for key in ["description = \"", "keywords = [\"", "categories = [\"", "include = [\""] {
            assert!(manifest.lines().any(|line| line.starts_with(key)), "{name} has no {key}");
        }
        for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
            assert_eq!(read(&format!("crates/{name}/{license}")), read(license), "{name}");
        }
    }
}

/// Returns the paths in backticks that start with a folder of the repository.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let folders = ["crates/", "docs/", "fixtures/", "tests/", "xtask/", "bench/"];
    quoted.filter(move |path| folders.iter().any(|folder| path.starts_with(folder)))
}

#[test]
fn files_that_the_documents_name_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in ["CONTRIBUTING.md", "ARCHITECTURE.md", "docs/api-guidelines.md"] {
        let text = read(name);
        for path in paths(&text).filter(|path| !path.contains(['*', '{', '…'])) {
            assert!(root.join(path).exists(), "{name} names {path}, which does not exist");
        }
    }
    assert!(paths(&read("CONTRIBUTING.md")).count() > 20);
}

/// The README has the number of dependencies of each crate, as in the recorded listings.
#[test]
fn the_readme_has_the_number_of_dependencies() {
    let readme = read("README.md");
    for name in ["btf-types", "core-reloc", "core-reloc-sys", "core-reloc-targets"] {
        let listing = read(&format!("docs/dependencies/{name}.txt"));
        let counts = listing.lines().find_map(|line| line.strip_prefix("# no feature: "));
        let counts = counts.unwrap_or_else(|| panic!("{name} has no counts"));
        let numbers = counts.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
        let numbers: Vec<&str> = numbers.collect();
        let row = format!("| `{name}` | {} | {} |", numbers[0], numbers[1]);
        assert!(readme.contains(&row), "the README has no row {row}");
    }
}

/// Returns the cells of the table row that starts with a text.
fn cells<'t>(text: &'t str, start: &str) -> Vec<&'t str> {
    let line = text.lines().find(|line| line.starts_with(start));
    let line = line.unwrap_or_else(|| panic!("no row starts with {start}"));
    line.trim_matches('|').split('|').map(str::trim).collect()
}

#[test]
fn the_readme_has_the_results_of_the_bench() {
    let (readme, bench) = (read("README.md"), read("docs/bench.md"));
    for (in_readme, in_bench) in [
        ("| a real object of 53", "| (a)"),
        ("| a generated object of 3,000", "| (b)"),
        ("| a generated object of 25,000", "| (c)"),
        ("| the last again", "| (d)"),
    ] {
        let [_, ours, libbpf, _, aya, _] = cells(&bench, in_bench)[..] else {
            panic!("{in_bench}")
        };
        assert_eq!(cells(&readme, in_readme)[1..], [ours, libbpf, aya], "{in_readme}");
    }
    for (in_readme, in_bench) in [
        ("| 20 fields", "| (h) 20 fields"),
        ("| 20 enumerators", "| (i) 20 enumerators"),
        ("| 20 functions", "| (j) 20 functions"),
    ] {
        let [_, ours, libbpf, ..] = cells(&bench, in_bench)[..] else { panic!("{in_bench}") };
        assert_eq!(cells(&readme, in_readme)[1..], [ours, libbpf], "{in_readme}");
    }
    let kept = *cells(&bench, "| core-reloc | ").last().unwrap();
    assert!(readme.contains(&format!("{kept} besides the mapped file")), "{kept}");
}
