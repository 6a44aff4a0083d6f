//! Measures what kernels come to as a store: `measure_store [--write FILE] BTF...`.
//!
//! Each argument is a file with raw BTF, whose name is taken as the release; a folder `NAME.modules` beside
//! `NAME.btf` has its modules. Prints tab-separated names and numbers of bytes, and milliseconds.

use std::{error::Error, fs, io::Write, path::PathBuf, time::Instant};

use btf_store::{Info, Selection, Store, Writer};
use btf_types::Btf;
use lzma_rust2::{LzmaOptions, LzmaWriter};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).peekable();
    let target = arguments.next_if(|first| first == "--write").and_then(|_| arguments.next());
    let mut writer = Writer::new();
    let mut raw = 0;
    let start = Instant::now();
    for path in arguments.map(PathBuf::from) {
        let bytes = fs::read(&path)?;
        raw += bytes.len();
        let btf = Btf::parse(&bytes)?;
        let mut modules = Vec::new();
        for entry in fs::read_dir(path.with_extension("modules")).into_iter().flatten() {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            modules.push((name, fs::read(path)?));
        }
        raw += modules.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        let mut parsed = Vec::new();
        for (name, bytes) in &modules {
            parsed.push((name.as_str(), Btf::parse_split(bytes, &btf)?));
        }
        let modules: Vec<_> = parsed.iter().map(|(name, btf)| (*name, btf)).collect();
        let release = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let origin = path.display().to_string();
        writer.add(
            Info { release: &release, origin: &origin, ..Info::default() },
            &btf,
            &modules,
        )?;
    }
    println!("kernels\t{}", writer.len());
    println!("raw BTF\t{raw}");
    println!("adding\t{}", start.elapsed().as_millis());
    let sections = writer.sections()?;
    let mut definitions = Vec::new();
    for (name, bytes) in &sections {
        println!("section {name}\t{}\t{}", bytes.len(), packed(bytes)?);
        if matches!(*name, "strings" | "nodes" | "definitions") {
            definitions.extend_from_slice(bytes);
        }
    }
    let alone = packed(&definitions)?;
    println!("definitions by themselves, plain and packed\t{}\t{alone}", definitions.len());
    println!("goal: 1.3 times that, and 2 KiB a kernel\t{}", alone * 13 / 10 + writer.len() * 2048);
    let plain = writer.finish()?;
    println!("store, in place\t{}", plain.len());
    let start = Instant::now();
    let packed = writer.finish_packed()?;
    println!("store, packed\t{}", packed.len());
    println!("packing\t{}", start.elapsed().as_millis());
    for (form, bytes) in [("in place", &plain), ("packed", &packed)] {
        measure(form, bytes)?;
    }
    if let Some(target) = target {
        fs::write(target, packed)?;
    }
    Ok(())
}

fn measure(form: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let store = Store::open(bytes)?;
    println!("{form}: opening, in microseconds\t{}", start.elapsed().as_micros());
    println!("{form}: definitions\t{}", store.definition_count());
    let selection =
        Selection::new().types(["task_struct", "sock", "file", "sk_buff", "inode", "mm_struct"]);
    let start = Instant::now();
    let groups = store.groups(&selection)?;
    println!("{form}: grouping\t{}\t{} groups", start.elapsed().as_millis(), groups.len());
    let start = Instant::now();
    let mut len = 0;
    for group in &groups {
        len += group.extract(&store)?.as_bytes().len();
    }
    println!("{form}: extracting a group's types\t{}\t{len} bytes", start.elapsed().as_millis());
    for kernel in store.kernels() {
        let kernel = kernel?;
        let start = Instant::now();
        let len = kernel.extract()?.as_bytes().len();
        let took = start.elapsed().as_millis();
        println!("{form}: extracting {}\t{took}\t{len} bytes", kernel.info().release);
    }
    Ok(())
}

/// Returns the length of bytes that are packed as one.
fn packed(bytes: &[u8]) -> Result<usize, Box<dyn Error>> {
    let mut options = LzmaOptions::with_preset(9);
    options.dict_size = 64 << 20;
    (options.lc, options.lp, options.pb) = (4, 0, 0);
    let mut writer = LzmaWriter::new_no_header(Vec::new(), &options, true)?;
    writer.write_all(bytes)?;
    Ok(writer.finish()?.len())
}
