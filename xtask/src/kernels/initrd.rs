//! Archives of files that a kernel unpacks when it boots: cpio's format "newc", which
//! `Documentation/driver-api/early-userspace/buffer-format.rst` describes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The type bits of a folder and of a file.
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;

/// The name that ends an archive.
const END: &str = "TRAILER!!!";

/// An archive.
#[derive(Default)]
pub(crate) struct Initrd {
    bytes: Vec<u8>,
    folders: BTreeSet<String>,
    entries: u32,
}

impl Initrd {
    /// Adds a folder and those that it is in. The path is from the root, without the first slash.
    pub(crate) fn folder(&mut self, path: &str) {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.folder(parent);
        }
        if self.folders.insert(path.to_owned()) {
            self.entry(path, FOLDER | 0o755, &[]);
        }
    }

    /// Adds a file that can be executed, with the folders that it is in.
    pub(crate) fn file(&mut self, path: &str, content: &[u8]) {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.folder(parent);
        }
        self.entry(path, FILE | 0o755, content);
    }

    /// Returns the bytes of the whole archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entry(END, 0, &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.entries += 1;
        // The magic, then: number, mode, user, group, links, time, size, four numbers of devices, the length of
        // the name with its NUL, and a checksum that is not used.
        let mut header = String::from("070701");
        let (size, name) = (content.len(), path.len() + 1);
        for field in [self.entries as usize, mode as usize, 0, 0, 1, 0, size, 0, 0, 0, 0, name, 0] {
            let _ = write!(header, "{field:08x}");
        }
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(content);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::command::is_installed;

    #[test]
    fn cpio_reads_an_archive() {
        if !is_installed("cpio") {
            println!("SKIPPED: cpio is not installed");
            return;
        }
        let mut initrd = Initrd::default();
        initrd.file("bin/a", b"12345");
        initrd.file("bin/b", b"");
        initrd.folder("sys");
        let mut cpio = Command::new("cpio")
            .args(["--list", "--verbose", "--quiet", "--numeric-uid-gid"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        cpio.stdin.take().unwrap().write_all(&initrd.finish()).unwrap();
        let listed = cpio.wait_with_output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let listed: Vec<_> = listed
            .lines()
            .map(|line| {
                let words: Vec<_> = line.split_whitespace().collect();
                (words[0], words[4], *words.last().unwrap())
            })
            .collect();
        let (file, folder) = ("-rwxr-xr-x", "drwxr-xr-x");
        let expected = [
            (folder, "0", "bin"),
            (file, "5", "bin/a"),
            (file, "0", "bin/b"),
            (folder, "0", "sys"),
        ];
        assert_eq!(listed, expected);
    }
}
