//! `core-reloc support`.

use std::io::{self, Write};

use core_reloc_sys::{FileError, Kernel, SupportReport, Supported};
use serde::Serialize;

use crate::{
    Completion,
    arguments::{Format, Support},
    failure::{self, Failure},
    format::json_line,
    terminal::{Escaped, stdout},
};

pub(crate) fn run(arguments: &Support) -> Result<Completion, Failure> {
    let kernel = Kernel::running();
    let report = kernel.support();
    let modules = kernel.modules().map(|modules| modules.len());
    let format = arguments.format.format;
    let mut out = stdout().in_format(format);
    match format {
        Format::Text => text(&report, modules, &mut out)?,
        Format::Json => json(&report, modules, &mut out)?,
    }
    out.flush()?;
    Ok(if report.is_supported() { Completion::Success } else { Completion::Negative })
}

fn text(
    report: &SupportReport,
    modules: Result<usize, FileError>,
    out: &mut impl Write,
) -> io::Result<()> {
    match &report.supported {
        Ok(Supported { path, bytes, types, .. }) => {
            writeln!(out, "CO-RE is supported")?;
            writeln!(out, "kernel   {}", report.release)?;
            writeln!(out, "BTF      {}: {types} types, {bytes} bytes", Escaped(path.display()))?;
            match modules {
                Ok(count) => writeln!(out, "modules  {count}"),
                Err(error) => writeln!(out, "modules  {error}"),
            }
        }
        Err(error) => {
            writeln!(out, "CO-RE is not supported: {}", failure::list(error))?;
            writeln!(
                out,
                "help: use a kernel built with CONFIG_DEBUG_INFO_BTF=y; or name the BTF of this \
                 release, such as BTFHub's, with --target",
            )
        }
    }
}

/// The line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    supported: bool,
    release: &'a str,
    path: Option<String>,
    bytes: Option<usize>,
    types: Option<usize>,
    modules: Option<usize>,
    tried: Vec<Attempt>,
}

/// A file that was tried, and why it was rejected.
#[derive(Serialize)]
struct Attempt {
    path: String,
    error: String,
}

fn json(
    report: &SupportReport,
    modules: Result<usize, FileError>,
    out: &mut impl Write,
) -> io::Result<()> {
    let (supported, attempts) = match &report.supported {
        Ok(supported) => (Some(supported), [].as_slice()),
        Err(error) => (None, error.attempts.as_slice()),
    };
    let attempt = |error: &FileError| Attempt {
        path: error.path.display().to_string(),
        error: error.problem.to_string(),
    };
    let line = Line {
        supported: report.is_supported(),
        release: &report.release,
        path: supported.map(|supported| supported.path.display().to_string()),
        bytes: supported.map(|supported| supported.bytes),
        types: supported.map(|supported| supported.types),
        modules: modules.as_ref().ok().copied(),
        tried: attempts.iter().chain(modules.as_ref().err()).map(attempt).collect(),
    };
    json_line(&line, out)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The guide shows this output, with `…` in place of some lines.
    #[test]
    fn the_guide_shows_the_help_for_a_kernel_without_btf() {
        let root = tempfile::tempdir().unwrap();
        let report = Kernel::at(root.path(), "5.3.0-1-generic").support();
        let mut out = Vec::new();
        text(&report, Ok(0), &mut out).unwrap();
        let printed = String::from_utf8(out).unwrap();
        let printed = printed.replace(root.path().to_str().unwrap(), "");

        let page = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../core-reloc/guide/troubleshooting/no-kernel-btf.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, after) = page.split_once("```text\n").unwrap();
        let (shown, _) = after.split_once("```").unwrap();
        let (start, end) = shown.split_once("  …\n").unwrap();
        assert!(printed.starts_with(start) && printed.ends_with(end), "{printed}");
    }
}
