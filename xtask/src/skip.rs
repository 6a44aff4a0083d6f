//! Checks that cannot run here.

use crate::Result;

/// Says that a check was left out and why; in CI nothing may be left out.
pub(crate) fn skipped(why: &str) -> Result {
    if is_ci() {
        return Err(format!("in CI every check must run: {why}").into());
    }
    println!("SKIPPED: {why}");
    Ok(())
}

/// Whether this is a CI run: the environment variable `CI` is set, as everywhere.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}
