//! Minimized BTF for a whole fleet, beside what projects run today.
//!
//! Projects that ship BTF for the kernels of BTFHub unpack each archive and run `bpftool gen min_core_btf` on it, on all
//! processors; the result is packed for shipping. The script here does the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use super::process::Cost;
use crate::Result;

/// What runs for each kernel: `$1` is its archive, `$2` the folder of the results, the rest are the objects.
///
/// bpftool fails on kernels for which it cannot resolve some record. Such a kernel costs its time, and has no
/// result.
const ONE_KERNEL: &str = r#"
set -e
archive=$1 out=$2
shift 2
scratch=$(mktemp -d)
tar -xJf "$archive" -C "$scratch"
for full in "$scratch"/*.btf; do
    bpftool gen min_core_btf "$full" "$out/$(basename "$archive" .tar.xz)" "$@" || true
done
rm -r "$scratch"
"#;

/// The costs of minimizing, and what is written.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Minimizing {
    pub(super) kernels: usize,
    pub(super) core_reloc: Written,
    pub(super) bpftool: Written,
}

/// The cost of one side.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Written {
    pub(super) cost: Cost,
    /// The number of minimized BTFs.
    pub(super) files: usize,
    /// Their size as one `tar.xz`, in bytes.
    pub(super) packed: u64,
}

/// Minimizes the archives in a folder with both programs, each on all processors.
pub(super) fn measure(
    core_reloc: &Path,
    objects: &[PathBuf],
    archives: &[PathBuf],
    folder: &Path,
    scratch: &Path,
) -> Result<Minimizing> {
    Ok(Minimizing {
        kernels: archives.len(),
        core_reloc: with_core_reloc(core_reloc, objects, folder, scratch)?,
        bpftool: with_bpftool(objects, archives, scratch)?,
    })
}

fn with_core_reloc(
    core_reloc: &Path,
    objects: &[PathBuf],
    folder: &Path,
    scratch: &Path,
) -> Result<Written> {
    let packed = scratch.join("by-core-reloc.tar.xz");
    let mut minimize = Command::new(core_reloc);
    minimize.arg("minimize").args(objects).arg("--target").arg(folder);
    minimize.arg("--quiet").arg("-o").arg(&packed);
    let cost = Cost::median(&mut minimize, 1)?;
    let listing = Command::new("tar").arg("-tJf").arg(&packed).output()?;
    let files = String::from_utf8(listing.stdout)?;
    let files = files.lines().filter(|line| line.ends_with(".btf")).count();
    Ok(Written { cost, files, packed: fs::metadata(&packed)?.len() })
}

fn with_bpftool(objects: &[PathBuf], archives: &[PathBuf], scratch: &Path) -> Result<Written> {
    let out = scratch.join("by-bpftool");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    let packed = scratch.join("by-bpftool.tar.xz");
    let [list, script, named] =
        ["archives", "one-kernel.sh", "objects"].map(|name| scratch.join(name));
    fs::write(&list, lines(archives)?)?;
    fs::write(&named, lines(objects)?)?;
    fs::write(&script, ONE_KERNEL)?;
    let mut all = Command::new("sh");
    all.arg("-ec").arg(
        r#"objects=$(cat "$1")
        xargs -a "$2" -P "$(nproc)" -I '{}' sh "$3" '{}' "$4" $objects
        tar -C "$4" -cJf "$5" ."#,
    );
    all.arg("sh").args([&named, &list, &script, &out, &packed]);
    let cost = Cost::median(&mut all, 1)?;
    Ok(Written { cost, files: fs::read_dir(&out)?.count(), packed: fs::metadata(&packed)?.len() })
}

/// Returns paths without spaces, absolute, one in each line.
fn lines(paths: &[PathBuf]) -> Result<String> {
    let mut lines = String::new();
    for path in paths {
        let path = std::path::absolute(path)?;
        let path = path.to_str().filter(|path| !path.contains(char::is_whitespace));
        lines += path.ok_or("the script takes no paths with spaces")?;
        lines.push('\n');
    }
    Ok(lines)
}
