//! The documents hang together: links lead somewhere, the guide's list of chapters is whole, its code
//! is compiled, and its list of differences is that of the code.

use std::{
    fs,
    path::{Path, PathBuf},
};

use core_reloc_tests::judge::accepted::Accepted;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Markdown files in a folder, and below it if `deep`.
fn markdown(folder: &Path, deep: bool) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && deep {
            files.extend(markdown(&path, deep));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn documents() -> Vec<PathBuf> {
    let root = root();
    let mut documents = markdown(&root, false);
    documents.extend(markdown(&root.join("docs"), true));
    documents.extend(markdown(&root.join("crates"), true));
    documents.extend(markdown(&root.join("fixtures"), false));
    documents
}

/// A document without what is in fences.
fn prose(document: &str) -> String {
    document.split("```").step_by(2).collect()
}

/// The anchors of a document's headings, as they are made of their words.
fn anchors(document: &str) -> Vec<String> {
    let text = prose(document);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        words.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    headings.map(anchor).collect()
}

/// Where the links of a document lead, from `](` to `)`.
fn links(document: &str) -> Vec<String> {
    let text = prose(document);
    let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    links.map(|(link, _)| link.to_string()).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut checked = 0;
    for document in documents() {
        let text = read(&document);
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let path = match file {
                "" => document.clone(),
                file => document.parent().unwrap().join(file),
            };
            let from = document.display();
            assert!(path.exists(), "{from} links to {link}, which is not there");
            if !anchor.is_empty() {
                let anchors = anchors(&read(&path));
                assert!(anchors.iter().any(|have| have == anchor), "{from} links to {link}");
            }
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked} links");
}

#[test]
fn the_guide_lists_its_chapters() {
    let guide = root().join("docs/guide");
    let summary = guide.join("SUMMARY.md");
    let listed: Vec<PathBuf> = links(&read(&summary)).iter().map(|link| guide.join(link)).collect();
    for chapter in markdown(&guide, true) {
        let is_listed = chapter == summary || listed.contains(&chapter);
        assert!(is_listed, "{} is not in the summary", chapter.display());
    }
}

#[test]
fn all_rust_in_the_documents_is_compiled() {
    let compiled = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"));
    for document in documents() {
        if !read(&document).contains("```rust") {
            continue;
        }
        let path = document.strip_prefix(root()).unwrap().display().to_string();
        let included = compiled.contains(&format!("include_str!(\"../../{path}\")"));
        assert!(included, "{path} is to be included in tests/src/lib.rs");
    }
    // Nothing is left out of the compiler's sight.
    for document in markdown(&root().join("docs"), true) {
        let text = read(&document);
        assert!(!text.contains("rust,ignore"), "{}", document.display());
    }
}

#[test]
fn the_guide_has_all_accepted_differences() {
    let chapter = read(&root().join("docs/guide/differences.md"));
    for difference in Accepted::ALL {
        let name = format!("`{}`", difference.name());
        assert!(chapter.contains(&name), "{name} is not in the chapter on differences");
    }
}
