//! `cargo xtask package`: packs each published crate as for a registry, compares its files with
//! `docs/packages`, builds it from the packed files, and builds the projects in `tests/downstream`
//! against it. Then it installs the program, and checks its size.

mod alone;
mod downstream;
mod installed;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::command::{cargo, flag, run as run_command};
use crate::crates::PUBLISHED;
use crate::files;
use crate::recorded::{Recorded, settle};

/// The largest allowed package, in bytes: its sources and little more.
const MAX_LEN: u64 = 256 * 1024;

pub(crate) fn run(arguments: &[String]) -> Result {
    let record = flag(arguments, "--record")?;
    pack()?;
    let packages = PUBLISHED.map(|name| Package { name, version: env!("CARGO_PKG_VERSION") });
    let mut listings = Vec::new();
    for package in &packages {
        package.unpack()?;
        package.check_size()?;
        listings.push(package.listing()?);
    }
    settle(&listings, &["docs/packages"], !record, "cargo xtask package --record")?;
    if record {
        return Ok(());
    }
    alone::check(&packages)?;
    downstream::check(&packages)?;
    installed::check()
}

/// Packs all crates in one command, so that each may depend on the others before they are published.
fn pack() -> Result {
    let mut package = cargo();
    // Uncommitted changes are packed as well.
    package.args(["package", "--quiet", "--locked", "--allow-dirty", "--no-verify"]);
    for name in PUBLISHED {
        package.args(["--package", name]);
    }
    run_command(&mut package)
}

/// A packed crate. All have the workspace's version, which xtask inherits.
struct Package {
    name: &'static str,
    version: &'static str,
}

impl Package {
    /// The folder that the package is unpacked to, beside the package.
    fn folder(&self) -> String {
        format!("target/package/{}-{}", self.name, self.version)
    }

    fn unpack(&self) -> Result {
        let folder = self.folder();
        if Path::new(&folder).exists() {
            fs::remove_dir_all(&folder)?;
        }
        let mut unpack = Command::new("tar");
        // The files in a package have one old date, so that cargo would take them for unchanged.
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
        Err(format!("{file} has {len} bytes, allowed are {MAX_LEN}").into())
    }

    fn listing(&self) -> Result<Recorded> {
        let folder = self.folder();
        let files = files::below(Path::new(&folder))?;
        let names = files.iter().map(|file| Ok(file.strip_prefix(&folder)?.display().to_string()));
        let content = files_listed(names.collect::<Result<_>>()?).into_bytes();
        Ok(Recorded { path: format!("docs/packages/{}.txt", self.name), content })
    }
}

/// A line for each file. Source files, which come and go, share one.
fn files_listed(files: Vec<String>) -> String {
    // cargo's note of the commit is there only if nothing is uncommitted.
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
    fn sources_share_a_line_and_other_files_have_their_own() {
        let files = ["src/lib.rs", "src/a/b.rs", "README.md", ".cargo_vcs_info.json", "src/a.bin"];
        let files = files.map(String::from).to_vec();
        assert_eq!(files_listed(files), "README.md\nsrc/**/*.rs\nsrc/a.bin\n");
    }
}
