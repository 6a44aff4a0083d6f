//! A made-up root directory, and files for it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use btf_types::{Btf, ByteOrder, build::Builder};
use core_reloc_sys::Kernel;
use object::{Architecture, BinaryFormat, Endianness, SectionKind, write};
use tempfile::TempDir;

/// The release of the made-up kernels.
pub(crate) const RELEASE: &str = "6.1.0-test";

/// A temporary root directory, deleted when it is dropped.
pub(crate) struct Tree(TempDir);

impl Tree {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Adds a file and its parent directories.
    pub(crate) fn with(self, path: &str, bytes: &[u8]) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    pub(crate) fn with_directory(self, path: &str) -> Self {
        fs::create_dir_all(self.path(path)).unwrap();
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn kernel(&self) -> Kernel {
        Kernel::at(self.0.path(), RELEASE)
    }

    /// Removes the root directory's path from a message: it differs from run to run.
    pub(crate) fn strip(&self, message: &str) -> String {
        let root: &Path = self.0.path();
        message.replace(root.to_str().unwrap(), "")
    }
}

/// Makes BTF with a type of each name.
pub(crate) fn btf(names: &[&str]) -> Vec<u8> {
    let mut builder = Builder::new(ByteOrder::Little);
    for name in names {
        builder.fwd_struct(name);
    }
    builder.finish().unwrap()
}

/// Makes split BTF with a type of each name.
pub(crate) fn split_btf(base: &[u8], names: &[&str]) -> Vec<u8> {
    let base = Btf::parse(base).unwrap();
    let mut builder = Builder::split(&base);
    for name in names {
        builder.fwd_struct(name);
    }
    builder.finish().unwrap()
}

/// Makes a 64-bit ELF file with the given sections.
pub(crate) fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    elf_of(Architecture::X86_64, Endianness::Little, sections)
}

/// Makes an ELF file of the machine's width and byte order.
pub(crate) fn elf_of(
    machine: Architecture,
    order: Endianness,
    sections: &[(&str, &[u8])],
) -> Vec<u8> {
    let mut file = write::Object::new(BinaryFormat::Elf, machine, order);
    for (name, bytes) in sections {
        let section = file.add_section(Vec::new(), name.as_bytes().to_vec(), SectionKind::Data);
        file.set_section_data(section, bytes.to_vec(), 1);
    }
    file.write().unwrap()
}
