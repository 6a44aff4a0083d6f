//! Writes the vectors for other implementers into a folder; `cargo xtask vectors` runs it.

use std::path::PathBuf;
use std::{fs, io};

use clap::Parser;
use core_reloc_tests::vectors;

/// Write the vectors for other implementers, with the outcomes of libbpf.
#[derive(Parser)]
struct Arguments {
    /// The folder, which is created if it does not exist
    folder: PathBuf,
}

fn main() -> io::Result<()> {
    let Arguments { folder } = Arguments::parse();
    fs::create_dir_all(&folder)?;
    for file in vectors::files() {
        fs::write(folder.join(file.name), file.json)?;
    }
    Ok(())
}
