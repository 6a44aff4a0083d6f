//! Each crate alone, with each feature alone and with each two; and those features that claim to need
//! no std, where there is none.
//!
//! cargo-hack makes such commands too, but takes minutes to install, and there are few of them.

use std::fs;
use std::process::Command;

use crate::Result;
use crate::command::{cargo, output, run};
use crate::crates::{BARE_METAL, DEBIAN_RUSTC, PUBLISHED, features, matrix};

/// The crates that are `no_std`, each with the features that need std all the same.
const NO_STD: [(&str, &[&str]); 2] = [("btf-types", &["proptest"]), ("core-reloc", &["proptest"])];

/// Checks every published crate with no feature, with each by itself, and with each two.
pub(super) fn check() -> Result {
    for name in PUBLISHED {
        for set in sets(name, &[])? {
            let mut check = one(name, &set);
            run(check.env("RUSTFLAGS", "-D warnings"))?;
        }
    }
    Ok(())
}

/// Checks the libraries on bare metal, in the same way.
pub(super) fn check_no_std() -> Result {
    for target in BARE_METAL {
        for (name, need_std) in NO_STD {
            for set in sets(name, need_std)? {
                let mut check = one(name, &set);
                check.args(["--target", target, "--target-dir", "target/no_std"]);
                run(check.env("RUSTC", DEBIAN_RUSTC))?;
            }
        }
    }
    // What it says about itself is part of the proof.
    let version = output(Command::new(DEBIAN_RUSTC).arg("--version"))?;
    println!("{}", String::from_utf8(version)?.trim_end());
    Ok(())
}

/// One package a command: in one build of several, cargo would unite their features.
fn one(name: &str, features: &[String]) -> Command {
    let mut check = cargo();
    check.args(["check", "--quiet", "--locked", "--no-default-features", "--package", name]);
    if !features.is_empty() {
        check.args(["--features", &features.join(",")]);
    }
    check
}

fn sets(name: &str, left_out: &[&str]) -> Result<Vec<Vec<String>>> {
    let manifest = format!("crates/{name}/Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(|error| format!("{manifest}: {error}"))?;
    let mut features = features(&text);
    features.retain(|feature| !left_out.contains(feature));
    let sets = matrix(&features).into_iter();
    Ok(sets.map(|set| set.into_iter().map(str::to_owned).collect()).collect())
}
