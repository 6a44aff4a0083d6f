//! `core-reloc store`: makes, lists and changes stores of kernels.

mod add;
mod list;

use std::{io::Write, path::Path};

use btf_store::{Kernel, MAGIC, Store, Writer};

use crate::{
    Completion,
    arguments::{StoreCommand, StoreExtract, StoreMerge, StoreRemove},
    failure::Failure,
    inputs::{Inputs, read_file},
    names::glob_matches,
    output::Output,
    terminal::{Escaped, stdout},
};

/// The format cannot represent more.
const MAX_LEN: u64 = u32::MAX as u64;

pub(crate) fn run(command: &StoreCommand, inputs: Inputs<'_>) -> Result<Completion, Failure> {
    match command {
        StoreCommand::Add(arguments) => add::run(arguments, inputs),
        StoreCommand::List(arguments) => list::run(arguments),
        StoreCommand::Extract(arguments) => extract(arguments, inputs),
        StoreCommand::Merge(arguments) => merge(arguments, inputs),
        StoreCommand::Remove(arguments) => remove(arguments),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_file(path, MAX_LEN)
}

/// Returns a conversion of errors of the store at a path.
fn damaged(path: &Path) -> impl Fn(btf_store::Error) -> Failure + Copy + '_ {
    |error| Failure::Store { path: path.to_path_buf(), error: error.into() }
}

/// Adds the kernels of a store to those of others.
fn add_store(writer: &mut Writer, path: &Path) -> Result<(), Failure> {
    let bytes = read(path)?;
    let store = Store::open(&bytes).map_err(damaged(path))?;
    let failure = |error| Failure::Store { path: path.to_path_buf(), error };
    writer.add_store(&store).map_err(failure)
}

/// Writes a store.
fn write(writer: &Writer, output: &Output<'_>) -> Result<(), Failure> {
    let failure = |error| Failure::Store { path: output.path().to_path_buf(), error };
    output.write(&writer.finish_packed().map_err(failure)?)
}

fn extract(arguments: &StoreExtract, inputs: Inputs<'_>) -> Result<Completion, Failure> {
    let output = Output::new(&arguments.output, inputs)?;
    let path = arguments.store.as_path();
    let bytes = read(path)?;
    let damaged = damaged(path);
    let store = Store::open(&bytes).map_err(damaged)?;
    let missing = |what| Failure::NotInStore { store: path.to_path_buf(), what };
    let kernel = only_kernel(&store, arguments)?;
    let btf = kernel.extract().map_err(damaged)?;
    let Some(name) = &arguments.module else {
        output.write(btf.as_bytes())?;
        return Ok(Completion::Success);
    };
    let modules = kernel.modules().map_err(damaged)?;
    let module = modules.iter().find(|module| module.name() == name);
    let module =
        module.ok_or_else(|| missing(format!("module {name} of {}", arguments.release)))?;
    output.write(&btf.module(module).map_err(damaged)?)?;
    Ok(Completion::Success)
}

/// Returns the only kernel of the release.
fn only_kernel<'s>(store: &'s Store<'s>, arguments: &StoreExtract) -> Result<Kernel<'s>, Failure> {
    let path = arguments.store.as_path();
    let mut only: Option<Kernel<'s>> = None;
    for kernel in store.find(&arguments.release).map_err(damaged(path))? {
        let kernel = kernel.map_err(damaged(path))?;
        let asked = arguments.architecture.as_deref();
        if asked.is_some_and(|architecture| architecture != kernel.info().architecture) {
            continue;
        }
        if only.is_some() {
            let (store, release) = (path.to_path_buf(), arguments.release.clone());
            return Err(Failure::SeveralInStore { store, release });
        }
        only = Some(kernel);
    }
    only.ok_or_else(|| Failure::NotInStore {
        store: path.to_path_buf(),
        what: format!("kernel {}", arguments.release),
    })
}

fn merge(arguments: &StoreMerge, inputs: Inputs<'_>) -> Result<Completion, Failure> {
    let output = Output::marked(&arguments.output, inputs, MAGIC)?;
    let mut writer = Writer::new();
    for path in &arguments.stores {
        add_store(&mut writer, path)?;
    }
    write(&writer, &output)?;
    Ok(Completion::Success)
}

fn remove(arguments: &StoreRemove) -> Result<Completion, Failure> {
    let output = Output::marked(&arguments.store, Inputs::new(Vec::new())?, MAGIC)?;
    let mut writer = Writer::new();
    add_store(&mut writer, &arguments.store)?;
    let mut removed = Vec::new();
    writer.retain(|info| {
        let is_removed = glob_matches(arguments.release.as_bytes(), info.release.as_bytes());
        if is_removed {
            removed.push(info.release.to_string());
        }
        !is_removed
    });
    if removed.is_empty() {
        let what = format!("kernel {}", arguments.release);
        return Err(Failure::NotInStore { store: arguments.store.clone(), what });
    }
    if !arguments.dry_run {
        write(&writer, &output)?;
    }
    let mut out = stdout();
    for release in removed {
        writeln!(out, "{}", Escaped(release))?;
    }
    out.flush()?;
    Ok(Completion::Success)
}
