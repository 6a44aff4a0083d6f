//! Judges from package registries: schemas and validators, which are fetched when a test needs them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::program::Folder;

/// A package that is unpacked in a temporary folder.
pub(crate) struct Package {
    folder: Folder,
}

impl Package {
    /// Unpacks a package of npm, such as `name@1.0`.
    pub(crate) fn npm(package: &str) -> Result<Self, String> {
        let fetched = Self { folder: Folder::new() };
        fetched.run("npm", &["pack", "--silent", package])?;
        fetched.unpack()
    }

    /// Unpacks a package of PyPI, such as `name==1.0`.
    pub(crate) fn pypi(package: &str) -> Result<Self, String> {
        Self::download(&["--only-binary", ":all:", package])
    }

    /// Unpacks the sources of a package of PyPI, which have its tests.
    pub(crate) fn pypi_sources(package: &str) -> Result<Self, String> {
        Self::download(&["--no-binary", ":all:", package])
    }

    fn download(arguments: &[&str]) -> Result<Self, String> {
        let fetched = Self { folder: Folder::new() };
        let quiet = ["download", "--quiet", "--disable-pip-version-check", "--no-deps"];
        fetched.run("pip", &[&quiet, arguments].concat())?;
        fetched.unpack()
    }

    fn unpack(self) -> Result<Self, String> {
        let names = self.folder.names();
        let archive = names.first().ok_or("there is no archive")?;
        match archive.ends_with(".whl") {
            true => self.run("python3", &["-m", "zipfile", "--extract", archive, "."])?,
            false => self.run("tar", &["xzf", archive, "--strip-components=1"])?,
        }
        Ok(self)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let output =
            Command::new(program).args(arguments).current_dir(self.folder.path("")).output();
        let output = output.map_err(|error| format!("{program} does not start: {error}"))?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        output.status.success().then_some(()).ok_or(format!("{program} {arguments:?}: {stderr}"))
    }

    /// Returns the path of a file of the package.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name).into()
    }
}

/// Returns a Python that has some modules: the first one in the path, or Debian's, or why there is none.
pub(crate) fn python(modules: &str) -> Result<&'static str, String> {
    let has_modules = |python: &&str| {
        let import = format!("import {modules}");
        let output = Command::new(python).args(["-c", &import]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let mut pythons = ["python3", "/usr/bin/python3"].into_iter();
    pythons.find(has_modules).ok_or_else(|| format!("no Python has the modules {modules}"))
}

/// Runs a script of Python with arguments; returns what it prints.
pub(crate) fn run_python(python: &str, script: &str, arguments: &[&Path]) -> String {
    let output = Command::new(python).args(["-c", script]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
