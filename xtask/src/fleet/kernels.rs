//! The kernels that Debian's archive has.

use std::collections::BTreeMap;

use crate::data::Suites;
use crate::data::apt::Package;

/// The suites, with the version of Debian whose machines run their kernels.
const SUITES: [(&str, &str); 14] = [
    ("bullseye", "11"),
    ("bullseye-updates", "11"),
    ("bullseye-security", "11"),
    ("bookworm", "12"),
    ("bookworm-updates", "12"),
    ("bookworm-security", "12"),
    ("bookworm-backports", "12"),
    ("trixie", "13"),
    ("trixie-updates", "13"),
    ("trixie-security", "13"),
    ("trixie-backports", "13"),
    ("forky", "14"),
    ("sid", "sid"),
    ("experimental", "experimental"),
];

/// The architectures, as Debian and BTFHub name them.
const ARCHITECTURES: [(&str, &str); 2] = [("amd64", "x86_64"), ("arm64", "arm64")];

/// Packages below this size have no kernel: they depend on the one that has.
const MIN_SIZE: u64 = 1 << 20;

/// A kernel in the archive.
pub(super) struct Kernel {
    pub(super) suite: &'static str,
    /// Debian's name of the architecture.
    pub(super) architecture: &'static str,
    /// The release that `uname -r` prints.
    pub(super) release: String,
    pub(super) package: Package,
    /// Version and architecture, as BTFHub's folders name them.
    folder: String,
}

impl Kernel {
    /// Returns the path of its file in the fleet.
    pub(super) fn path(&self) -> String {
        format!("debian/{}/{}.btf.tar.xz", self.folder, self.release)
    }
}

/// Returns all kernels, in an order that mixes them, and the suites that cannot be opened.
pub(super) fn all(suites: &mut Suites) -> (Vec<Kernel>, Vec<(String, String)>) {
    let (mut kernels, mut missing) = (BTreeMap::new(), Vec::new());
    for (suite, version) in SUITES {
        for (architecture, hub_architecture) in ARCHITECTURES {
            let opened = match suites.open(suite, architecture) {
                Ok(opened) => opened,
                Err(error) => {
                    missing.push((format!("{suite} {architecture}"), error.to_string()));
                    continue;
                }
            };
            for package in opened.packages() {
                let Some(release) = release(&package.name) else { continue };
                if package.size < MIN_SIZE {
                    continue;
                }
                // The signed image and the unsigned one are the same kernel, and so are those of suites
                // that share a package.
                kernels.entry((release.to_owned(), architecture)).or_insert_with(|| Kernel {
                    suite,
                    architecture,
                    release: release.to_owned(),
                    package: package.clone(),
                    folder: format!("{version}/{hub_architecture}"),
                });
            }
        }
    }
    let mut kernels: Vec<Kernel> = kernels.into_values().collect();
    kernels.sort_by_key(|kernel| mixed(&kernel.path()));
    (kernels, missing)
}

/// Returns the release of the kernel in a package, if its name is that of a package with a kernel.
fn release(package: &str) -> Option<&str> {
    let name = package.strip_prefix("linux-image-").or(package.strip_prefix("linux-binary-"))?;
    let name = name.strip_suffix("-unsigned").unwrap_or(name);
    let is_other = !name.starts_with(|first: char| first.is_ascii_digit())
        || name.ends_with("-dbg")
        || name.ends_with("-template");
    (!is_other).then_some(name)
}

/// Returns a number that depends on all of a text: its FNV-1a hash.
fn mixed(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_in_the_names_of_packages_with_kernels() {
        assert_eq!(release("linux-image-6.1.0-48-rt-arm64-unsigned"), Some("6.1.0-48-rt-arm64"));
        assert_eq!(release("linux-binary-7.3.4+deb13-arm64-16k"), Some("7.3.4+deb13-arm64-16k"));
        assert_eq!(release("linux-image-6.1.0-48-amd64-dbg"), None);
        assert_eq!(release("linux-image-amd64"), None);
        assert_eq!(release("linux-image-6.1-amd64-signed-template"), None);
        assert_eq!(release("linux-headers-6.1.0-48-amd64"), None);
    }

    #[test]
    fn the_order_is_that_of_the_published_hash() {
        // From the authors' list of test vectors of FNV-1a.
        assert_eq!(mixed(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(mixed("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(mixed("foobar"), 0x8594_4171_f739_67e8);
    }
}
