//! `core-reloc store`: makes, lists and changes stores of kernels.

mod add;
mod list;

use std::{io::Write, path::Path};

use btf_store::{MAGIC, Store, Writer};
use core_reloc_targets::Limits;

use crate::{
    Completion,
    arguments::{StoreCommand, StoreExtract, StoreMerge, StoreRemove},
    failure::Failure,
    inputs::{Inputs, read_file},
    names::glob_matches,
    output::Output,
    target::Opened,
    terminal::{Escaped, stdout},
};

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
    read_file(path, Limits::default().store)
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
    let StoreExtract { store, kernel, module, output } = arguments;
    let output = Output::new(output, inputs)?;
    let kernel = Opened::at(store, Some(kernel), &[])
        .map_err(|error| error.with_hint("name one of them with its folders"))?;
    let Some(module) = module.as_deref().map(Path::new) else {
        output.write(kernel.file().as_bytes())?;
        return Ok(Completion::Success);
    };
    let found = kernel.module(module)?.ok_or_else(|| kernel.no_such_module(module))?;
    output.write(found.as_bytes())?;
    Ok(Completion::Success)
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
    let StoreRemove { store, release, distribution, architecture, dry_run } = arguments;
    let output = Output::marked(store, Inputs::new(Vec::new())?, MAGIC)?;
    let mut writer = Writer::new();
    add_store(&mut writer, store)?;
    let matches = |pattern: &Option<String>, text: &str| {
        pattern.as_ref().is_none_or(|it| glob_matches(it.as_bytes(), text.as_bytes()))
    };
    let mut removed = Vec::new();
    writer.retain(|info| {
        let is_removed = matches(release, info.release)
            && matches(distribution, info.distribution)
            && matches(architecture, info.architecture);
        if is_removed {
            removed.push(info.name());
        }
        !is_removed
    });
    if removed.is_empty() {
        return Err(Failure::NothingToRemove(store.clone()));
    }
    if !dry_run {
        write(&writer, &output)?;
    }
    let mut out = stdout();
    for name in removed {
        writeln!(out, "{}", Escaped(name))?;
    }
    out.flush()?;
    Ok(Completion::Success)
}
