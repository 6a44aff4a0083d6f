//! Checks the documents: their links, the guide's list of chapters and of differences, and that all of
//! their code is compiled.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use core_reloc_tests::judge::accepted::{Accepted, Judge};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the Markdown files of a folder, and of those within it if `deep`.
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

/// The folder of the guide.
fn guide() -> PathBuf {
    root().join("crates/core-reloc/guide")
}

/// Returns a document without its fenced blocks.
fn prose(document: &str) -> String {
    document.split("```").step_by(2).collect()
}

/// Returns the anchors of a document's headings.
fn anchors(document: &str) -> Vec<String> {
    let text = prose(document);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        words.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    headings.map(anchor).collect()
}

/// Returns the targets of a document's links: those from `](` to `)`, and those of definitions.
fn links(document: &str) -> Vec<String> {
    let text = prose(document);
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let inline = inline.map(|(link, _)| link.to_string());
    inline.chain(definitions(document).into_iter().map(|(_, link)| link)).collect()
}

/// Returns the definitions of links in a document: `[label]: target`, each on a line.
fn definitions(document: &str) -> Vec<(String, String)> {
    let text = prose(document);
    let lines = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    lines.map(|(label, target)| (label.to_string(), target.to_string())).collect()
}

/// Returns the labels that a document uses: `[text][label]`, or a name in backticks within brackets.
fn labels(document: &str) -> Vec<String> {
    let text = prose(document);
    let (mut labels, mut rest) = (Vec::new(), text.as_str());
    while let Some((_, after)) = rest.split_once('[') {
        let Some((label, after)) = after.split_once(']') else { break };
        if let Some((explicit, _)) = after.strip_prefix('[').and_then(|l| l.split_once(']')) {
            labels.push(explicit.to_string());
        } else if label.starts_with('`') && label.ends_with('`') && !after.starts_with([':', '(']) {
            labels.push(label.to_string());
        }
        rest = after;
    }
    labels
}

#[test]
fn links_have_targets() {
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
            assert!(path.exists(), "{from} links to {link}, which does not exist");
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
    let guide = guide();
    let contents = guide.join("README.md");
    let listed: Vec<PathBuf> =
        links(&read(&contents)).iter().map(|link| guide.join(link)).collect();
    let chapters = markdown(&guide, true);
    assert!(chapters.len() > 15, "{chapters:?}");
    for chapter in chapters {
        let is_listed = chapter == contents || listed.contains(&chapter);
        assert!(is_listed, "{} is not in the table of contents", chapter.display());
    }
}

/// In a file, a label leads to another file; in the documentation, to an item, by `links.txt`.
#[test]
fn links_between_chapters_work_in_files_and_in_the_documentation() {
    let items = definitions(&read(&guide().join("links.txt")));
    let modules = read(&root().join("crates/core-reloc/src/_guide.rs"));
    for chapter in markdown(&guide(), true) {
        let (text, name) = (read(&chapter), chapter.display());
        let mut defined: Vec<_> = definitions(&text).into_iter().map(|(label, _)| label).collect();
        let mut used = labels(&text);
        for labels in [&mut defined, &mut used] {
            labels.sort();
            labels.dedup();
        }
        assert_eq!(used, defined, "{name}: labels used, labels defined");
        for (label, target) in definitions(&text) {
            let item = items.iter().find(|(item, _)| *item == label);
            if let (Some((_, item)), Some(file)) = (item, target.strip_suffix(".md")) {
                let file = file.trim_start_matches("../").trim_end_matches("/README");
                let module = file.replace('/', "::").replace('-', "_");
                assert!(item.ends_with(&module), "{name}: {label} is {target} and {item}");
            }
            let is_attribute = modules.contains(&format!("[{label}]: "));
            assert!(item.is_some() || is_attribute, "{name}: no item for {label}");
        }
        let file = chapter.strip_prefix(guide()).unwrap().display().to_string();
        let is_included = modules.contains(&format!("include_str!(\"../guide/{file}\")"));
        assert!(is_included, "{file} is not included in _guide.rs");
    }
}

#[test]
fn all_rust_in_the_documents_is_compiled() {
    let compiled = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"));
    for document in documents() {
        let text = read(&document);
        assert!(!text.contains("rust,ignore"), "{}", document.display());
        // The chapters of the guide are documentation of `core-reloc`: see the test above.
        if !text.contains("```rust") || document.starts_with(guide()) {
            continue;
        }
        let path = document.strip_prefix(root()).unwrap().display().to_string();
        let included = compiled.contains(&format!("include_str!(\"../../{path}\")"));
        assert!(included, "{path} is not included in tests/src/lib.rs");
    }
}

/// Returns the names in a text that could be those of differences: two words or more in code.
fn names(text: &str) -> BTreeSet<&str> {
    let in_code = text.split('`').skip(1).step_by(2);
    let is_name = |word: &&str| {
        word.contains('-') && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    };
    in_code.filter(is_name).collect()
}

#[test]
fn the_guide_has_all_accepted_differences() {
    let chapter = read(&guide().join("differences.md"));
    let accepted: BTreeSet<&str> =
        Accepted::ALL.iter().map(|difference| difference.name()).collect();
    assert_eq!(names(&chapter), accepted);
}

#[test]
fn the_readme_has_all_accepted_differences_from_libbpf() {
    let readme = read(&root().join("README.md"));
    let (_, section) = readme.split_once("## Where we differ from libbpf").expect("a section");
    let (section, _) = section.split_once("\n## ").expect("another section");
    let table: String = section.lines().filter(|line| line.starts_with('|')).collect();
    let of_libbpf = Accepted::ALL.iter().filter(|one| one.judges().contains(&Judge::Libbpf));
    let of_libbpf: BTreeSet<&str> = of_libbpf.map(|difference| difference.name()).collect();
    assert_eq!(names(&table), of_libbpf);
}
