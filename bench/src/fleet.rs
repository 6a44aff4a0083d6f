//! Checks of a whole fleet of kernels: their cost beside that of unpacking the same files, and how it grows; and
//! minimized BTF for it, beside bpftool's.
//!
//! `cargo xtask bench fleet` runs this and writes `docs/bench-fleet.md`, `.svg` and `.json`. What counts is the
//! processors' time of whole processes, which bears a machine with other work better than the time on the clock.

mod minimizing;
mod page;
mod plot;
mod process;
mod selection;
pub mod stores;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde::Serialize;

use self::minimizing::Minimizing;
use self::process::{Cost, DEV_NULL};
use self::selection::{Chosen, Selection};
use crate::Result;

/// The object that is checked alone, that of case (a) of the other bench.
const OBJECT: &str = "tcptracer-libbpf.bpf.o";

/// The number of kernels in BTFHub, for which the time is estimated.
const HUB: usize = 4306;

/// What to measure with.
#[derive(Debug)]
pub struct Plan {
    /// The program.
    pub core_reloc: PathBuf,
    /// The fleet that `cargo xtask fleet` makes.
    pub fleet: PathBuf,
    /// The folder with the objects.
    pub objects: PathBuf,
    /// A folder of its own for links to the files.
    pub scratch: PathBuf,
    /// The most kernels.
    pub kernels: usize,
    /// The number of runs, of which the median counts.
    pub rounds: usize,
}

/// The results.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The date in UTC.
    date: String,
    /// The number of processors.
    processors: usize,
    /// The number of runs, of which the median counts.
    rounds: usize,
    /// The version of the program that unpacks.
    xz: String,
    /// By the number of kernels.
    by_kernels: Vec<Step>,
    /// All of the fewest kernels, by the number of objects.
    by_objects: Vec<Few>,
    /// The number of all objects.
    objects: usize,
    /// With all kernels and objects.
    minimizing: Minimizing,
}

/// A number of kernels.
#[derive(Debug, Serialize)]
struct Step {
    kernels: usize,
    /// How many of them differ.
    distinct: usize,
    /// Packed and unpacked, in bytes.
    packed: u64,
    unpacked: u64,
    /// Unpacking the files with the program that packed them, one after the other.
    unpacking: Cost,
    one_object: Cost,
    all_objects: Cost,
}

/// A number of objects.
#[derive(Debug, Serialize)]
struct Few {
    objects: usize,
    cost: Cost,
}

impl Plan {
    /// Measures everything.
    ///
    /// # Errors
    /// There are no kernels or objects, or a program fails.
    pub fn run(&self) -> Result<Report> {
        let objects = self.objects()?;
        let selection = Selection::read(&self.fleet)?;
        let most = selection.len().min(self.kernels);
        let mut sizes = [most / 10, most * 3 / 10, most].map(|size| size.max(1)).to_vec();
        sizes.dedup();
        let mut by_kernels = Vec::new();
        let mut archives = Vec::new();
        for kernels in sizes {
            eprintln!("{kernels} kernels");
            let chosen = selection.link(kernels, &self.folder(kernels))?;
            by_kernels.push(self.step(kernels, &chosen, &objects)?);
            archives = chosen.files;
        }
        eprintln!("minimizing");
        let folder = self.folder(most);
        let minimizing =
            minimizing::measure(&self.core_reloc, &objects, &archives, &folder, &self.scratch)?;
        let folder = self.folder(by_kernels[0].kernels);
        let mut by_objects = Vec::new();
        let counts = [1, 4, 16, 64].into_iter().filter(|count| *count < objects.len());
        for count in counts.chain([objects.len()]) {
            eprintln!("{count} objects");
            let cost = self.check(&spread(&objects, count), &folder, Path::new(DEV_NULL))?;
            by_objects.push(Few { objects: count, cost });
        }
        Ok(Report {
            date: first_line(Command::new("date").args(["-u", "+%F"]))?,
            processors: std::thread::available_parallelism()?.get(),
            rounds: self.rounds,
            xz: first_line(Command::new("xz").arg("--version"))?,
            by_kernels,
            by_objects,
            objects: objects.len(),
            minimizing,
        })
    }

    /// Returns the folder with links to a number of kernels.
    fn folder(&self, kernels: usize) -> PathBuf {
        self.scratch.join(kernels.to_string())
    }

    fn step(&self, kernels: usize, chosen: &Chosen, objects: &[PathBuf]) -> Result<Step> {
        let folder = self.folder(kernels);
        let one = self.objects.join(OBJECT);
        let mut unpack = Command::new("xz");
        unpack.args(["--decompress", "--stdout"]).args(&chosen.files);
        Ok(Step {
            kernels,
            distinct: chosen.distinct,
            packed: chosen.packed,
            unpacked: chosen.unpacked,
            unpacking: Cost::median(&mut unpack, self.rounds)?,
            one_object: self.check(&[one], &folder, Path::new(DEV_NULL))?,
            all_objects: self.check(objects, &folder, Path::new(DEV_NULL))?,
        })
    }

    /// Checks objects on all kernels of a folder or store. The report is written to `report`.
    fn check(&self, objects: &[PathBuf], target: &Path, report: &Path) -> Result<Cost> {
        let mut check = Command::new(&self.core_reloc);
        check.arg("check").args(objects).arg("--target").arg(target).args(["--format", "json"]);
        Cost::median_with_output(&mut check, self.rounds, report)
    }

    /// Returns the objects for the machines that most kernels are for, sorted.
    fn objects(&self) -> Result<Vec<PathBuf>> {
        let mut objects = Vec::new();
        for entry in fs::read_dir(&self.objects)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let others = [".arm64.bpf.o", ".s390x.bpf.o"];
            if name.ends_with(".bpf.o") && !others.iter().any(|other| name.ends_with(other)) {
                objects.push(path);
            }
        }
        objects.sort();
        if objects.is_empty() {
            return Err(format!("there are no objects in {}", self.objects.display()).into());
        }
        Ok(objects)
    }
}

impl Report {
    /// Writes the page, the plots and the numbers into a folder.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<String> {
        let page = self.page()?;
        write(folder, "bench-fleet", &page, &self.plots()?, self)?;
        Ok(page)
    }
}

/// Writes a page, its plots and its numbers into a folder.
fn write(folder: &Path, name: &str, page: &str, plots: &str, numbers: &impl Serialize) -> Result {
    fs::create_dir_all(folder)?;
    let path = folder.join(name);
    fs::write(path.with_extension("md"), page)?;
    fs::write(path.with_extension("svg"), plots)?;
    let numbers = serde_json::to_string_pretty(numbers)? + "\n";
    fs::write(path.with_extension("json"), numbers)?;
    Ok(())
}

/// Returns a number of the objects, spread over all.
fn spread(objects: &[PathBuf], count: usize) -> Vec<PathBuf> {
    (0..count).map(|index| objects[index * objects.len() / count].clone()).collect()
}

/// Returns the first line that a program prints.
fn first_line(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    Ok(String::from_utf8(output.stdout)?.lines().next().unwrap_or_default().to_owned())
}

/// Returns the path of a program beside this one.
///
/// # Errors
/// The path of this program is unknown.
pub fn sibling(program: &str) -> Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name(program))
}
