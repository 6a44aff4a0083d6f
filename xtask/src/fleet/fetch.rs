//! From a package to the BTF of its kernel.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::archive;
use super::kernels::Kernel;
use crate::data::{Suites, btf};
use crate::{Result, files};

/// Fetches a kernel, writes its archive below `fleet`, and returns its BTF.
pub(super) fn fetch(kernel: &Kernel, suites: &mut Suites, fleet: &Path) -> Result<Vec<u8>> {
    let scratch = fleet.join("scratch");
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    fs::create_dir_all(&scratch)?;
    let suite = suites.open(kernel.suite, kernel.architecture)?;
    let package = suite.download(&kernel.package, &scratch)?;
    unpack_image(&package, &scratch)?;
    fs::remove_file(package)?;
    let unpacked = files::below(&scratch)?;
    let image = unpacked.first().ok_or("the package has no vmlinuz")?;
    let btf = btf::of_kernel(image)?;
    fs::remove_dir_all(&scratch)?;
    archive::write(&fleet.join(kernel.path()), &kernel.release, &btf)?;
    Ok(btf)
}

/// Unpacks only the kernel image of a package.
///
/// It comes before the modules, which are most of the package: `tar` stops after the image, and `dpkg-deb`
/// then dies of a broken pipe.
fn unpack_image(package: &Path, folder: &Path) -> Result {
    let mut reader = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(package)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let tar = reader.stdout.take().ok_or("dpkg-deb has no standard output")?;
    let status = Command::new("tar")
        .arg("--extract")
        .arg("--directory")
        .arg(folder)
        .args(["--wildcards", "--occurrence=1", "*/vmlinuz*"])
        .stdin(tar)
        .status()?;
    reader.wait()?;
    if status.success() { Ok(()) } else { Err("no vmlinuz can be extracted".into()) }
}
