//! `cargo xtask fleet`: fetches the BTF of all kernels that Debian's archive has for amd64 and arm64, and
//! makes variants of it, to measure on.
//!
//! They stay out of the repository, in `target/fleet` or in the folder that `CORE_RELOC_FLEET` names, in the
//! layout of BTFHub:
//!
//! ```text
//! debian/12/x86_64/RELEASE.btf.tar.xz     a kernel, as an archive with RELEASE.btf
//! variants/12/x86_64/RELEASE.btf.tar.xz   a variant of it, made by the strategies of core-reloc-proptest
//! manifest.tsv                            each file, with the hash of its BTF and where it is from
//! missing.tsv                             what could not be had, with the reason
//! ```
//!
//! A run goes on where the last one stopped. Packages are downloaded one at a time, and deleted once their
//! BTF is extracted. They come in an order that is the same on every machine and mixes all releases, so that
//! a part of the fleet is like the whole.

mod archive;
mod fetch;
mod kernels;
mod manifest;
mod variants;

use std::path::PathBuf;
use std::{env, fs};

use self::manifest::{Manifest, Source};
use crate::Result;
use crate::data::Suites;

/// The number of variants without `--variants`.
const VARIANTS: usize = 100;

/// Completes the fleet, up to the numbers of kernels and variants that the arguments give.
pub(crate) fn run(arguments: &[String]) -> Result {
    let (kernels, variants) = numbers(arguments)?;
    let folder = folder()?;
    fs::create_dir_all(&folder)?;
    let mut manifest = Manifest::read(&folder)?;
    let mut missing = Vec::new();
    if manifest.kernels().count() < kernels {
        let mut suites = Suites::new(folder.join("apt"));
        missing = fetch_kernels(kernels, &mut suites, &mut manifest)?;
        // The package lists take some hundred megabytes.
        for leftover in ["apt", "scratch"].map(|name| folder.join(name)) {
            if leftover.exists() {
                fs::remove_dir_all(leftover)?;
            }
        }
        let lines =
            missing.iter().map(|(what, why)| format!("{what}\t{}\n", why.replace('\n', " ")));
        fs::write(folder.join("missing.tsv"), lines.collect::<String>())?;
    }
    variants::make(variants, &mut manifest)?;
    manifest.sort()?;
    println!(
        "{}: {} kernels, {} variants, {} missing",
        folder.display(),
        manifest.kernels().count(),
        manifest.variants().count(),
        missing.len(),
    );
    Ok(())
}

/// Returns the fleet's folder: `CORE_RELOC_FLEET`, or `target/fleet` of the workspace.
pub(crate) fn folder() -> Result<PathBuf> {
    let folder = env::var_os("CORE_RELOC_FLEET").map_or("target/fleet".into(), PathBuf::from);
    Ok(std::path::absolute(folder)?)
}

/// Fetches kernels until there are `count`, and returns what could not be had.
fn fetch_kernels(
    count: usize,
    suites: &mut Suites,
    manifest: &mut Manifest,
) -> Result<Vec<(String, String)>> {
    let (found, mut missing) = kernels::all(suites);
    println!("the archive has {} kernels", found.len());
    let total = found.len().min(count);
    for kernel in found {
        let have = manifest.kernels().count();
        if have >= count {
            break;
        }
        let path = kernel.path();
        if manifest.has(&path) {
            continue;
        }
        match fetch::fetch(&kernel, suites, manifest.folder()) {
            Ok(btf) => {
                let source = Source::Package {
                    suite: kernel.suite.to_owned(),
                    package: kernel.package.name.clone(),
                    version: kernel.package.version.clone(),
                };
                manifest.add(&path, &btf, source)?;
                println!("{}/{total} {path}: {} bytes of BTF", have + 1, btf.len());
            }
            Err(error) => {
                println!("{path}: FAILED: {error}");
                missing.push((path, error.to_string()));
            }
        }
    }
    Ok(missing)
}

/// Returns the numbers of kernels and variants that the arguments give.
fn numbers(arguments: &[String]) -> Result<(usize, usize)> {
    let (mut kernels, mut variants) = (usize::MAX, VARIANTS);
    let mut arguments = arguments.iter();
    while let Some(option) = arguments.next() {
        let number = match option.as_str() {
            "--kernels" => &mut kernels,
            "--variants" => &mut variants,
            _ => return Err(format!("expected --kernels or --variants, found `{option}`").into()),
        };
        let value = arguments.next().ok_or_else(|| format!("{option} takes a number"))?;
        *number = value.parse().map_err(|error| format!("{option} {value}: {error}"))?;
    }
    Ok((kernels, variants))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_options() {
        let check = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            numbers(&arguments).ok()
        };
        assert_eq!(check(&[]), Some((usize::MAX, VARIANTS)));
        assert_eq!(check(&["--variants", "0", "--kernels", "5"]), Some((5, 0)));
        assert_eq!(check(&["--kernels"]), None);
        assert_eq!(check(&["--kernels", "all"]), None);
        assert_eq!(check(&["5"]), None);
    }
}
