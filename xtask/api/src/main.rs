//! Prints a crate's public interface, an item a line, from the JSON that rustdoc wrote about it:
//! `xtask-api FILE`. `cargo xtask api` runs it.
//!
//! A program of its own, so that xtask needs nothing of this.
#![forbid(unsafe_code)]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use public_api::Builder;
use rustdoc_types::FORMAT_VERSION;

/// The exit status where rustdoc is not of the release that this program reads.
const OTHER_FORMAT: u8 = 3;

#[derive(serde::Deserialize)]
struct Format {
    format_version: u32,
}

fn main() -> ExitCode {
    let Some(file) = std::env::args_os().nth(1) else {
        eprintln!("usage: xtask-api FILE");
        return ExitCode::from(2);
    };
    match list(file.as_ref()) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}

/// Traits that the compiler implements by itself, or does not.
const AUTO_TRAITS: [&str; 7] = [
    "core::marker::Freeze",
    "core::marker::Send",
    "core::marker::Sync",
    "core::marker::Unpin",
    "core::marker::UnsafeUnpin",
    "core::panic::unwind_safe::RefUnwindSafe",
    "core::panic::unwind_safe::UnwindSafe",
];

/// Whether an item is one of these traits, which nearly every type has. What is not `Send` or not
/// `Sync` is worth a line.
fn is_usual(item: &str) -> bool {
    let Some((what, _)) = item.split_once(" for ") else { return false };
    let Some((_, name)) = what.rsplit_once(' ') else { return false };
    let is_lacking = matches!(name, "!core::marker::Send" | "!core::marker::Sync");
    what.starts_with("impl") && AUTO_TRAITS.contains(&name.trim_start_matches('!')) && !is_lacking
}

fn list(file: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let format: Format = serde_json::from_slice(&std::fs::read(file)?)?;
    if format.format_version != FORMAT_VERSION {
        eprintln!(
            "rustdoc wrote format {}, and this program reads {FORMAT_VERSION}: take the release of \
             the crate public-api that reads the other",
            format.format_version
        );
        return Ok(ExitCode::from(OTHER_FORMAT));
    }
    // What every type has in common says nothing.
    let interface = Builder::from_rustdoc_json(file)
        .omit_blanket_impls(true)
        .include_function_parameter_names(true)
        .build()?;
    let items = interface.items().map(ToString::to_string);
    for item in items.filter(|item| !is_usual(item)) {
        println!("{item}");
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::is_usual;

    #[test]
    fn of_the_auto_traits_only_what_is_lacking_is_listed() {
        assert!(is_usual("impl<'a> core::marker::Send for a::Type<'a>"));
        assert!(is_usual("impl<T> core::marker::Sync for a::Type<T> where T: core::marker::Sync"));
        assert!(is_usual("impl !core::panic::unwind_safe::UnwindSafe for a::Type"));
        assert!(!is_usual("impl !core::marker::Sync for a::Type"));
        assert!(!is_usual("impl core::marker::Copy for a::Type"));
        assert!(!is_usual("pub fn a::wait(for_it: u8)"));
    }
}
