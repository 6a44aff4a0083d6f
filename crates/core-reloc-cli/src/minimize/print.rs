//! Saying what targets were minimised to.

use std::{
    io::{self, Write},
    path::Path,
};

use core_reloc_tools::minimize::ResolutionCounts;
use owo_colors::OwoColorize;
use serde::Serialize;

use super::{Made, Part};
use crate::{arguments::Format, output::stdout, shown::Shown};

pub(super) fn print(
    format: Format,
    objects: &[&Path],
    made: &[Made],
    output: impl Fn(&Part) -> String,
) -> io::Result<()> {
    let mut out = stdout();
    match format {
        Format::Text => {
            for made in made {
                text(objects, made, &output, &mut out)?;
            }
        }
        Format::Json => {
            for made in made {
                serde_json::to_writer(&mut out, &Line::new(objects, made, &output))?;
                out.write_all(b"\n")?;
            }
        }
    }
    out.flush()
}

fn text(
    objects: &[&Path],
    made: &Made,
    output: &impl Fn(&Part) -> String,
    out: &mut impl Write,
) -> io::Result<()> {
    let target = Shown(made.main.target.display());
    let sum = |count: fn(&ResolutionCounts) -> usize| made.counts.iter().map(count).sum::<usize>();
    let counts = [
        (sum(|counts| counts.resolved), "resolved"),
        (sum(|counts| counts.unresolved), "unresolved"),
        (sum(|counts| counts.failed), "failed"),
    ];
    let all: usize = counts.iter().map(|(count, _)| count).sum();
    let said: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let relocations = if said.is_empty() {
        "0 relocations".to_string()
    } else {
        format!("{all} relocations: {}", said.join(", "))
    };
    writeln!(out, "{target}: {relocations}")?;
    for part in made.parts() {
        let Part { whole, bytes, .. } = part;
        writeln!(out, "  {whole} bytes became {}: {}", bytes.len(), Shown(output(part)).bold())?;
    }
    for (object, counts) in objects.iter().zip(&made.counts) {
        if counts.failed > 0 {
            writeln!(
                out,
                "  {} fail, and did so before: core-reloc explain {} --target {target} --status \
                 failed",
                counts.failed.yellow(),
                Shown(object.display()),
            )?;
        }
    }
    Ok(())
}

/// A line for a target.
#[derive(Serialize)]
struct Line {
    target: String,
    output: String,
    whole_bytes: usize,
    bytes: usize,
    types: usize,
    modules: Vec<ModuleOf>,
    objects: Vec<ObjectOf>,
}

#[derive(Serialize)]
struct ModuleOf {
    target: String,
    output: String,
    whole_bytes: usize,
    bytes: usize,
}

#[derive(Serialize)]
struct ObjectOf {
    object: String,
    resolved: usize,
    unresolved: usize,
    failed: usize,
}

impl Line {
    fn new(objects: &[&Path], made: &Made, output: &impl Fn(&Part) -> String) -> Self {
        let text = |path: &Path| path.display().to_string();
        let module = |part: &Part| ModuleOf {
            target: text(&part.target),
            output: output(part),
            whole_bytes: part.whole,
            bytes: part.bytes.len(),
        };
        let object = |(object, counts): (&&Path, &ResolutionCounts)| ObjectOf {
            object: text(object),
            resolved: counts.resolved,
            unresolved: counts.unresolved,
            failed: counts.failed,
        };
        Self {
            target: text(&made.main.target),
            output: output(&made.main),
            whole_bytes: made.main.whole,
            bytes: made.main.bytes.len(),
            types: made.types,
            modules: made.modules.iter().map(module).collect(),
            objects: objects.iter().zip(&made.counts).map(object).collect(),
        }
    }
}
