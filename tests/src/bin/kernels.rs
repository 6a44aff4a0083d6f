//! Prepares objects for booted kernels, and records or checks what the kernels answer; `cargo xtask kernels` runs it.
//!
//! ```text
//! kernels prepare all|new ARCHITECTURE IMAGE FOLDER  writes `original/`, `relocated/` and `symbols` into a folder: of
//!                                                    all objects, or of those that are not recorded;
//!                                                    no `symbols` if there is nothing to ask
//! kernels record ARCHITECTURE IMAGE FOLDER           records the answers in `tests/kernels`
//! kernels check ARCHITECTURE IMAGE FOLDER            compares them with what is recorded, if that is of the same
//!                                                    kernel, and with the verdicts
//! ```
//!
//! IMAGE is the folder with a kernel's `btf` and `config`. FOLDER has `answers`, which the booted kernel printed, unless
//! there was nothing to ask.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    path::Path,
    process::{Command, ExitCode},
};

use btf_types::Btf;
use core_reloc::{
    Options, Target,
    elf::{
        Object,
        requirements::{ExternKind, Hook},
    },
};
use core_reloc_tests::kernels::{
    Answer, Comparison, Input, Program, Recording, Row, folder, inputs, recordings, sha256,
};
use core_reloc_tools::{
    check::Checker,
    minimize::{Needs, minimize_and_keep},
};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["prepare", which @ ("all" | "new"), architecture, image, folder] => {
            prepare(which == "all", architecture, Path::new(image), Path::new(folder))
        }
        [action @ ("record" | "check"), architecture, image, folder] => {
            conclude(action == "check", architecture, Path::new(image), Path::new(folder))
        }
        _ => Err("the arguments are not those that the module describes".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the objects as they are, the objects relocated for a kernel, and the symbols that they ask for.
fn prepare(all: bool, architecture: &str, image: &Path, folder: &Path) -> Result {
    let types = fs::read(image.join("btf"))?;
    let recorded = recorded(&types)?.filter(|_| !all);
    let types = Btf::parse(&types)?;
    let target = Target::new(&types);
    let mut symbols = BTreeSet::new();
    let (mut count, mut relocated) = (0, 0);
    for name in ["original", "relocated"] {
        fs::create_dir_all(folder.join(name))?;
    }
    for input in inputs(architecture)? {
        let bytes = input.read();
        let object = Object::parse(&bytes);
        if let Ok(object) = &object {
            asked(object, &mut symbols, &mut BTreeSet::new())?;
        }
        if recorded.as_ref().is_some_and(|recorded| recorded.answer(&input.name, &bytes).is_some())
        {
            continue;
        }
        fs::write(folder.join("original").join(&input.name), &bytes)?;
        count += 1;
        let Ok(object) = object else { continue };
        let mut relocating = object.relocate(&target, Options::default());
        for _ in &mut relocating {}
        if let Ok(made) = relocating.finish() {
            fs::write(folder.join("relocated").join(&input.name), &made.bytes)?;
            relocated += 1;
        }
    }
    println!("{count} objects to load, {relocated} of them relocated as well");
    let is_known = |symbol: &String| {
        recorded.as_ref().is_some_and(|recorded| recorded.symbols.contains_key(symbol))
    };
    if count > 0 || !symbols.iter().all(is_known) {
        let symbols: String = symbols.iter().map(|symbol| format!("{symbol}\n")).collect();
        fs::write(folder.join("symbols"), symbols)?;
    }
    Ok(())
}

/// Returns the recording of the kernel with these types, if there is one.
fn recorded(types: &[u8]) -> Result<Option<Recording>> {
    let sha256 = sha256(types);
    let mut recordings = recordings()?.into_iter().map(|(recording, _)| recording);
    Ok(recordings.find(|recording| recording.sha256 == sha256))
}

/// Adds the symbols and the options of the configuration that an object asks for.
fn asked(
    object: &Object<'_>,
    symbols: &mut BTreeSet<String>,
    config: &mut BTreeSet<String>,
) -> Result {
    let requirements = object.requirements()?;
    for symbol in &requirements.externs {
        match symbol.kind {
            ExternKind::Config(_) => config.insert(symbol.name.to_string()),
            ExternKind::Symbol(_) | ExternKind::Variable(_) => {
                symbols.insert(symbol.name.to_string())
            }
            _ => false,
        };
    }
    for program in &requirements.programs {
        if let Some(Hook::Probe(name)) = program.stated.map(|stated| stated.hook) {
            let name = name.to_string();
            symbols.extend(name.split('+').next().map(str::to_owned));
        }
    }
    Ok(())
}

/// Records the answers of a booted kernel, or checks them.
fn conclude(check: bool, architecture: &str, image: &Path, made: &Path) -> Result {
    let types = fs::read(image.join("btf"))?;
    let inputs = inputs(architecture)?;
    let recorded = recorded(&types)?;
    let before = recorded.as_ref().filter(|_| !check);
    let answers = made.join("answers");
    let answers = if answers.exists() { fs::read_to_string(answers)? } else { String::new() };
    let recording = read_answers(&answers, &inputs, image, before)?;
    let extracted = sha256(&types);
    if recording.sha256 != extracted {
        let booted = &recording.sha256;
        return Err(
            format!("the booted kernel has the types {booted}, its image {extracted}").into()
        );
    }
    let comparison = Comparison::new(&recording, &types, &inputs);
    println!("{} {}, {} programs", recording.kernel, recording.release, comparison.judged.len());
    print!("{comparison}");
    if !check {
        record(&recording, &minimized(&types, &inputs)?)?;
    } else if let Some(recorded) = &recorded {
        compare(&recording, recorded)?;
    } else {
        println!("another build of this kernel is recorded: only the verdicts are compared");
    }
    let faults = comparison.faults();
    for fault in &faults {
        println!("{fault}");
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(format!("{} verdicts are wrong", faults.len()).into())
    }
}

/// Reads what a booted kernel printed. Objects that it was not asked about have the answers from before.
fn read_answers(
    text: &str,
    inputs: &[Input],
    image: &Path,
    before: Option<&Recording>,
) -> Result<Recording> {
    let mut recording = before.cloned().unwrap_or_default();
    let mut rows = BTreeMap::<[&str; 4], Row>::new();
    let mut order = Vec::new();
    let mut log = Vec::new();
    let mut there = BTreeSet::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["kernel", value] => value.clone_into(&mut recording.kernel),
            ["package", value] => value.clone_into(&mut recording.package),
            ["release", value] => value.clone_into(&mut recording.release),
            ["version", value] => value.clone_into(&mut recording.version),
            ["sha256", value] => value.clone_into(&mut recording.sha256),
            ["@symbol", line] => there.extend(line.split(' ').nth(2)),
            ["@log", line] => log.push(line),
            ["@row", folder, object, program, section, result] => {
                let key = [folder, object, program, section];
                if rows.insert(key, Row::new(result, &log)).is_some() {
                    return Err(format!("two rows of {object}: {program}").into());
                }
                order.push(key);
                log.clear();
            }
            // The kernel's own messages.
            _ => {}
        }
    }
    let (mut config, mut symbols) = (BTreeSet::new(), BTreeSet::new());
    recording.objects.clear();
    for input in inputs {
        let bytes = input.read();
        if let Ok(object) = Object::parse(&bytes) {
            asked(&object, &mut symbols, &mut config)?;
        }
        let mut programs = Vec::new();
        for key in &order {
            let [folder, object, name, section] = *key;
            if (folder, object) == ("original", &*input.name) {
                let original = rows.get(key).cloned().ok_or("a row is missing")?;
                let relocated = rows.get(&["relocated", object, name, section]).cloned();
                let (name, section) = (name.to_owned(), section.to_owned());
                programs.push(Program { name, section, original, relocated });
            }
        }
        let answer = if programs.is_empty() {
            let before = before.and_then(|before| before.answer(&input.name, &bytes));
            before.cloned().ok_or_else(|| format!("{}: no row", input.name))?
        } else {
            Answer { name: input.name.clone(), sha256: sha256(&bytes), programs }
        };
        recording.objects.push(answer);
    }
    if !text.is_empty() {
        let symbols = symbols.into_iter();
        recording.symbols =
            symbols.map(|name| (name.clone(), there.contains(name.as_str()))).collect();
    }
    let is_asked =
        |line: &&str| line.split_once('=').is_some_and(|(name, _)| config.contains(name));
    let text = fs::read_to_string(image.join("config"))?;
    recording.config = text.lines().filter(is_asked).map(str::to_owned).collect();
    Ok(recording)
}

