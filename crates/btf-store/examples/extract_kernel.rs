//! Extracts the BTF of a kernel from a store: `extract_kernel STORE RELEASE OUT`.

use std::{error::Error, fs};

use btf_store::Store;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, release, out] = arguments.as_slice() else {
        return Err("usage: extract_kernel STORE RELEASE OUT".into());
    };
    let bytes = fs::read(path)?;
    let store = Store::open(&bytes)?;
    let kernel = store.find(release)?.next().ok_or("the store has no kernel of this release")??;
    fs::write(out, kernel.extract()?.as_bytes())?;
    Ok(())
}
