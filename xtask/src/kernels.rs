//! `cargo xtask kernels`: boots real kernels, loads every program of every object in them, and records what they
//! answer in `tests/kernels`.
//!
//! The kernels are Debian's, and stay in the data folder: `images/NAME`. QEMU emulates the machines, without an
//! accelerator, so that any machine can boot any of them. Each kernel is booted once. It gets all objects twice, as
//! they are and relocated by us for this kernel, and loads every program by itself, with libbpf: a program that a
//! kernel refuses says nothing about the others of its object.
//!
//! A program of the tests' package (`kernels`) knows the objects, relocates them, and compares and records the
//! answers: this task only boots.

mod boot;
mod generated;
mod images;
mod initrd;
mod loader;
mod machine;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::boot::{Task, boot};
use self::images::{IMAGES, Image, Store};
use crate::ci::packages;
use crate::command::{cargo, is_installed, run as run_command};
use crate::{Result, files};

/// The folder of everything that is made on the way, with one folder for each kernel.
const MADE: &str = "target/kernels";

/// When to give up on a kernel with all objects, and on one program, in seconds.
const ALL_SECONDS: u32 = 1800;
const PROGRAM_SECONDS: u32 = 60;

pub(crate) fn run(arguments: &[String]) -> Result {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["boot", name, program, ref files @ ..] => boot_program(name, program, files),
        ["generated", count] => load_generated(count, &generated::KERNELS),
        ["generated", count, ref names @ ..] => load_generated(count, names),
        ["--check", ref names @ ..] => load_all(&chosen(names)?, Action::Check),
        ["--anew", ref names @ ..] => load_all(&chosen(names)?, Action::RecordAll),
        ref names => load_all(&chosen(names)?, Action::RecordNew),
    }
}

/// Boots the kernels that CI boots each time, and checks their answers.
pub(crate) fn check_in_ci() -> Result {
    load_all(&in_ci(), Action::Check)
}

/// Fetches the images of those kernels, which tests of the program read as well.
pub(crate) fn fetch_for_ci() -> Result {
    let mut store = Store::new()?;
    in_ci().into_iter().try_for_each(|image| store.image(image).map(drop))
}

fn in_ci() -> Vec<&'static Image> {
    IMAGES.iter().filter(|image| image.in_ci).collect()
}

/// What to do with the kernels' answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Record those to objects that are not recorded yet.
    RecordNew,
    RecordAll,
    Check,
}

fn chosen(names: &[&str]) -> Result<Vec<&'static Image>> {
    let find = |name: &&str| {
        IMAGES.iter().find(|image| image.name == *name).ok_or_else(|| {
            let names: Vec<_> = IMAGES.iter().map(|image| image.name).collect();
            format!("there is no kernel `{name}`; the kernels are {}", names.join(" ")).into()
        })
    };
    if names.is_empty() { Ok(IMAGES.iter().collect()) } else { names.iter().map(find).collect() }
}

/// Boots a kernel, runs a program in it, and prints what it prints.
fn boot_program(name: &str, program: &str, files: &[&str]) -> Result {
    let image = *chosen(&[name])?.first().ok_or("no kernel")?;
    for line in run_program(image, program, files)? {
        println!("{line}");
    }
    Ok(())
}

/// Has kernels load a number of generated programs.
fn load_generated(count: &str, names: &[&str]) -> Result {
    for image in chosen(names)? {
        println!("--- {}", image.name);
        generated::load(image, count)?;
    }
    Ok(())
}

