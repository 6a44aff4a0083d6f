//! What is known of a kernel: its types, and what types do not show.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use core_reloc::Target;

/// A kernel, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Kernel<'k> {
    pub(super) target: &'k Target<'k>,
    pub(super) release: Option<Release>,
    pub(super) symbols: Option<&'k SymbolNames>,
    pub(super) config: Option<&'k Config>,
}

impl<'k> Kernel<'k> {
    /// Describes a kernel of which only the types are known.
    pub fn new(target: &'k Target<'k>) -> Self {
        Self { target, release: None, symbols: None, config: None }
    }

    /// Adds the release.
    #[must_use]
    pub fn with_release(self, release: Release) -> Self {
        Self { release: Some(release), ..self }
    }

    /// Adds the names of all symbols.
    #[must_use]
    pub fn with_symbols(self, symbols: &'k SymbolNames) -> Self {
        Self { symbols: Some(symbols), ..self }
    }

    /// Adds the configuration.
    #[must_use]
    pub fn with_config(self, config: &'k Config) -> Self {
        Self { config: Some(config), ..self }
    }

    /// Returns the types.
    pub fn target(&self) -> &'k Target<'k> {
        self.target
    }

    /// Returns the release, if it is known.
    pub fn release(&self) -> Option<Release> {
        self.release
    }

    /// Returns the number that loaders give a variable in `.kconfig`, if what is known of the kernel
    /// determines it. Follows libbpf's `set_kcfg_value_num` and `bpf_object__resolve_externs` (BSD-2-Clause
    /// option).
    pub fn config_value(&self, name: &[u8]) -> Option<u64> {
        if name == b"LINUX_KERNEL_VERSION" {
            return self.release.map(|release| release.code().into());
        }
        match self.config?.value(name) {
            // Only a weak option may be missing, and is 0.
            None => name.starts_with(b"CONFIG_").then_some(0),
            Some(b"y") => Some(1),
            Some(b"m") => Some(2),
            Some(number) => std::str::from_utf8(number).ok()?.parse().ok(),
        }
    }
}

/// A release of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// The major version.
    pub major: u32,
    /// The minor version.
    pub minor: u32,
    /// The number of the stable release, 0 if it is not known.
    pub patch: u32,
}

impl Release {
    /// Finds a release in a text such as `6.1.0-50-amd64`, `vmlinux-6.12.107.btf` or `amd64-5.10.btf`: the
    /// first two or three numbers with dots between them.
    ///
    /// ```
    /// use core_reloc_tools::needs::Release;
    ///
    /// let release = |major, minor, patch| Some(Release { major, minor, patch });
    /// assert_eq!(Release::find("vmlinux-6.12.107-cloud-amd64"), release(6, 12, 107));
    /// assert_eq!(Release::find("amd64-5.10.btf"), release(5, 10, 0));
    /// assert_eq!(Release::find("vmlinux"), None);
    /// ```
    pub fn find(text: &str) -> Option<Self> {
        let runs = text.split(|character: char| !character.is_ascii_digit() && character != '.');
        runs.filter_map(|run| {
            let mut numbers = run.split('.').map(|number| number.parse::<u32>().ok());
            let (major, minor) = (numbers.next()??, numbers.next()??);
            Some(Self { major, minor, patch: numbers.next().flatten().unwrap_or(0) })
        })
        .next()
    }
}

impl Release {
    /// Returns the number that `LINUX_KERNEL_VERSION` has: one byte for the stable release, at most 255.
    pub fn code(self) -> u32 {
        let parts = [self.major.min(0xff), self.minor.min(0xff), self.patch.min(0xff)];
        parts.iter().fold(0, |code, part| code << 8 | part)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The names of a kernel's symbols.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SymbolNames(BTreeSet<Box<[u8]>>);

impl SymbolNames {
    /// Parses a `System.map`, or what `/proc/kallsyms` contains: lines of an address, a letter and a name,
    /// perhaps with a module in brackets. Other lines are ignored, such as the only one of the `System.map` that
    /// Debian installs, which names the package with the symbols.
    ///
    /// ```
    /// use core_reloc_tools::needs::SymbolNames;
    ///
    /// let text = b"ffffffff81000000 T _text\nffffffffc0a01000 t nf_ct_get_id\t[nf_conntrack]\n";
    /// assert!(SymbolNames::parse(text).contains(b"nf_ct_get_id"));
    /// let text = b"ffffffffffffffff B The real System.map is in another package\n";
    /// assert!(SymbolNames::parse(text).is_empty());
    /// ```
    pub fn parse(text: &[u8]) -> Self {
        let name = |line: &[u8]| {
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let (_, letter, name) = (words.next()?, words.next()?, words.next()?);
            let is_module = |word: &[u8]| word.starts_with(b"[") && word.ends_with(b"]");
            (letter.len() == 1 && words.all(is_module)).then(|| name.into())
        };
        Self(text.split(|byte| *byte == b'\n').filter_map(name).collect())
    }

    /// Returns `true` if the kernel has a symbol of this name.
    pub fn contains(&self, name: &[u8]) -> bool {
        self.0.contains(name)
    }

    /// Returns `true` if there are no names.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A kernel's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config(BTreeMap<Box<[u8]>, Box<[u8]>>);

impl Config {
    /// Parses a configuration file: lines such as `CONFIG_HZ=250`. Other lines are ignored.
    pub fn parse(text: &[u8]) -> Self {
        let entry = |line: &[u8]| {
            let at = line.iter().position(|byte| *byte == b'=')?;
            let (name, value) = line.split_at_checked(at)?;
            name.starts_with(b"CONFIG_")
                .then(|| (name.into(), value.get(1..).unwrap_or(&[]).into()))
        };
        Self(text.split(|byte| *byte == b'\n').filter_map(entry).collect())
    }

    /// Returns `true` if no option is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of an option, such as `y` or `250`; `None` if it is not set.
    pub fn value(&self, name: &[u8]) -> Option<&[u8]> {
        self.0.get(name).map(AsRef::as_ref)
    }
}
