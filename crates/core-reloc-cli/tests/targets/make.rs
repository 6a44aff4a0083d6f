//! Making files of every sort.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use core_reloc_cli::targets::{Limits, TargetError, Targets};
use core_reloc_sys::BtfFile;
use core_reloc_tests::judge::skipped;
use object::{Architecture, BinaryFormat, Endianness, SectionKind, write};

/// The fixtures that stand for kernels: of either byte order.
pub(crate) const KERNELS: [&str; 2] = ["same.le", "same.be"];

/// The BTF of a fixture.
pub(crate) fn btf(name: &str) -> Vec<u8> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/btf");
    fs::read(fixtures.join(format!("{name}.btf"))).unwrap()
}

/// A folder that goes when this does.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, with the folders that lead to it, and returns its path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A message without the part of its paths that differs from run to run.
    pub(crate) fn strip(&self, message: &str) -> String {
        message.replace(self.0.path().to_str().unwrap(), "")
    }

    /// What is found below a path: what it is called and its bytes, or the complaint.
    pub(crate) fn targets(&self, name: &str, limits: Limits) -> Vec<Result<Found, String>> {
        let found = |target: Result<BtfFile, TargetError>| match target {
            Ok(file) => Ok((self.strip(file.path().to_str().unwrap()), file.as_bytes().to_vec())),
            Err(error) => Err(self.strip(&error.to_string())),
        };
        Targets::new(&self.path(name), limits).map(found).collect()
    }
}

/// The path of a BTF, and its bytes.
pub(crate) type Found = (String, Vec<u8>);

/// What a single file with these bytes is found to hold.
pub(crate) fn target_in(bytes: &[u8], limits: Limits) -> Result<Found, String> {
    let folder = Folder::new();
    folder.file("file", bytes);
    let mut targets = folder.targets("file", limits);
    assert_eq!(targets.len(), 1, "{targets:?}");
    targets.remove(0)
}

/// A program that packs, by its command line, from standard input to standard output. None where the
/// program is not installed, and the test cannot run.
pub(crate) fn pack(command: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    pack_in(Path::new("."), command, bytes)
}

/// The same in a folder.
pub(crate) fn pack_in(folder: &Path, command: &str, bytes: &[u8]) -> Option<Vec<u8>> {
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

/// An ELF file with the given sections.
pub(crate) fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = write::Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    for (name, bytes) in sections {
        let section = file.add_section(Vec::new(), name.as_bytes().to_vec(), SectionKind::Data);
        file.set_section_data(section, bytes.to_vec(), 1);
    }
    file.write().unwrap()
}

/// Bytes without any pattern, the same in each run.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    (0..len).map(|_| random.below(256) as u8).collect()
}

/// A generator of numbers without any pattern: Marsaglia's xorshift64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// An unpacked kernel: code, a BTF, and more code.
pub(crate) fn kernel(btf: &[u8]) -> Vec<u8> {
    [&noise(100_000)[..], btf, &noise(50_000)].concat()
}

/// The boot sector and setup code of an x86 image, as `Documentation/arch/x86/boot.rst` describes
/// them, then 0x100 bytes of protected-mode code, and in it, the payload.
pub(crate) fn bz_image(payload: &[u8], len: u32) -> Vec<u8> {
    let mut image = vec![0; 3 * 512 + 0x100];
    image[0x1f1] = 2;
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x206..0x208].copy_from_slice(&0x020f_u16.to_le_bytes());
    image[0x248..0x24c].copy_from_slice(&0x100_u32.to_le_bytes());
    image[0x24c..0x250].copy_from_slice(&len.to_le_bytes());
    [&image[..], payload, &noise(3000)].concat()
}

/// A compressed EFI image, after `drivers/firmware/efi/libstub/zboot-header.S`.
pub(crate) fn zboot(payload: &[u8]) -> Vec<u8> {
    let mut image = vec![0; 0x1000];
    image[..2].copy_from_slice(b"MZ");
    image[4..8].copy_from_slice(b"zimg");
    image[8..12].copy_from_slice(&0x1000_u32.to_le_bytes());
    image[12..16].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    image[24..28].copy_from_slice(b"gzip");
    [&image[..], payload, &noise(3000)].concat()
}

/// An image with a magic at some offset, and something behind it.
pub(crate) fn image(magic: &[u8], offset: usize, content: &[u8]) -> Vec<u8> {
    let mut head = vec![0; 0x11000];
    head[offset..offset + magic.len()].copy_from_slice(magic);
    [&head[..], content].concat()
}
