//! Variants of kernels, which a program of the tests' package makes.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::archive;
use super::manifest::{Manifest, Source};
use crate::Result;
use crate::command::{cargo, output, run};

/// Makes variants until there are `count`, of kernels that are spread over all. The seed decides what changes.
pub(super) fn make(count: usize, manifest: &mut Manifest) -> Result {
    let kernels: Vec<String> = manifest.kernels().map(str::to_owned).collect();
    let seeds: Vec<usize> = (0..count).filter(|seed| !manifest.has_seed(*seed as u64)).collect();
    if seeds.is_empty() || kernels.is_empty() {
        return Ok(());
    }
    let mut build = cargo();
    build.args(["build", "--quiet", "--release", "--locked", "--package", "core-reloc-tests"]);
    build.args(["--features", "variants", "--bin", "variants"]);
    run(&mut build)?;
    let scratch = manifest.folder().join("variant.btf");
    for seed in seeds {
        let of = &kernels[seed * kernels.len() / count];
        let mut variant = Command::new("target/release/variants");
        variant.arg(manifest.folder().join(of)).arg(seed.to_string()).arg(&scratch);
        output(&mut variant)?;
        let btf = fs::read(&scratch)?;
        fs::remove_file(&scratch)?;
        let (path, release) = names(of, seed).ok_or_else(|| format!("{of}: no kernel's path"))?;
        archive::write(&manifest.folder().join(&path), &release, &btf)?;
        println!("{path}: {} bytes of BTF", btf.len());
        manifest.add(&path, &btf, Source::Variant { of: of.clone(), seed: seed as u64 })?;
    }
    Ok(())
}

/// Returns the path of a variant in the fleet, and its release.
fn names(of: &str, seed: usize) -> Option<(String, String)> {
    let of = Path::new(of);
    let release = of.file_name()?.to_str()?.strip_suffix(".btf.tar.xz")?;
    let release = format!("{release}-variant{seed}");
    let folder = of.parent()?.strip_prefix("debian").ok()?.to_str()?;
    Some((format!("variants/{folder}/{release}.btf.tar.xz"), release))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_named_after_their_kernel_and_seed() {
        let (path, release) = names("debian/12/x86_64/6.1.0-48-amd64.btf.tar.xz", 7).unwrap();
        assert_eq!(path, "variants/12/x86_64/6.1.0-48-amd64-variant7.btf.tar.xz");
        assert_eq!(release, "6.1.0-48-amd64-variant7");
        assert_eq!(names("debian/12/x86_64/README", 7), None);
    }
}
