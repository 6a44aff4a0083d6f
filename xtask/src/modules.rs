//! `cargo xtask modules`: the modules of a crate form no circle.
//!
//! A module depends on each module that defines an item it names. A child may use what an ancestor
//! defines, so such an import does not count; a parent's import from its child does. Code that only
//! tests see does not count either.

mod graph;
mod names;

use std::path::{Path, PathBuf};

use self::graph::{Edge, Graph};
use crate::Result;
use crate::source::Source;

/// Packages that are checked besides those in `crates`.
const OTHERS: [&str; 6] = ["bench", "tests", "tests/c-types", "xtask", "xtask/api", "xtask/manual"];
/// The roots of a package's crates.
const ROOTS: [&str; 2] = ["src/lib.rs", "src/main.rs"];

/// Finds the circles of every package; or those of the given ones, with every import in them.
pub(crate) fn run(arguments: &[String]) -> Result {
    let mut packages: Vec<PathBuf> = OTHERS.map(PathBuf::from).into();
    for entry in std::fs::read_dir("crates")? {
        packages.push(entry?.path());
    }
    if !arguments.is_empty() {
        let folder = |name: &String| {
            let folders = [Path::new("crates").join(name), PathBuf::from(name)];
            let found = folders.into_iter().find(|folder| folder.join("Cargo.toml").exists());
            found.ok_or_else(|| format!("there is no package `{name}`"))
        };
        packages = arguments.iter().map(folder).collect::<std::result::Result<_, _>>()?;
    }
    packages.sort();
    let mut failed = Vec::new();
    for root in packages.iter().flat_map(|package| ROOTS.map(|root| package.join(root))) {
        if !root.exists() {
            continue;
        }
        let source = Source::read(&root)?;
        let report = report(&source, !arguments.is_empty());
        print!("{}: {} modules\n{report}", root.display(), source.modules.len());
        if !report.is_empty() {
            failed.push(root.display().to_string());
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("modules import each other in a circle: {}", failed.join(", ")).into())
    }
}

/// Describes each set of modules that import each other, by its shortest circle; with `all`, by every
/// import inside it.
fn report(source: &Source, all: bool) -> String {
    let graph = Graph { edges: names::edges(source) };
    let mut report = String::new();
    for group in graph.groups() {
        let names: Vec<String> = group.iter().map(|module| shown(source, *module)).collect();
        let circle = graph.shortest_circle(&group);
        let mut path: Vec<String> = circle.iter().map(|edge| shown(source, edge.from)).collect();
        path.extend(path.first().cloned());
        report.push_str(&format!(
            "  {} modules import each other: {}\n  the shortest circle: {}\n",
            names.len(),
            names.join(", "),
            path.join(" -> ")
        ));
        let inside = |edge: &&Edge| group.contains(&edge.from) && group.contains(&edge.to);
        let edges = if all { graph.edges.iter().filter(inside).collect() } else { circle };
        for Edge { from, to, line, item } in edges {
            let file = source.modules[*from].file.display();
            report.push_str(&format!("    {file}:{line} names {item} of {}\n", shown(source, *to)));
        }
    }
    report
}

/// A module by its file's path from the crate's root; one with a body also by its name.
fn shown(source: &Source, module: usize) -> String {
    let modules = &source.modules;
    let file = &modules[module].file;
    let folder = modules[0].file.parent().unwrap_or(Path::new(""));
    let path = file.strip_prefix(folder).unwrap_or(file).display();
    match modules[module].parent {
        Some(parent) if modules[parent].file == *file => {
            format!("{path}::{}", modules[module].name)
        }
        _ => path.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::report;
    use crate::source::tests::source;

    #[test]
    fn a_circle_is_shown_with_lines_and_items() {
        let source = source(&[
            ("lib.rs", "mod a;\nmod b;\nmod c;"),
            ("a.rs", "use crate::b::{self, B};\n\npub struct A(B);"),
            ("b.rs", "pub struct B;\nfn f() { crate::c::g(); }"),
            ("c.rs", "use crate::b::B;\nuse super::a;\npub fn g(_: B) -> Option<a::A> { None }"),
        ]);
        assert_eq!(
            report(&source, false),
            "  3 modules import each other: a.rs, b.rs, c.rs\n  \
               the shortest circle: b.rs -> c.rs -> b.rs\n    \
                 b.rs:2 names g of c.rs\n    c.rs:1 names B of b.rs\n"
        );
        let all = report(&source, true);
        assert!(all.contains("c.rs:3 names A of a.rs"), "{all}");
    }

    #[test]
    fn reexports_are_followed_to_the_definition() {
        let source = source(&[
            ("lib.rs", "mod a;\nmod b;\npub use b::B as Public;\npub use b::inner::*;"),
            ("a.rs", "use crate::{Deep, Public};\npub fn f(_: Public, _: Deep) {}"),
            ("b.rs", "pub(crate) mod inner;\npub struct B;"),
            ("b/inner.rs", "pub struct Deep;\nimpl Deep { fn g() { crate::a::f(); } }"),
        ]);
        let report = report(&source, false);
        assert!(report.contains("2 modules import each other: a.rs, b/inner.rs"), "{report}");
        assert!(report.contains("a.rs:1 names Deep of b/inner.rs"), "{report}");
    }

    #[test]
    fn children_may_use_what_their_ancestors_define() {
        let source = source(&[
            ("lib.rs", "mod a;\npub struct Root;"),
            ("a.rs", "mod b;\npub struct A;\npub use self::b::B;"),
            ("a/b.rs", "use super::A;\nuse crate::Root;\npub struct B(A, Root, super::A);"),
        ]);
        assert_eq!(report(&source, true), "");
    }

    #[test]
    fn what_only_tests_import_does_not_count() {
        let source = source(&[
            ("lib.rs", "mod a;\nmod b;"),
            (
                "a.rs",
                "/// See [`crate::b::B`].\npub struct A;\n#[cfg(test)] use crate::b::B;\n\
                      impl A { #[cfg(test)] fn t() { crate::b::f() } }\n\
                      #[cfg(test)] mod tests { use crate::b::B; }",
            ),
            ("b.rs", "use crate::a::A;\npub struct B(A);\npub fn f() {}"),
        ]);
        assert_eq!(report(&source, true), "");
    }

    #[test]
    fn macros_and_globs_are_looked_through() {
        let source = source(&[
            ("lib.rs", "mod a;\nmod b;\nmod c;"),
            (
                "a.rs",
                "macro_rules! make { ($n:ident) => { pub struct $n($crate::b::B); } }\n\
                      make! { Made }",
            ),
            ("b.rs", "use crate::c::*;\npub struct B;\nfn f() { g() }"),
            ("c.rs", "pub fn g() { assert!(crate::a::Made::is()) }"),
        ]);
        let report = report(&source, false);
        assert!(report.contains("a.rs -> b.rs -> c.rs -> a.rs"), "{report}");
    }

    #[test]
    fn names_of_other_crates_do_not_count() {
        let source = source(&[
            ("lib.rs", "mod a;\nmod object;"),
            ("a.rs", "use object::File;\nuse ::object::Other;\npub struct A(File);"),
            ("object.rs", "use crate::a::A;\npub struct File(A);"),
        ]);
        assert_eq!(report(&source, true), "");
    }
}
