//! `cargo xtask dependencies`: lists what each published crate is built of, with each feature, and
//! records it below `docs/dependencies`; or, with `--check`, finds that it is as recorded.

use std::fs;

use crate::Result;
use crate::command::{cargo, output};
use crate::crates::{PUBLISHED, features};
use crate::recorded::{Listing, settle};

/// What the README promises: without features, a crate depends on these, and no others.
const PROMISED: [(&str, &[&str]); 2] = [
    ("btf-types", &["thiserror", "zerocopy"]),
    ("core-reloc", &["btf-types", "indexmap", "smallvec", "thiserror"]),
];

pub(crate) fn run(arguments: &[String]) -> Result {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: cargo xtask dependencies [--check]".into()),
    };
    for (name, promised) in PROMISED {
        let direct = direct(name)?;
        if direct != promised {
            return Err(format!("{name} depends on {}", direct.join(", ")).into());
        }
    }
    let mut listings = Vec::new();
    for name in PUBLISHED {
        let manifest = fs::read_to_string(format!("crates/{name}/Cargo.toml"))?;
        let mut text = section(name, None)?;
        for feature in features(&manifest) {
            text.push('\n');
            text.push_str(&section(name, Some(feature))?);
        }
        listings.push(Listing { path: format!("docs/dependencies/{name}.txt"), text });
    }
    settle(&listings, check, "cargo xtask dependencies")?;
    println!("the dependencies of {} crates are as recorded", PUBLISHED.len());
    Ok(())
}

/// The tree of a crate with one feature, and how much that is.
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

/// How many other crates there are.
fn count(name: &str, feature: Option<&str>, options: &[&str]) -> Result<usize> {
    let tree = tree(name, feature, options)?;
    let mut packages: Vec<&str> = tree.lines().collect();
    packages.sort_unstable();
    packages.dedup();
    Ok(packages.len().saturating_sub(1))
}

/// The names of what a crate itself names as its dependencies.
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
    Ok(String::from_utf8(output(&mut tree)?)?)
}

/// `name v1.2.3 (/folder)` as `name 1`: updates within what is compatible are no news, and folders
/// are everybody's own.
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
    fn versions_keep_what_compatibility_goes_by() {
        assert_eq!(shortened("zerocopy v0.8.63"), "zerocopy 0.8");
        assert_eq!(shortened("syn v2.0.1 (*)"), "syn 2 (*)");
        assert_eq!(
            shortened("thiserror-impl v2.0.1 (proc-macro)"),
            "thiserror-impl 2 (proc-macro)"
        );
        assert_eq!(shortened("btf-types v0.1.0 (/a/b)"), "btf-types 0.1");
    }
}