/// Boots a kernel and runs a program in it: a C file, which is compiled with libbpf, or a program without shared
/// libraries. The files are its arguments. Returns the lines that it prints.
fn run_program(image: &Image, program: &str, files: &[&str]) -> Result<Vec<String>> {
    install(&[image])?;
    let mut store = Store::new()?;
    let program = if program.ends_with(".c") {
        loader::compile(&mut store, image.architecture, Path::new(program))?
    } else {
        PathBuf::from(program)
    };
    let mut initrd = vec![("bin/program".to_owned(), fs::read(&program)?)];
    let mut command = "/bin/program".to_owned();
    for file in files {
        let path = format!("files/{}", file_name(Path::new(file)));
        command.push_str(&format!(" /{path}"));
        initrd.push((path, fs::read(file)?));
    }
    let console = Path::new(MADE).join(image.name).join("program.log");
    let task = Task { files: initrd, command: &command, seconds: ALL_SECONDS, console };
    let booted = boot(&mut store, image, task)?;
    match booted.status {
        Some(0) => Ok(booted.lines),
        Some(status) => Err(format!("the program ended with status {status}").into()),
        None => Err("the program did not end".into()),
    }
}

/// Boots kernels, and records their answers, or compares them with those that are recorded.
fn load_all(images: &[&Image], action: Action) -> Result {
    install(images)?;
    let mut store = Store::new()?;
    let mut failed = Vec::new();
    for image in images {
        println!("--- {}", image.name);
        if let Err(error) = load_in(&mut store, image, action) {
            println!("{}: FAILED: {error}", image.name);
            failed.push(image.name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", ")).into()) }
}

/// Installs the emulators and compilers that are missing.
fn install(images: &[&Image]) -> Result {
    let mut programs = images
        .iter()
        .flat_map(|image| [image.architecture.emulator(), image.architecture.compiler()]);
    let is_missing = |command: Command| !is_installed(&command.get_program().to_string_lossy());
    if programs.any(is_missing) { packages::install() } else { Ok(()) }
}

fn load_in(store: &mut Store, image: &Image, action: Action) -> Result {
    let folder = Path::new(MADE).join(image.name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let found = store.image(image)?;
    let architecture = image.architecture.name();

    let which = if action == Action::RecordNew { "new" } else { "all" };
    let mut prepare = tool("kernels");
    prepare.args(["prepare", which, architecture]).arg(found.folder()).arg(&folder);
    run_command(&mut prepare)?;
    if folder.join("symbols").exists() {
        let answers = ask(store, image, &folder)?;
        fs::write(folder.join("answers"), answers)?;
    } else {
        println!("everything is recorded");
    }
    let mut conclude = tool("kernels");
    conclude.arg(if action == Action::Check { "check" } else { "record" }).arg(architecture);
    run_command(conclude.arg(found.folder()).arg(&folder))
}

/// Boots a kernel, which loads the objects in a folder, and returns what is known of it and what it printed.
fn ask(store: &mut Store, image: &Image, folder: &Path) -> Result<String> {
    let program = loader::compile(store, image.architecture, Path::new(loader::LOADER))?;
    let mut initrd = vec![("bin/loader".to_owned(), fs::read(program)?)];
    for path in files::below(folder)? {
        let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
        initrd.push((name, fs::read(&path)?));
    }
    let command = format!(
        "cd / && $b grep -w -F -f symbols /proc/kallsyms | $b sed 's/^/@symbol\\t/'; \
         /bin/loader {PROGRAM_SECONDS} original relocated"
    );
    let console = folder.join("console.log");
    let task = Task { files: initrd, command: &command, seconds: ALL_SECONDS, console };
    let booted = boot(store, image, task)?;
    if booted.status != Some(0) {
        return Err(format!("the loader did not end; see {}", folder.display()).into());
    }
    let mut text = format!(
        "kernel\t{}\npackage\t{}\nrelease\t{}\nversion\t{}\nsha256\t{}\n",
        image.name,
        store.image(image)?.package()?,
        booted.release,
        booted.version,
        booted.btf_sha256,
    );
    for line in &booted.lines {
        text.push_str(line);
        text.push('\n');
    }
    Ok(text)
}

/// A program of the tests' package, which knows the objects.
fn tool(name: &str) -> Command {
    let mut tool = cargo();
    tool.args(["run", "--quiet", "--locked", "--package", "core-reloc-tests"]);
    tool.args(["--bin", name, "--"]);
    tool
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
