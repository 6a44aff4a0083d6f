//! What a file is for, by its name.

use std::path::{Path, PathBuf};

use super::names::{release_folder, without_compression};

/// What a file is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A module: `nf_conntrack.ko`, also compressed.
    Module,
    /// A kernel's symbols or configuration, or a list of modules, without types.
    Companion,
    /// Anything else, such as a kernel, or a module's BTF.
    Any,
}

impl Role {
    /// Returns the role of the file at a path.
    pub(crate) fn of(path: &Path) -> Self {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_list = || name.starts_with("modules.") && release_folder(path).is_some();
        if without_compression(name).ends_with(".ko") {
            Self::Module
        } else if Companion::ALL.iter().any(|companion| companion.is_named(name)) || is_list() {
            Self::Companion
        } else {
            Self::Any
        }
    }
}

/// A file that tells of a kernel what its types do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Companion {
    /// `System.map-6.1.0`: the symbols.
    Symbols,
    /// `config-6.1.0`: the configuration.
    Config,
}

impl Companion {
    const ALL: [Self; 2] = [Self::Symbols, Self::Config];

    fn name(self) -> &'static str {
        match self {
            Self::Symbols => "System.map",
            Self::Config => "config",
        }
    }

    /// Returns `true` for a name such as `config` or `config-6.1.0`.
    fn is_named(self, name: &str) -> bool {
        name.strip_prefix(self.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Returns the path of a kernel's file of this kind: `boot/config-6.1.0` for `boot/vmlinuz-6.1.0`.
    pub(crate) fn of(self, kernel: &Path) -> Option<PathBuf> {
        let name = kernel.file_name()?.to_str()?;
        let kinds = ["vmlinuz", "vmlinux", "Image", "kernel"];
        let rest = kinds.iter().find_map(|kind| name.strip_prefix(kind))?;
        (rest.is_empty() || rest.starts_with('-'))
            .then(|| kernel.with_file_name(format!("{}{rest}", self.name())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companions_are_named_as_their_kernel() {
        for (kernel, config) in [
            ("boot/vmlinuz-6.1.0-1", Some("boot/config-6.1.0-1")),
            ("lib/modules/6.1.0/vmlinuz", Some("lib/modules/6.1.0/config")),
            ("6.1.btf", None),
            ("vmlinuz.old", None),
        ] {
            let found = Companion::Config.of(Path::new(kernel));
            assert_eq!(found.as_deref(), config.map(Path::new));
        }
    }
}
