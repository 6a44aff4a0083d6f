//! Measures what kernels come to as a store, and how long objects take on all of them:
//! `measure_store make STORE BTF...` and `measure_store objects STORE OBJECT...`.
//!
//! Each BTF is a file with raw BTF, whose name is taken as the release; a folder `NAME.modules` beside `NAME.btf`
//! has its modules. Prints tab-separated names with numbers of bytes, and with milliseconds where it says so.

#![allow(clippy::arithmetic_side_effects, reason = "sums of lengths of files")]

use std::{
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use btf_store::{Info, Selection, Store, Writer};
use btf_types::Btf;
use core_reloc::{Options, Target, elf::Object};
use lzma_rust2::{LzmaOptions, LzmaWriter};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (command, store) = (arguments.next(), arguments.next());
    let store = PathBuf::from(store.ok_or("measure_store make|objects STORE FILE...")?);
    let files: Vec<_> = arguments.map(PathBuf::from).collect();
    match command.as_ref().and_then(|command| command.to_str()) {
        Some("make") => make(&store, &files),
        Some("objects") => objects(&store, &files),
        _ => Err("measure_store make|objects STORE FILE...".into()),
    }
}

/// Makes a store, in place and packed, and prints their sizes and those of their parts.
fn make(path: &Path, files: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let mut writer = Writer::new();
    let mut raw = 0;
    let start = Instant::now();
    for path in files {
        let bytes = fs::read(path)?;
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
        writer.add(Info { release: &release, ..Info::default() }, &btf, &modules)?;
    }
    println!("kernels\t{}", writer.len());
    println!("raw BTF\t{raw}");
    println!("adding, ms\t{}", start.elapsed().as_millis());
    let mut definitions = Vec::new();
    for (name, bytes) in &writer.sections()? {
        println!("section {name}, plain and packed\t{}\t{}", bytes.len(), packed(bytes)?);
        if matches!(*name, "strings" | "nodes" | "definitions") {
            definitions.extend_from_slice(bytes);
        }
    }
    let alone = packed(&definitions)?;
    println!("all definitions, plain and packed as one\t{}\t{alone}", definitions.len());
    println!("1.3 times that, and 2 KiB a kernel\t{}", alone * 13 / 10 + writer.len() * 2048);
    let plain = writer.finish()?;
    println!("store in place\t{}", plain.len());
    let packed = writer.finish_packed()?;
    println!("packed store\t{}", packed.len());
    fs::write(path, packed)?;
    fs::write(path.with_extension("plain"), plain)?;
    let bytes = fs::read(path)?;
    let store = Store::open(&bytes)?;
    println!("distinct definitions\t{}", store.definition_count());
    let start = Instant::now();
    let mut len = 0;
    for kernel in store.kernels() {
        len += kernel?.extract()?.as_bytes().len();
    }
    println!("extracting all kernels, ms\t{}\t{len} bytes", start.elapsed().as_millis());
    Ok(())
}

/// Relocates objects for all kernels of a store, each group of kernels once.
fn objects(path: &Path, files: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let start = Instant::now();
    let store = Store::open(&bytes)?;
    println!("opening, µs\t{}", start.elapsed().as_micros());
    let start = Instant::now();
    let (mut outcomes, mut groups, mut extracted) = (0, 0, 0);
    let mut grouping = Duration::ZERO;
    for file in files {
        let bytes = fs::read(file)?;
        let object = Object::parse(&bytes)?;
        let Some(local) = object.btf() else { continue };
        let roots = object.relocations().map(|relocation| relocation.record().type_id);
        let names = roots.filter_map(|id| local.type_by_id(id).ok()?.name().ok());
        let begin = Instant::now();
        let found = store.groups(&Selection::new().types(names))?;
        grouping += begin.elapsed();
        for group in found {
            let main = group.extract(&store)?;
            let main = Btf::parse(main.as_bytes())?;
            let target = Target::new(&main);
            outcomes +=
                object.relocate(&target, Options::default()).count() * group.kernels().len();
            groups += 1;
            extracted += main.as_bytes().len();
        }
    }
    println!("objects\t{}", files.len());
    println!("relocations of all kernels\t{outcomes}");
    println!("groups\t{groups}\t{extracted} bytes extracted");
    println!("of it grouping, ms\t{}", grouping.as_millis());
    println!("time, ms\t{}", start.elapsed().as_millis());
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
