//! Printing the results of `minimize`.

use std::{
    io::{self, Write},
    path::Path,
};

use core_reloc_tools::minimize::ResolutionCounts;
use owo_colors::OwoColorize;
use serde::Serialize;

use super::{MinimizedBtf, MinimizedTarget, UnneededModule, since::Since};
use crate::{
    arguments::Format,
    format::{json_line, plural},
    terminal::Escaped,
};

pub(super) fn print(
    format: Format,
    objects: &[&Path],
    targets: &[MinimizedTarget],
    since: Option<&Since<'_>>,
    output: impl Fn(&MinimizedBtf) -> String,
    mut out: impl Write,
) -> io::Result<()> {
    for target in targets {
        match format {
            Format::Text => text(objects, target, &output, &mut out)?,
            Format::Json => json_line(&Line::new(objects, target, &output), &mut out)?,
        }
    }
    if let Some(since) = since {
        let summary = Summary::new(targets, since);
        match format {
            Format::Text => summary.text(&mut out)?,
            Format::Json => json_line(&summary, &mut out)?,
        }
    }
    out.flush()
}

fn text(
    objects: &[&Path],
    target: &MinimizedTarget,
    output: &impl Fn(&MinimizedBtf) -> String,
    out: &mut impl Write,
) -> io::Result<()> {
    let path = Escaped(target.main.target.display());
    let sum =
        |count: fn(&ResolutionCounts) -> usize| target.counts.iter().map(count).sum::<usize>();
    let counts = [
        (sum(|counts| counts.resolved), "resolved"),
        (sum(|counts| counts.unresolved), "unresolved"),
        (sum(|counts| counts.failed), "failed"),
    ];
    let total: usize = counts.iter().map(|(count, _)| count).sum();
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    let separator = if counts.is_empty() { "" } else { ": " };
    writeln!(out, "{path}: {}{separator}{}", plural(total, "relocation"), counts.join(", "))?;
    for btf in target.btfs() {
        let MinimizedBtf { full_size, bytes, .. } = btf;
        let output = Escaped(output(btf));
        writeln!(out, "  {full_size} bytes reduced to {}: {}", bytes.len(), output.bold())?;
    }
    for UnneededModule { target, .. } in &target.unneeded {
        let module = Escaped(target.display());
        writeln!(out, "  no relocation needs a type of {module}; nothing is written for it")?;
    }
    for (object, counts) in objects.iter().zip(&target.counts) {
        if counts.failed > 0 {
            writeln!(
                out,
                "  {} failed, as with the full BTF; to see why: core-reloc explain {} --target \
                 {path} --status failed",
                counts.failed.yellow(),
                Escaped(object.display()),
            )?;
        }
    }
    Ok(())
}

/// The last line, if there is an earlier run.
#[derive(Serialize)]
struct Summary<'s> {
    since: String,
    taken: usize,
    minimized: usize,
    /// Why nothing could be taken.
    reason: Option<&'s str>,
}

impl<'s> Summary<'s> {
    fn new(targets: &[MinimizedTarget], since: &'s Since<'_>) -> Self {
        let taken = targets.iter().filter(|target| target.is_taken).count();
        Self {
            since: since.path().display().to_string(),
            taken,
            minimized: targets.len() - taken,
            reason: since.reason(),
        }
    }

    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { since, taken, minimized, reason } = self;
        let kernels = plural(taken + minimized, "kernel");
        let since = Escaped(since);
        match reason {
            Some(reason) => {
                writeln!(
                    out,
                    "{kernels}, all minimized: nothing is taken from {since}: {}",
                    Escaped(reason)
                )
            }
            None => writeln!(out, "{kernels}, {minimized} minimized, {taken} taken from {since}"),
        }
    }
}

/// A line of JSON.
#[derive(Serialize)]
struct Line {
    target: String,
    output: String,
    /// The kernel has not changed since an earlier run.
    taken: bool,
    whole_bytes: usize,
    bytes: usize,
    types: usize,
    modules: Vec<ModuleKeys>,
    objects: Vec<ObjectKeys>,
}

#[derive(Serialize)]
struct ModuleKeys {
    target: String,
    /// `None` if no relocation needs a type of the module.
    output: Option<String>,
    whole_bytes: usize,
    bytes: usize,
}

#[derive(Serialize)]
struct ObjectKeys {
    object: String,
    resolved: usize,
    unresolved: usize,
    failed: usize,
}

impl Line {
    fn new(
        objects: &[&Path],
        target: &MinimizedTarget,
        output: &impl Fn(&MinimizedBtf) -> String,
    ) -> Self {
        let text = |path: &Path| path.display().to_string();
        let module = |btf: &MinimizedBtf| ModuleKeys {
            target: text(&btf.target),
            output: Some(output(btf)),
            whole_bytes: btf.full_size,
            bytes: btf.bytes.len(),
        };
        let unneeded = |module: &UnneededModule| ModuleKeys {
            target: text(&module.target),
            output: None,
            whole_bytes: module.full_size,
            bytes: 0,
        };
        let object = |(object, counts): (&&Path, &ResolutionCounts)| ObjectKeys {
            object: text(object),
            resolved: counts.resolved,
            unresolved: counts.unresolved,
            failed: counts.failed,
        };
        Self {
            target: text(&target.main.target),
            output: output(&target.main),
            taken: target.is_taken,
            whole_bytes: target.main.full_size,
            bytes: target.main.bytes.len(),
            types: target.types,
            modules: target
                .modules
                .iter()
                .map(module)
                .chain(target.unneeded.iter().map(unneeded))
                .collect(),
            objects: objects.iter().zip(&target.counts).map(object).collect(),
        }
    }
}
