//! Builds each crate alone with every set of up to two features, also without std.
//!
//! cargo-hack can do this too, but takes minutes to install for these few commands.

use std::process::Command;

use crate::Result;
use crate::command::{cargo, run, text};
use crate::crates::{BARE_METAL, DEBIAN_RUSTC, Metadata, PUBLISHED, matrix};

/// The `no_std` crates.
pub(super) const NO_STD: [&str; 2] = ["btf-types", "core-reloc"];

/// The features that BPF targets lack something for: the crate `self_cell` needs atomic bytes, which BPF does
/// not have. They are without std nevertheless.
const NOT_FOR_BPF: &[&str] = &["owned"];

/// Checks each published crate with no feature, with each feature, and with each pair.
pub(super) fn check() -> Result {
    let metadata = Metadata::read()?;
    for name in PUBLISHED {
        for set in matrix(&metadata.features(name)?) {
            let mut check = one(name, &set);
            run(check.env("RUSTFLAGS", "-D warnings"))?;
        }
    }
    Ok(())
}

/// Checks the `no_std` crates in the same way on targets without std.
pub(super) fn check_no_std() -> Result {
    let metadata = Metadata::read()?;
    for target in BARE_METAL {
        for name in NO_STD {
            let mut features = metadata.features(name)?;
            features.retain(|feature| !NOT_FOR_BPF.contains(&feature.as_str()));
            for set in matrix(&features) {
                let mut check = one(name, &set);
                check.args(["--target", target, "--target-dir", "target/no_std"]);
                run(check.env("RUSTC", DEBIAN_RUSTC))?;
            }
        }
    }
    // The compiler's version is part of the proof.
    println!("{}", text(Command::new(DEBIAN_RUSTC).arg("--version"))?.trim_end());
    Ok(())
}

/// Checks one package: in a build of several, cargo unites their features.
fn one(name: &str, features: &[&str]) -> Command {
    let mut check = cargo();
    check.args(["check", "--quiet", "--locked", "--no-default-features", "--package", name]);
    if !features.is_empty() {
        check.args(["--features", &features.join(",")]);
    }
    check
}
