//! A store of a whole fleet: its size beside those of archives, and checks over it beside checks over the archives.
//!
//! `cargo xtask bench store` runs this and writes `docs/bench-store.md`, `.svg` and `.json`.

mod agent;
mod page;
mod solid;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use btf_store::{Store, Writer};
use lzma_rust2::{LzmaOptions, LzmaWriter};
use serde::Serialize;

use self::agent::Agent;
use self::solid::Solid;
use super::process::Cost;
use super::selection::{Chosen, Selection};
use super::{OBJECT, Plan, first_line, write};
use crate::Result;

/// The results.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The date in UTC.
    date: String,
    /// The number of processors.
    processors: usize,
    /// The number of runs, of which the median counts.
    rounds: usize,
    /// The number of all objects.
    objects: usize,
    /// By the number of kernels.
    steps: Vec<Step>,
    /// Solid archives of the raw BTF of the second step.
    solid: Vec<Solid>,
    /// What an agent ships for all kernels of the second step.
    agent: Agent,
}

/// A number of kernels. Sizes are in bytes.
#[derive(Debug, Serialize)]
struct Step {
    kernels: usize,
    /// How many of them differ.
    distinct: usize,
    raw: u64,
    /// The archives, each with one kernel.
    archives: u64,
    store: u64,
    /// The distinct definitions, and how large they and their names are, packed by themselves.
    definitions: usize,
    definitions_packed: u64,
    /// Making the store from the archives.
    adding: Cost,
    /// The time of opening the store, in microseconds.
    opening: f64,
    one_object: Sides,
    all_objects: Sides,
}

/// The costs of a check.
#[derive(Debug, Clone, Copy, Serialize)]
struct Sides {
    store: Cost,
    archives: Cost,
}

impl Step {
    /// Returns what the store may have: 1.3 times its definitions, and 2 KiB a kernel.
    fn goal(&self) -> f64 {
        self.definitions_packed as f64 * 1.3 + self.kernels as f64 * 2048.0
    }
}

impl Plan {
    /// Measures stores of some of the kernels, and of all.
    ///
    /// # Errors
    /// There are no kernels or objects, or a program fails.
    pub fn run_stores(&self) -> Result<Report> {
        let objects = self.objects()?;
        let selection = Selection::read(&self.fleet)?.without_variants();
        let most = selection.len().min(self.kernels);
        let mut sizes = [most / 20, most / 5, most / 2, most].map(|size| size.max(1)).to_vec();
        sizes.dedup();
        let mut steps = Vec::new();
        for kernels in &sizes {
            eprintln!("{kernels} kernels");
            let chosen = selection.link(*kernels, &self.folder(*kernels))?;
            steps.push(self.store_step(*kernels, &chosen, &objects)?);
        }
        let kernels = sizes.get(1).copied().unwrap_or(most);
        let chosen = selection.link(kernels, &self.folder(kernels))?;
        eprintln!("minimizing for {kernels} kernels");
        let agent = self.agent(&objects, &chosen, kernels)?;
        eprintln!("solid archives of {kernels} kernels: half an hour the first time");
        Ok(Report {
            date: first_line(Command::new("date").args(["-u", "+%F"]))?,
            processors: std::thread::available_parallelism()?.get(),
            rounds: self.rounds,
            objects: objects.len(),
            steps,
            solid: solid::measure(&chosen.files, &self.scratch)?,
            agent,
        })
    }

    fn store_step(&self, kernels: usize, chosen: &Chosen, objects: &[PathBuf]) -> Result<Step> {
        let folder = self.folder(kernels);
        let path = self.scratch.join(format!("{kernels}.store"));
        let adding = self.make_store(&path, &folder)?;
        let bytes = fs::read(&path)?;
        let store = Store::open(&bytes)?;
        let one = [self.objects.join(OBJECT)];
        let sides = |objects: &[PathBuf]| -> Result<Sides> {
            let [of_store, of_archives] =
                ["store.json", "archives.json"].map(|name| self.scratch.join(name));
            let store = self.check(objects, &path, &of_store)?;
            let archives = self.check(objects, &folder, &of_archives)?;
            // Times can be compared only if the results are the same.
            if fs::read(&of_store)? != fs::read(&of_archives)? {
                let (one, other) = (of_store.display(), of_archives.display());
                return Err(format!("the reports differ: {one} and {other}").into());
            }
            Ok(Sides { store, archives })
        };
        Ok(Step {
            kernels,
            distinct: chosen.distinct,
            raw: chosen.unpacked,
            archives: chosen.packed,
            store: bytes.len() as u64,
            definitions: store.definition_count(),
            definitions_packed: definitions_packed(&store)?,
            adding,
            opening: opening(&bytes)?,
            one_object: sides(&one)?,
            all_objects: sides(objects)?,
        })
    }

    /// Makes a store of the kernels in a folder.
    fn make_store(&self, path: &Path, folder: &Path) -> Result<Cost> {
        if path.exists() {
            fs::remove_file(path)?;
        }
        let mut add = Command::new(&self.core_reloc);
        Cost::median(add.args(["store", "add"]).arg(path).arg(folder), 1)
    }
}

impl Report {
    /// Writes the page, the plots and the numbers into a folder.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<String> {
        let page = self.page()?;
        write(folder, "bench-store", &page, &self.plots()?, self)?;
        Ok(page)
    }
}

/// Returns the size of all definitions with their names, packed as one: what any store has to have.
fn definitions_packed(store: &Store<'_>) -> Result<u64> {
    let mut writer = Writer::new();
    writer.add_store(store)?;
    let sections = writer.sections()?;
    let ours = ["strings", "nodes", "definitions"];
    let parts = sections.into_iter().filter(|(name, _)| ours.contains(name));
    let bytes: Vec<u8> = parts.flat_map(|(_, bytes)| bytes).collect();
    let mut options = LzmaOptions::with_preset(9);
    // Text above all.
    (options.lc, options.lp, options.pb) = (4, 0, 0);
    let mut packed = LzmaWriter::new_no_header(Vec::new(), &options, true)?;
    packed.write_all(&bytes)?;
    Ok(packed.finish()?.len() as u64)
}

/// Returns the median time of opening a store, in microseconds.
fn opening(bytes: &[u8]) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..101 {
        let started = Instant::now();
        std::hint::black_box(Store::open(std::hint::black_box(bytes))?);
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
