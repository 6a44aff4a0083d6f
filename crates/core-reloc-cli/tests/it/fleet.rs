//! A small fleet: fixtures in the layout of BTFHub, for the tests of shards and ranges.

use std::{fs, io::Write};

use lzma_rust2::{XzOptions, XzWriter};

use crate::program::{Folder, Run, fixture, run};

/// The kernels by distribution, version and architecture. Those of one version follow each other by their builds.
pub(crate) const KERNELS: [(&str, &str, &str); 16] = [
    ("ubuntu/18.04/x86_64", "4.15.0-20-generic", "nested.le"),
    ("ubuntu/18.04/x86_64", "4.15.0-213-generic", "nested.le"),
    ("ubuntu/18.04/x86_64", "5.0.0-15-generic", "same.le"),
    ("ubuntu/18.04/x86_64", "5.4.0-150-generic", "grown.le"),
    ("ubuntu/20.04/x86_64", "5.4.0-9-generic", "same.le"),
    ("ubuntu/20.04/x86_64", "5.4.0-26-generic", "gone.le"),
    ("ubuntu/20.04/x86_64", "5.4.0-100-generic", "same.le"),
    ("ubuntu/20.04/x86_64", "5.8.0-23-generic", "gone.le"),
    ("ubuntu/20.04/x86_64", "5.15.0-100-generic", "resized.le"),
    ("debian/11/x86_64", "5.10.0-8-amd64", "same.le"),
    ("debian/11/x86_64", "5.10.0-30-amd64", "same.le"),
    ("debian/12/x86_64", "6.1.0-9-amd64", "incompatible.le"),
    ("debian/12/x86_64", "6.1.0-10-amd64", "incompatible.le"),
    ("debian/12/s390x", "6.1.0-10-s390x", "same.be"),
    // The same name as in the other release.
    ("ubuntu/18.04/x86_64", "5.15.0-100-generic", "renamed.le"),
    ("centos/7/x86_64", "4.18.0-80.1.2.el8_0.x86_64", "same.le"),
];

/// A folder `archive` with the fleet.
pub(crate) fn fleet() -> Folder {
    let folder = Folder::new();
    for (place, version, name) in KERNELS {
        let place = folder.path(&format!("archive/{place}"));
        fs::create_dir_all(&place).unwrap();
        let packed = packed(&format!("{version}.btf"), &fixture(&format!("btf/{name}.btf")));
        fs::write(format!("{place}/{version}.btf.tar.xz"), packed).unwrap();
    }
    folder
}

/// Returns a tar.xz with one file.
fn packed(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, name, bytes).unwrap();
    let archive = archive.into_inner().unwrap();
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).unwrap();
    writer.write_all(&archive).unwrap();
    writer.finish().unwrap()
}

/// Objects of both byte orders, some of whose programs do not load on some kernels.
pub(crate) const OBJECTS: [&str; 6] = [
    "fixtures/objects/access.bpfel.o",
    "fixtures/objects/access.bpfeb.o",
    "fixtures/objects/enums.bpfel.o",
    "fixtures/objects/programs.bpfel.o",
    "fixtures/verdicts/guards.bpfel.o",
    "fixtures/verdicts/optional.bpfel.o",
];

/// Checks the objects on a target.
pub(crate) fn check(target: &str, more: &[&str]) -> Run {
    run(&[&["check"], &OBJECTS[..], &["--target", target], more].concat())
}
