//! `cargo xtask dependencies`: lists the dependencies of each published crate, with each feature, in
//! `docs/dependencies`.

use crate::Result;
use crate::command::{cargo, flag, text};
use crate::crates::{Metadata, PUBLISHED};
use crate::recorded::{Recorded, settle};

/// The README's promise: without features, a crate depends on these and no others.
const PROMISED: [(&str, &[&str]); 2] = [
    ("btf-types", &["thiserror", "zerocopy"]),
    ("core-reloc", &["btf-types", "indexmap", "smallvec", "thiserror"]),
];

pub(crate) fn run(arguments: &[String]) -> Result {
    let check = flag(arguments, "--check")?;
    let metadata = Metadata::read()?;
    for (name, promised) in PROMISED {
        let direct = direct(name)?;
        if direct != promised {
            let (found, promised) = (direct.join(", "), promised.join(", "));
            return Err(format!("{name} depends on {found}, promised are {promised}").into());
        }
    }
    let mut listings = Vec::new();
    for name in PUBLISHED {
        let mut text = section(name, None)?;
        for feature in metadata.features(name)? {
            text.push('\n');
            text.push_str(&section(name, Some(&feature))?);
        }
        let path = format!("docs/dependencies/{name}.txt");
        listings.push(Recorded { path, content: text.into_bytes() });
    }
    settle(&listings, &["docs/dependencies"], check, "cargo xtask dependencies")
}

/// The tree of a crate's dependencies with one feature, and their number.
fn section(name: &str, feature: Option<&str>) -> Result<String> {
    let tree = tree(name, feature, &["--edges", "normal,build", "--prefix", "depth"])?;
    let flat = ["--prefix", "none", "--no-dedupe"];
    let built = count(name, feature, &[&["--edges", "normal,build"][..], &flat].concat())?;
    let linked = count(name, feature, &[&["--edges", "normal,no-proc-macro"][..], &flat].concat())?;
    let what = feature.map_or("no feature".to_owned(), |feature| format!("feature {feature}"));
    let mut text = format!("# {what}: {built} others are built, {linked} of them linked\n");
    for line in tree.lines() {
        let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (depth, package) = line.split_at(digits);
        text.push_str(&"  ".repeat(depth.parse()?));
        text.push_str(&shortened(package));
        text.push('\n');
    }
    Ok(text)
}

/// The number of other crates in a tree.
fn count(name: &str, feature: Option<&str>, options: &[&str]) -> Result<usize> {
    let tree = tree(name, feature, options)?;
    let mut packages: Vec<&str> = tree.lines().collect();
    packages.sort_unstable();
    packages.dedup();
    Ok(packages.len().saturating_sub(1))
}

/// The names of a crate's direct dependencies.
fn direct(name: &str) -> Result<Vec<String>> {
    let tree = tree(name, None, &["--edges", "normal,build", "--prefix", "none", "--depth", "1"])?;
    let names = tree.lines().skip(1).filter_map(|line| line.split(' ').next());
    Ok(names.map(str::to_owned).collect())
}

fn tree(name: &str, feature: Option<&str>, options: &[&str]) -> Result<String> {
    let mut tree = cargo();
    tree.args(["tree", "--locked", "--package", name, "--target", "x86_64-unknown-linux-gnu"]);
    tree.args(["--format", "{p}"]).args(options);
    if let Some(feature) = feature {
        tree.args(["--features", feature]);
    }
    text(&mut tree)
}

/// Shortens `name v1.2.3 (/folder)` to `name 1`: compatible updates need no review, and folders
/// differ between machines.
fn shortened(package: &str) -> String {
    let words = package.split(' ').filter(|word| !word.starts_with("(/"));
    let words = words.map(|word| match word.strip_prefix('v') {
        Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            let numbers: Vec<&str> = version.split('.').collect();
            let kept = if numbers[0] == "0" { 2 } else { 1 };
            numbers[..kept.min(numbers.len())].join(".")
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_keep_the_part_that_decides_compatibility() {
        assert_eq!(shortened("zerocopy v0.8.63"), "zerocopy 0.8");
        assert_eq!(shortened("syn v2.0.1 (*)"), "syn 2 (*)");
        assert_eq!(
            shortened("thiserror-impl v2.0.1 (proc-macro)"),
            "thiserror-impl 2 (proc-macro)"
        );
        assert_eq!(shortened("btf-types v0.1.0 (/a/b)"), "btf-types 0.1");
    }
}
