//! Debian packages of any suite and architecture, independent of the machine's own apt.
//!
//! Each suite and architecture has its own sources, lists and cache, so that one whose lists are being
//! changed in the archive does not block the others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::command::{run, text};

/// A suite of the archive for one architecture, with its package lists.
pub(crate) struct Suite {
    name: &'static str,
    architecture: &'static str,
    configuration: PathBuf,
    packages: Vec<Package>,
}

/// A package in a suite's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) architecture: String,
    /// The size of its file in bytes.
    pub(crate) size: u64,
}

impl Suite {
    /// Fetches the lists of the suite `name` for an architecture; apt's files go to `folder`.
    ///
    /// The archive's address is that of the machine's own apt, and that of security updates for the suites
    /// that end in `-security`.
    pub(crate) fn open(
        name: &'static str,
        architecture: &'static str,
        folder: &Path,
    ) -> Result<Self> {
        let folder = folder.join(format!("{name}-{architecture}"));
        for part in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part))?;
        }
        fs::write(folder.join("status"), "")?;
        fs::write(
            folder.join("archive.sources"),
            format!(
                "Types: deb\nURIs: {}\nSuites: {name}\nComponents: main\nArchitectures: {architecture}\n\
                 Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
                archive(name)?,
            ),
        )?;
        let configuration = folder.join("apt.conf");
        fs::write(&configuration, settings(&folder, architecture))?;

        let mut suite = Self { name, architecture, configuration, packages: Vec::new() };
        run(suite.apt("apt-get").arg("update"))?;
        suite.packages = parse_packages(&text(suite.apt("apt-cache").arg("dumpavail"))?);
        Ok(suite)
    }

    /// All packages, with the newest version of each.
    pub(crate) fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The newest package whose name matches `pattern`, in which one `*` stands for a version.
    pub(crate) fn newest(&self, pattern: &str) -> Result<&Package> {
        let mut newest: Option<&Package> = None;
        for package in &self.packages {
            if fits(&package.name, pattern)
                && newest.is_none_or(|other| is_newer(&package.version, &other.version))
            {
                newest = Some(package);
            }
        }
        newest.ok_or_else(|| {
            format!("there is no package {pattern} for {} in {}", self.architecture, self.name)
                .into()
        })
    }

    /// Downloads `package` and unpacks its files into `folder`.
    pub(crate) fn unpack(&self, package: &Package, folder: &Path) -> Result {
        let deb = self.download(package, folder)?;
        run(Command::new("dpkg-deb").arg("--extract").arg(&deb).arg(folder))?;
        fs::remove_file(deb)?;
        Ok(())
    }

    /// Downloads `package` into `folder` and returns the file's path.
    pub(crate) fn download(&self, package: &Package, folder: &Path) -> Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let Package { name, version, architecture, .. } = package;
        let wanted = match architecture.as_str() {
            "all" => format!("{name}={version}"),
            _ => format!("{name}:{architecture}={version}"),
        };
        run(self.apt("apt-get").arg("download").arg(wanted).current_dir(folder))?;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                return Ok(path);
            }
        }
        Err(format!("apt-get left no package in {}", folder.display()).into())
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-qq").arg("--config-file").arg(&self.configuration);
        command
    }
}

/// The address of the archive with a suite, among the machine's own sources.
///
/// Security updates have an archive of their own, whose address differs in its last part.
fn archive(suite: &str) -> Result<String> {
    let listed = text(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI) $(RELEASE) $(ORIGIN)",
        "Created-By: Packages",
    ]))?;
    // The origin is known only once the lists have been fetched; without it the
    // address has to do.
    let is_debian = |line: &&str| {
        let mut words = line.split(' ');
        let (uri, release) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let origin = words.next().unwrap_or("");
        !release.ends_with("-security")
            && (origin == "Debian" || uri.trim_end_matches('/').ends_with("/debian"))
    };
    let line = listed
        .lines()
        .find(is_debian)
        .ok_or("apt lists no Debian archive on this machine (`apt-get indextargets`)")?;
    let uri = line.split(' ').next().unwrap_or_default().trim_end_matches('/');
    Ok(if suite.ends_with("-security") { format!("{uri}-security") } else { uri.to_owned() })
}

/// apt's settings for a suite in `folder`.
///
/// The machine's settings, such as a proxy, still apply, but not its commands to run after an update.
fn settings(folder: &Path, architecture: &str) -> String {
    let folder = folder.display();
    format!(
        "Dir::State::lists \"{folder}/lists\";\n\
         Dir::State::status \"{folder}/status\";\n\
         Dir::Etc::sourcelist \"{folder}/archive.sources\";\n\
         Dir::Etc::sourceparts \"-\";\n\
         Dir::Cache \"{folder}/cache\";\n\
         Dir::Cache::archives \"archives\";\n\
         Dir::Cache::pkgcache \"pkgcache.bin\";\n\
         Dir::Cache::srcpkgcache \"srcpkgcache.bin\";\n\
         #clear APT::Architectures;\n\
         APT::Architecture \"{architecture}\";\n\
         APT::Architectures {{ \"{architecture}\"; }};\n\
         #clear APT::Update::Post-Invoke;\n\
         #clear APT::Update::Post-Invoke-Success;\n\
         #clear Acquire::IndexTargets::deb::DEP-11;\n\
         Acquire::Languages \"none\";\n\
         Acquire::Retries \"3\";\n\
         APT::Sandbox::User \"root\";\n"
    )
}

fn parse_packages(listing: &str) -> Vec<Package> {
    let field = |stanza: &str, name: &str| {
        let value = stanza.lines().find_map(|line| line.strip_prefix(name));
        value.map(|value| value.trim().to_owned())
    };
    listing
        .split("\n\n")
        .filter_map(|stanza| {
            Some(Package {
                name: field(stanza, "Package:")?,
                version: field(stanza, "Version:")?,
                architecture: field(stanza, "Architecture:")?,
                size: field(stanza, "Size:")?.parse().ok()?,
            })
        })
        .collect()
}

fn fits(name: &str, pattern: &str) -> bool {
    let Some((start, end)) = pattern.split_once('*') else { return name == pattern };
    let version = name.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
}

/// Returns `true` if Debian sorts version `a` after `b`.
fn is_newer(a: &str, b: &str) -> bool {
    let compared = Command::new("dpkg").args(["--compare-versions", a, "gt", b]).status();
    compared.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_a_version() {
        let pattern = "linux-binary-*-cloud-amd64";
        assert!(fits("linux-binary-7.2.13+deb14-cloud-amd64", pattern));
        assert!(!fits("linux-binary-unsigned-7.2.13+deb14-cloud-amd64", pattern));
        assert!(!fits("linux-binary-7.2.13+deb14-amd64", pattern));
        assert!(fits("pwru", "pwru"));
        assert!(!fits("pwru-dbgsym", "pwru"));
    }

    #[test]
    fn packages_are_read_from_their_stanzas() {
        let listing = "Package: a\nArchitecture: s390x\nVersion: 1:2-3\nSize: 40\n\nPackage: b\n";
        let a = Package {
            name: "a".into(),
            version: "1:2-3".into(),
            architecture: "s390x".into(),
            size: 40,
        };
        assert_eq!(parse_packages(listing), [a]);
    }
}