/// Minimizes a kernel's types for the verdicts on some objects, and compresses them.
fn minimized(types: &[u8], inputs: &[Input]) -> Result<Vec<u8>> {
    let types = Btf::parse(types)?;
    let bytes: Vec<Vec<u8>> = inputs.iter().map(Input::read).collect();
    let objects: Vec<Object<'_>> =
        bytes.iter().filter_map(|bytes| Object::parse(bytes).ok()).collect();
    let mut names = BTreeMap::new();
    for object in &objects {
        for (name, kind) in Checker::new(object)?.named_types() {
            names.insert((name, kind.to_raw()), kind);
        }
    }
    let names: Vec<_> = names.into_iter().map(|((name, _), kind)| (name, kind)).collect();
    let needs: Vec<Needs<'_>> = objects.iter().filter_map(Needs::of_object).collect();
    let target = Target::new(&types);
    Ok(minimize_and_keep(&needs, &names, &target, Options::default())?.main)
}

/// Writes a recording, and removes those of other builds of the same kernel.
fn record(recording: &Recording, types: &[u8]) -> Result {
    for (old, _) in recordings()? {
        if old.kernel == recording.kernel {
            fs::remove_dir_all(folder().join(old.folder_name()))?;
        }
    }
    let place = folder().join(recording.folder_name());
    fs::create_dir_all(&place)?;
    let packed = place.join("types.btf");
    fs::write(&packed, types)?;
    let status = Command::new("xz").args(["-9", "--extreme", "--force"]).arg(&packed).status()?;
    if !status.success() {
        return Err("xz failed".into());
    }
    fs::write(place.join("answers.tsv"), recording.print())?;
    println!("recorded: {}", place.display());
    Ok(())
}

/// Compares new answers with recorded ones, program by program.
fn compare(new: &Recording, recorded: &Recording) -> Result {
    let rows = |recording: &Recording| -> BTreeMap<_, _> {
        let objects = recording.objects.iter();
        let programs = objects.flat_map(|object| {
            object.programs.iter().map(|program| {
                let relocated = program.relocated.as_ref().map(|row| row.result.clone());
                let key = (object.name.clone(), object.sha256.clone(), program.name.clone());
                (key, (program.original.result.clone(), relocated))
            })
        });
        programs.collect()
    };
    let (new, recorded) = (rows(new), rows(recorded));
    let mut differences = 0;
    for (key, answer) in &new {
        if let Some(before) = recorded.get(key).filter(|before| *before != answer) {
            println!("{} {}: {before:?} is recorded, and now it is {answer:?}", key.0, key.2);
            differences += 1;
        }
    }
    let common = new.keys().filter(|key| recorded.contains_key(*key)).count();
    println!("{common} programs are recorded, {differences} of them with another answer");
    if differences == 0 { Ok(()) } else { Err("the kernel answers differently".into()) }
}
