//! Kernels from Debian's packages, and the static libraries and programs that go with them.

use std::fs;
use std::path::{Path, PathBuf};

use super::machine::Architecture;
use crate::data::{self, Suites, btf};
use crate::{Result, files};

/// A kernel to boot.
pub(crate) struct Image {
    pub(crate) name: &'static str,
    pub(crate) architecture: Architecture,
    /// The suites that have it, in order of preference.
    suites: &'static [&'static str],
    /// The package's name, in which one `*` stands for a version.
    package: &'static str,
    /// The package with its configuration, if that is another one.
    configuration: Option<&'static str>,
    /// Whether CI boots it each time.
    pub(crate) in_ci: bool,
}

/// All kernels, in the order in which they are booted.
pub(crate) const IMAGES: &[Image] = &[
    Image {
        name: "amd64-5.10",
        architecture: Architecture::Amd64,
        suites: &["bullseye"],
        package: "linux-image-5.10.0-*-cloud-amd64-unsigned",
        configuration: None,
        in_ci: false,
    },
    Image {
        name: "amd64-6.1",
        architecture: Architecture::Amd64,
        suites: &["bookworm"],
        package: "linux-image-6.1.0-*-cloud-amd64-unsigned",
        configuration: None,
        in_ci: false,
    },
    Image {
        name: "amd64-6.12",
        architecture: Architecture::Amd64,
        suites: &["trixie"],
        package: "linux-image-6.12.*-cloud-amd64-unsigned",
        configuration: None,
        in_ci: true,
    },
    Image {
        name: "amd64-sid",
        architecture: Architecture::Amd64,
        suites: &["sid"],
        package: "linux-binary-*-cloud-amd64",
        configuration: Some("linux-base-*-cloud-amd64"),
        in_ci: false,
    },
    Image {
        name: "arm64-6.1",
        architecture: Architecture::Arm64,
        suites: &["bookworm"],
        package: "linux-image-6.1.0-*-cloud-arm64-unsigned",
        configuration: None,
        in_ci: false,
    },
    Image {
        name: "s390x-6.12",
        architecture: Architecture::S390x,
        suites: &["trixie", "bookworm-backports"],
        package: "linux-image-6.12.*-s390x",
        configuration: None,
        in_ci: true,
    },
];

/// The suite of the libraries and programs: its C library is that of the cross compilers.
const LIBRARIES: &str = "bookworm";

/// Packages of every architecture: what the loader is linked with, and the shell of the initrd.
const PARTS: [&str; 3] = ["libelf-dev", "zlib1g-dev", "busybox-static"];

/// A kernel's files in the data folder.
pub(crate) struct Files(PathBuf);

impl Files {
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    pub(crate) fn vmlinuz(&self) -> PathBuf {
        self.0.join("vmlinuz")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.0.join("config")
    }

    /// The package and version.
    pub(crate) fn package(&self) -> Result<String> {
        Ok(fs::read_to_string(self.0.join("package"))?.trim_end().to_owned())
    }
}

/// What was fetched, or is fetched when it is asked for.
pub(crate) struct Store(Suites);

impl Store {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Suites::new(std::path::absolute("target/kernels/apt")?)))
    }

    /// Returns a kernel's files: `images/NAME` in the data folder. To fetch them again, delete the folder.
    pub(crate) fn image(&mut self, image: &Image) -> Result<Files> {
        let folder = data::folder()?.join("images").join(image.name);
        if !folder.exists() {
            self.first_suite(image.suites, |store, suite| store.fetch_image(image, suite, &folder))
                .map_err(|error| format!("{}: {error}", image.name))?;
        }
        Ok(Files(folder))
    }

    /// Returns the folder with the files of the packages that loaders are built from.
    pub(crate) fn parts(&mut self, architecture: Architecture) -> Result<PathBuf> {
        let folder = data::folder()?.join("images").join("parts").join(architecture.name());
        if !folder.exists() {
            complete(&folder, |scratch| {
                let suite = self.0.open(LIBRARIES, architecture.name())?;
                for name in PARTS {
                    suite.unpack(suite.newest(name)?, scratch)?;
                }
                Ok(())
            })?;
        }
        Ok(folder)
    }

    fn fetch_image(&mut self, image: &Image, suite: &'static str, folder: &Path) -> Result {
        let suite = self.0.open(suite, image.architecture.name())?;
        let package = suite.newest(image.package)?.clone();
        complete(folder, |scratch| {
            let unpacked = scratch.join("unpacked");
            suite.unpack(&package, &unpacked)?;
            let found = files::below(&unpacked)?;
            let vmlinuz = named(&found, "vmlinuz").ok_or("the package has no vmlinuz")?;
            let vmlinuz_bytes = fs::read(vmlinuz)?;
            let config = match (named(&found, "config"), image.configuration) {
                (Some(config), _) => fs::read(config)?,
                (None, None) => return Err("the package has no config".into()),
                (None, Some(pattern)) => {
                    let unpacked = scratch.join("configuration");
                    suite.unpack(suite.newest(pattern)?, &unpacked)?;
                    let found = files::below(&unpacked)?;
                    fs::read(named(&found, "config").ok_or("the packages have no config")?)?
                }
            };
            fs::write(scratch.join("btf"), btf::of_kernel(vmlinuz)?)?;
            fs::write(scratch.join("vmlinuz"), vmlinuz_bytes)?;
            fs::write(scratch.join("config"), config)?;
            fs::write(scratch.join("package"), format!("{} {}\n", package.name, package.version))?;
            for leftover in ["unpacked", "configuration"] {
                let leftover = scratch.join(leftover);
                if leftover.exists() {
                    fs::remove_dir_all(leftover)?;
                }
            }
            Ok(())
        })
    }

    fn first_suite(
        &mut self,
        suites: &[&'static str],
        mut fetch: impl FnMut(&mut Self, &'static str) -> Result,
    ) -> Result {
        let mut failures = Vec::new();
        for suite in suites {
            match fetch(self, suite) {
                Ok(()) => return Ok(()),
                Err(error) => failures.push(format!("{suite}: {error}")),
            }
        }
        Err(failures.join("; ").into())
    }
}

/// Makes a folder that exists only when it is complete.
fn complete(folder: &Path, make: impl FnOnce(&Path) -> Result) -> Result {
    let name = folder.file_name().ok_or("a folder has a name")?.to_string_lossy();
    let scratch = folder.with_file_name(format!("{name}.new-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let made = make(&scratch).and_then(|()| Ok(fs::rename(&scratch, folder)?));
    if made.is_err() && scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    made
}

/// The first file with this name, or with this name before a version.
fn named<'f>(files: &'f [PathBuf], name: &str) -> Option<&'f PathBuf> {
    files.iter().find(|file| {
        let file = file.file_name().and_then(|file| file.to_str());
        let rest = file.and_then(|file| file.strip_prefix(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}
