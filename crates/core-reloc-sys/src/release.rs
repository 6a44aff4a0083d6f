//! The release of the kernel that a file belongs to, where the file or its path states it.

use std::path::{Component, Path};

/// Returns the release that a module states in its `.modinfo`, as the first word of `vermagic`.
pub(crate) fn in_modinfo(modinfo: &[u8]) -> Option<String> {
    let fields = modinfo.split(|byte| *byte == 0);
    let vermagic = fields.filter_map(|field| field.strip_prefix(b"vermagic=")).next()?;
    let release = vermagic.split(|byte| *byte == b' ').next()?;
    std::str::from_utf8(release).ok().filter(|release| is_release(release)).map(str::to_string)
}

/// Returns the release that a path states: that of the folder `/lib/modules/RELEASE`, or the one in a
/// file's name, such as `vmlinux-RELEASE` or `RELEASE.btf`.
///
/// ```
/// use std::path::Path;
///
/// use core_reloc_sys::release_of_path;
///
/// let release = |path: &str| release_of_path(Path::new(path));
/// assert_eq!(release("/lib/modules/6.1.0-50-amd64/kernel/fs/xfs.ko"), Some("6.1.0-50-amd64".into()));
/// assert_eq!(release("/boot/vmlinuz-6.12.9!payload(xz)@0x3a5b"), Some("6.12.9".into()));
/// assert_eq!(release("ubuntu.tar.xz!5.4.0-26-generic.btf"), Some("5.4.0-26-generic".into()));
/// assert_eq!(release("nf_conntrack.ko"), None);
/// ```
pub fn release_of_path(path: &Path) -> Option<String> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let names: Vec<&str> = names.collect();
    let folder = names.windows(2).find_map(|pair| match pair {
        ["modules", release] => Some(*release).filter(|release| is_release(release)),
        _ => None,
    });
    // A part of a file is named after a `!`.
    let in_names = || names.iter().rev().flat_map(|name| name.rsplit('!')).find_map(in_name);
    folder.or_else(in_names).map(str::to_string)
}

/// Returns the release in the name of a file.
fn in_name(name: &str) -> Option<&str> {
    let prefixes = ["vmlinux-", "vmlinuz-", "Image-", "kernel-"];
    let rest = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let suffixes = [".btf", ".debug", ".gz", ".xz", ".zst"];
    let rest = suffixes.iter().find_map(|suffix| rest.strip_suffix(suffix)).unwrap_or(rest);
    is_release(rest).then_some(rest)
}

/// Returns `true` for `6.1.0-50-amd64`, and other text that starts with two numbers and a dot between.
fn is_release(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+-~".contains(c);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((major, rest)) = text.split_once('.') else { return false };
    let minor = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    is_number(major) && is_number(minor) && text.len() <= 64 && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_states_its_release() {
        let modinfo = |bytes: &[u8]| in_modinfo(bytes);
        let full = b"license=GPL\0vermagic=6.1.0-50-amd64 SMP preempt mod_unload \0name=x\0";
        assert_eq!(modinfo(full).as_deref(), Some("6.1.0-50-amd64"));
        assert_eq!(modinfo(b"vermagic=6.1.0").as_deref(), Some("6.1.0"));
        for bytes in
            [&b""[..], b"license=GPL\0", b"vermagic=\0", b"vermagic=\xff.1\0", b"vermagic=x"]
        {
            assert_eq!(modinfo(bytes), None);
        }
    }

    #[test]
    fn paths_state_a_release() {
        for (path, release) in [
            ("/usr/lib/debug/boot/vmlinux-6.1.0-50-amd64", Some("6.1.0-50-amd64")),
            ("/lib/modules/6.1.0-50-amd64/build/vmlinux", Some("6.1.0-50-amd64")),
            ("boot/vmlinuz-6.12.9+bpo-amd64", Some("6.12.9+bpo-amd64")),
            ("kernels/5.15.btf", Some("5.15")),
            ("/sys/kernel/btf/vmlinux", None),
            ("lib/modules/extra/x.ko", None),
            ("amd64-6.1.btf", None),
            ("6.x.btf", None),
            ("6..btf", None),
            ("6.1\u{202e}.btf", None),
            ("..", None),
            ("", None),
        ] {
            assert_eq!(release_of_path(Path::new(path)).as_deref(), release, "{path}");
        }
    }
}
