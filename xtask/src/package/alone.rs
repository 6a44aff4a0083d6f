//! The packed crates by themselves: each builds from nothing but its package, and with the lowest
//! versions of its dependencies that it allows.
//!
//! cargo's own verification takes packages that have changed since its last one for the old ones, if
//! they have the same version.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Package, list};
use crate::Result;
use crate::command::{cargo, run};

/// A workspace of the packed crates, which depend on each other there.
const FOLDER: &str = "target/packed";
const MANIFEST: &str = "target/packed/Cargo.toml";

/// Builds each crate with the versions of `Cargo.lock`, and then with the lowest.
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
        // What others than these crates need drops out of the copied Cargo.lock.
        run(&mut build(package))?;
    }
    // Of what a member names itself, the lowest; of what that needs, the highest that fits. The
    // switch is unstable.
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

/// Copies a packed crate. What only its tests need has lowest versions of its own, which are nobody's
/// concern.
fn copy(package: &Package) -> Result {
    let from = package.folder();
    let to = format!("{FOLDER}/{}", package.name);
    if Path::new(&to).exists() {
        fs::remove_dir_all(&to)?;
    }
    let mut files = Vec::new();
    list(Path::new(&from), "", &mut files)?;
    for file in files {
        let to = Path::new(&to).join(&file);
        fs::create_dir_all(to.parent().ok_or("a file is in no folder")?)?;
        let from = Path::new(&from).join(&file);
        if file == "Cargo.toml" {
            fs::write(to, without_tests(&fs::read_to_string(from)?))?;
        } else {
            fs::copy(from, to)?;
        }
    }
    Ok(())
}

/// A manifest without its sections of dev-dependencies.
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
    fn dev_dependencies_go() {
        let manifest = "[a]\nb = 1\n[dev-dependencies.c]\nversion = \"1\"\n[lints]\nd = 2\n";
        assert_eq!(without_tests(manifest), "[a]\nb = 1\n[lints]\nd = 2\n");
    }
}
