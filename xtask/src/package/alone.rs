//! Builds each packed crate from its package alone, also with the lowest versions of its dependencies
//! that it allows.
//!
//! cargo's own verification does not notice changed packages of the same version.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Package;
use crate::command::{cargo, run};
use crate::{Result, files};

/// A workspace of the packed crates, in which they depend on each other.
const FOLDER: &str = "target/packed";
const MANIFEST: &str = "target/packed/Cargo.toml";

/// Builds each crate with the versions of `Cargo.lock`, then with the lowest ones.
pub(super) fn check(packages: &[Package]) -> Result {
    let mut manifest = String::from("[workspace]\nresolver = \"3\"\nmembers = [\"*-*\"]\n");
    manifest.push_str("\n[patch.crates-io]\n");
    for package in packages {
        copy(package)?;
        manifest.push_str(&format!("{0} = {{ path = \"{0}\" }}\n", package.name));
    }
    fs::write(MANIFEST, manifest)?;
    fs::copy("Cargo.lock", format!("{FOLDER}/Cargo.lock"))?;
    for package in packages {
        // Without `--locked`: the copied Cargo.lock loses the packages that only others need.
        run(&mut build(package))?;
    }
    // The lowest versions of direct dependencies, the highest of indirect ones. The option is
    // unstable.
    let mut lower = cargo();
    lower.args(["update", "--quiet", "-Z", "direct-minimal-versions", "--manifest-path", MANIFEST]);
    run(lower.env("RUSTC_BOOTSTRAP", "1"))?;
    for package in packages {
        run(build(package).args(["--locked", "--all-features"]))?;
    }
    Ok(())
}

fn build(package: &Package) -> Command {
    let mut check = cargo();
    check.args(["check", "--quiet", "--package", package.name, "--manifest-path", MANIFEST]);
    check.args(["--target-dir", "target/packed/target"]);
    check
}

/// Copies a packed crate, without its dev-dependencies.
fn copy(package: &Package) -> Result {
    let from = package.folder();
    let to = format!("{FOLDER}/{}", package.name);
    if Path::new(&to).exists() {
        fs::remove_dir_all(&to)?;
    }
    files::copy(&files::below(Path::new(&from))?, Path::new(&from), Path::new(&to))?;
    let manifest = format!("{to}/Cargo.toml");
    Ok(fs::write(&manifest, without_tests(&fs::read_to_string(&manifest)?))?)
}

/// A manifest without its dev-dependencies, whose lowest versions do not matter.
fn without_tests(manifest: &str) -> String {
    let mut is_kept = true;
    let mut kept = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_kept = !line.starts_with("[dev-dependencies");
        }
        if is_kept {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::without_tests;

    #[test]
    fn dev_dependencies_are_removed() {
        let manifest = "[a]\nb = 1\n[dev-dependencies.c]\nversion = \"1\"\n[lints]\nd = 2\n";
        assert_eq!(without_tests(manifest), "[a]\nb = 1\n[lints]\nd = 2\n");
    }
}
