//! `cargo xtask package`: packs each published crate as a registry would get it, compares what it
//! holds with `docs/packages`, builds it from the packed files, and the projects of strangers in
//! `tests/downstream` against them.

mod alone;
mod downstream;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::command::{cargo, run as run_command};
use crate::crates::PUBLISHED;
use crate::recorded::{Listing, settle};

/// How many bytes a package may have: those of its sources and little more.
const MAX_LEN: u64 = 160 * 1024;

pub(crate) fn run(arguments: &[String]) -> Result {
    let record = match arguments {
        [] => false,
        [flag] if flag == "--record" => true,
        _ => return Err("usage: cargo xtask package [--record]".into()),
    };
    pack()?;
    let packages = PUBLISHED.map(|name| Package { name, version: env!("CARGO_PKG_VERSION") });
    let mut listings = Vec::new();
    for package in &packages {
        package.unpack()?;
        package.check_size()?;
        listings.push(package.listing()?);
    }
    settle(&listings, !record, "cargo xtask package --record")?;
    if record {
        return Ok(());
    }
    alone::check(&packages)?;
    downstream::check(&packages)
}

/// Packs all crates in one command: cargo then takes each for the registry's where another needs it.
fn pack() -> Result {
    let mut package = cargo();
    // What is not committed yet can be tried as well.
    package.args(["package", "--quiet", "--locked", "--allow-dirty", "--no-verify"]);
    for name in PUBLISHED {
        package.args(["--package", name]);
    }
    run_command(&mut package)
}

/// A packed crate. All have the workspace's version, as xtask has.
struct Package {
    name: &'static str,
    version: &'static str,
}

impl Package {
    /// Where it is unpacked, next to the package.
    fn folder(&self) -> String {
        format!("target/package/{}-{}", self.name, self.version)
    }

    fn unpack(&self) -> Result {
        let folder = self.folder();
        if Path::new(&folder).exists() {
            fs::remove_dir_all(&folder)?;
        }
        let mut unpack = Command::new("tar");
        // All files in a package have one old date, by which cargo would take them for unchanged.
        unpack.args(["--extract", "--gzip", "--touch", "--directory", "target/package"]);
        run_command(unpack.arg(format!("--file={folder}.crate")))
    }

    fn check_size(&self) -> Result {
        let file = format!("{}.crate", self.folder());
        let len = fs::metadata(&file).map_err(|error| format!("{file}: {error}"))?.len();
        println!("{}: {} KiB", self.name, len.div_ceil(1024));
        if len <= MAX_LEN {
            return Ok(());
        }
        Err(format!("{file} has {len} bytes, more than the {MAX_LEN} that it may have").into())
    }

    fn listing(&self) -> Result<Listing> {
        let folder = self.folder();
        let mut files = Vec::new();
        list(Path::new(&folder), "", &mut files)?;
        let text = files_listed(files);
        Ok(Listing { path: format!("docs/packages/{}.txt", self.name), text })
    }
}

/// The files in a folder, and in the folders in it, each as its path from the first one.
fn list(folder: &Path, prefix: &str, files: &mut Vec<String>) -> Result {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}

/// A line for each file; sources, which come and go, have one together.
fn files_listed(files: Vec<String>) -> String {
    // cargo's note of the commit, which is there if all is committed.
    let files = files.into_iter().filter(|name| name != ".cargo_vcs_info.json");
    let lines = files.map(|name| match name.split_once('/') {
        Some((folder, rest)) if rest.ends_with(".rs") => format!("{folder}/**/*.rs\n"),
        _ => format!("{name}\n"),
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    lines.dedup();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_listed_together_and_all_else_by_name() {
        let files = ["src/lib.rs", "src/a/b.rs", "README.md", ".cargo_vcs_info.json", "src/a.bin"];
        let files = files.map(String::from).to_vec();
        assert_eq!(files_listed(files), "README.md\nsrc/**/*.rs\nsrc/a.bin\n");
    }
}
