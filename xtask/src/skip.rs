//! Checks that cannot run on this machine.

use crate::Result;

/// Reports that a check was skipped and why; in CI that is an error.
pub(crate) fn skipped(why: &str) -> Result {
    if is_ci() {
        return Err(format!("in CI every check must run: {why}").into());
    }
    println!("SKIPPED: {why}");
    Ok(())
}

/// Returns `true` if the environment variable `CI` is set.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}
