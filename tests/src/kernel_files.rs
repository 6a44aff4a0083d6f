//! Files of every format in which kernels and modules are shipped.
//!
//! The usual programs compress them, or they are laid out by hand from the descriptions of the formats.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use object::{Architecture, BinaryFormat, Endianness, SectionKind, write};

pub use crate::hostile::damage::Random;
use crate::{data::read_fixture, judge::skipped};

/// The names of fixtures that stand for kernels, one of each byte order.
pub const KERNELS: [&str; 2] = ["same.le", "same.be"];

/// Reads the BTF of a fixture.
pub fn btf(name: &str) -> Vec<u8> {
    read_fixture(&format!("btf/{name}.btf"))
}

/// A temporary folder, deleted when it is dropped.
#[derive(Debug)]
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// Creates an empty folder.
    #[expect(clippy::new_without_default, reason = "it writes to the disk")]
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Returns the path of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and its parent folders; returns its path.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Removes the folder's path from a message: it differs from run to run.
    pub fn strip(&self, message: &str) -> String {
        message.replace(self.0.path().to_str().unwrap(), "")
    }
}

/// Runs a compressor, given by its command line, from standard input to standard output. Returns
/// `None`, and reports the test as skipped, if the program is not installed.
pub fn pack(command: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    pack_in(Path::new("."), command, bytes)
}

/// Runs a compressor in a folder; see [`pack`].
pub fn pack_in(folder: &Path, command: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut words = command.split(' ');
    let program = words.next().unwrap();
    let child = Command::new(program)
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        skipped(&format!("{program} is not installed"));
        return None;
    };
    let mut input = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        scope.spawn(move || input.write_all(bytes).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{command}");
    Some(output.stdout)
}

/// Returns an ELF file with the given sections.
pub fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = write::Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    for (name, bytes) in sections {
        let section = file.add_section(Vec::new(), name.as_bytes().to_vec(), SectionKind::Data);
        file.set_section_data(section, bytes.to_vec(), 1);
    }
    file.write().unwrap()
}

/// Returns reproducible bytes without a pattern.
pub fn noise(len: usize) -> Vec<u8> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    (0..len).map(|_| random.below(256) as u8).collect()
}

/// Returns an uncompressed kernel: code, BTF, and more code.
pub fn kernel(btf: &[u8]) -> Vec<u8> {
    [&noise(100_000)[..], btf, &noise(50_000)].concat()
}

/// Returns an x86 image: the boot sector and setup code, which `Documentation/arch/x86/boot.rst`
/// describes, then 0x100 bytes of protected-mode code, then the payload.
pub fn bz_image(payload: &[u8], len: u32) -> Vec<u8> {
    let mut image = vec![0; 3 * 512 + 0x100];
    image[0x1f1] = 2;
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x206..0x208].copy_from_slice(&0x020f_u16.to_le_bytes());
    image[0x248..0x24c].copy_from_slice(&0x100_u32.to_le_bytes());
    image[0x24c..0x250].copy_from_slice(&len.to_le_bytes());
    [&image[..], payload, &noise(3000)].concat()
}

/// Returns a compressed EFI image, as described by `drivers/firmware/efi/libstub/zboot-header.S`.
pub fn zboot(payload: &[u8]) -> Vec<u8> {
    let mut image = vec![0; 0x1000];
    image[..2].copy_from_slice(b"MZ");
    image[4..8].copy_from_slice(b"zimg");
    image[8..12].copy_from_slice(&0x1000_u32.to_le_bytes());
    image[12..16].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    image[24..28].copy_from_slice(b"gzip");
    [&image[..], payload, &noise(3000)].concat()
}

/// Returns an image with a magic at an offset, and content after its first 0x11000 bytes.
pub fn image(magic: &[u8], offset: usize, content: &[u8]) -> Vec<u8> {
    let mut head = vec![0; 0x11000];
    head[offset..offset + magic.len()].copy_from_slice(magic);
    [&head[..], content].concat()
}
