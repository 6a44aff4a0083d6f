//! `core-reloc store list`.

use std::io::Write;

use btf_store::Store;
use serde::Serialize;

use super::{damaged, read};
use crate::{
    Completion,
    arguments::{Format, StoreList},
    failure::Failure,
    format::{json_line, plural},
    terminal::{Escaped, stdout},
};

/// A line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    name: String,
    release: &'a str,
    version: &'a str,
    architecture: &'a str,
    distribution: &'a str,
    origin: &'a str,
    modules: usize,
}

pub(super) fn run(arguments: &StoreList) -> Result<Completion, Failure> {
    let bytes = read(&arguments.store)?;
    let damaged = damaged(&arguments.store);
    let store = Store::open(&bytes).map_err(damaged)?;
    let format = arguments.format.format;
    let mut out = stdout().in_format(format);
    for kernel in store.kernels() {
        let kernel = kernel.map_err(damaged)?;
        let info = kernel.info();
        let modules = kernel.modules().map_err(damaged)?.len();
        match format {
            Format::Text => {
                write!(out, "{}", Escaped(info.name()))?;
                if !info.version.is_empty() {
                    write!(out, "  {}", Escaped(info.version))?;
                }
                if modules > 0 {
                    write!(out, "  {}", plural(modules, "module"))?;
                }
                writeln!(out)?;
            }
            Format::Json => {
                let line = Line {
                    name: info.name(),
                    release: info.release,
                    version: info.version,
                    architecture: info.architecture,
                    distribution: info.distribution,
                    origin: info.origin,
                    modules,
                };
                json_line(&line, &mut out)?;
            }
        }
    }
    out.flush()?;
    Ok(Completion::Success)
}
