//! `attacks FOLDER`: writes a small attack of each family, as seeds of fuzzers. `cargo xtask fuzz`
//! runs it.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use core_reloc_tests::hostile::{TARGETS, seeds};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("usage: attacks FOLDER")?;
    for target in TARGETS {
        let folder = Path::new(&folder).join(target.name);
        for seed in seeds::attacks(target.name) {
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(seed.path.file_name().unwrap_or_default()), seed.bytes)?;
        }
    }
    Ok(())
}
