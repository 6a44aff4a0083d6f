//! Prints a crate's public interface, one item a line, from the JSON that rustdoc writes for it:
//! `xtask-api FILE`. `cargo xtask api` runs it.
//!
//! It is a program of its own to keep its dependencies out of xtask.
#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use public_api::Builder;
use rustdoc_types::FORMAT_VERSION;

/// The exit status if rustdoc wrote another format than this program reads.
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
        Ok(Some(items)) => {
            items.iter().for_each(|item| println!("{item}"));
            ExitCode::SUCCESS
        }
        Ok(None) => ExitCode::from(OTHER_FORMAT),
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}

/// The auto traits.
const AUTO_TRAITS: [&str; 7] = [
    "core::marker::Freeze",
    "core::marker::Send",
    "core::marker::Sync",
    "core::marker::Unpin",
    "core::marker::UnsafeUnpin",
    "core::panic::unwind_safe::RefUnwindSafe",
    "core::panic::unwind_safe::UnwindSafe",
];

/// Returns `true` if an item implements an auto trait, as nearly every type does. A type that is not
/// `Send` or not `Sync` is worth a line.
fn is_auto_trait(item: &str) -> bool {
    let Some((what, _)) = item.split_once(" for ") else { return false };
    let Some((_, name)) = what.rsplit_once(' ') else { return false };
    let is_lacking = matches!(name, "!core::marker::Send" | "!core::marker::Sync");
    what.starts_with("impl") && AUTO_TRAITS.contains(&name.trim_start_matches('!')) && !is_lacking
}

/// Returns `true` for an impl of a trait of zerocopy. Its derives do not mark their impls as derived.
fn is_of_zerocopy(item: &str) -> bool {
    item.starts_with("impl zerocopy::")
        || item.ends_with(" as zerocopy::KnownLayout>::PointerMetadata")
}

/// The public items that rustdoc describes in a file, without impls that are blanket, derived (but for
/// errors), of auto traits or of zerocopy's; `None` if the file has another format than the one this program reads.
fn list(file: &Path) -> Result<Option<Vec<String>>, Box<dyn Error>> {
    let format: Format = serde_json::from_slice(&std::fs::read(file)?)?;
    if format.format_version != FORMAT_VERSION {
        eprintln!(
            "rustdoc wrote format {}, but this program reads {FORMAT_VERSION}: use the release of \
             the crate public-api that reads format {0}",
            format.format_version
        );
        return Ok(None);
    }
    let all = items(file, true)?;
    let written: HashSet<String> = items(file, false)?.into_iter().collect();
    let is_listed = |item: &String| {
        (written.contains(item) || is_error(item)) && !is_auto_trait(item) && !is_of_zerocopy(item)
    };
    Ok(Some(all.into_iter().filter(is_listed).collect()))
}

/// The public items without blanket impls, with or without derived ones.
fn items(file: &Path, derived: bool) -> Result<Vec<String>, Box<dyn Error>> {
    let interface = Builder::from_rustdoc_json(file)
        .omit_blanket_impls(true)
        .omit_auto_derived_impls(!derived)
        .include_function_parameter_names(true)
        .build()?;
    Ok(interface.items().map(ToString::to_string).collect())
}

/// Returns `true` for an impl of `Error`: a promise, though thiserror derives it.
fn is_error(item: &str) -> bool {
    item.starts_with("impl") && item.contains("core::error::Error for ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{is_auto_trait, is_of_zerocopy, list};

    #[test]
    fn of_the_auto_traits_only_those_that_a_type_lacks_are_listed() {
        assert!(is_auto_trait("impl<'a> core::marker::Send for a::Type<'a>"));
        assert!(is_auto_trait(
            "impl<T> core::marker::Sync for a::Type<T> where T: core::marker::Sync"
        ));
        assert!(is_auto_trait("impl !core::panic::unwind_safe::UnwindSafe for a::Type"));
        assert!(!is_auto_trait("impl !core::marker::Sync for a::Type"));
        assert!(!is_auto_trait("impl core::marker::Copy for a::Type"));
        assert!(!is_auto_trait("pub fn a::wait(for_it: u8)"));
    }

    #[test]
    fn impls_of_zerocopy_are_not_listed_but_uses_of_it_are() {
        assert!(is_of_zerocopy(
            "impl zerocopy::FromBytes for a::Raw where a::U32: zerocopy::FromBytes"
        ));
        assert!(is_of_zerocopy(
            "pub type a::Raw::PointerMetadata = <a::U32 as zerocopy::KnownLayout>::PointerMetadata"
        ));
        assert!(!is_of_zerocopy("pub fn a::read<T: zerocopy::FromBytes>(bytes: &[u8]) -> T"));
    }

    #[test]
    fn derived_impls_are_left_out_and_written_ones_listed() {
        let folder = std::env::temp_dir().join(format!("xtask-api-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let source = folder.join("shown.rs");
        std::fs::write(
            &source,
            "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
             pub struct Derived;
             pub struct Written;
             impl Clone for Written { fn clone(&self) -> Self { Written } }",
        )
        .unwrap();
        let rustdoc = Command::new("rustdoc")
            .args([
                "-Z",
                "unstable-options",
                "--output-format",
                "json",
                "--edition",
                "2024",
                "--out-dir",
            ])
            .args([&folder, &source])
            .env("RUSTC_BOOTSTRAP", "1")
            .status();
        assert!(rustdoc.unwrap().success());
        let listed = list(&folder.join("shown.json")).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        // Another format: `cargo xtask api` reports it.
        let Some(listed) = listed else { return };
        assert_eq!(
            listed,
            [
                "pub mod shown",
                "pub struct shown::Derived",
                "pub struct shown::Written",
                "impl core::clone::Clone for shown::Written",
                "pub fn shown::Written::clone(&self) -> Self",
            ]
        );
    }
}
