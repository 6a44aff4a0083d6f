//! `relocate-with-libbpf OBJECT TARGET OUT`: a minimal program that relocates an object with libbpf.

use std::path::Path;
use std::{env, fs};

use core_reloc_bench::Result;
use core_reloc_bench::contenders::libbpf::relocate_file;

fn main() -> Result {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [object, target, out] = arguments.as_slice() else {
        return Err("usage: relocate-with-libbpf OBJECT TARGET OUT".into());
    };
    Ok(fs::write(out, relocate_file(&fs::read(object)?, Path::new(target))?)?)
}
