//! clang, the judge of layouts and of values in instructions.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

const CLANG: &str = "clang-19";

/// Compiles C, and returns what clang prints to the standard output; `None` if there is no clang.
///
/// The source is kept in the file `name`, for clang's messages.
pub(crate) fn compile(name: &str, source: &str, arguments: &[&str]) -> Option<String> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, source).unwrap();
    let Output { status, stdout, stderr } =
        match Command::new(CLANG).args(arguments).arg(&path).output() {
            Ok(output) => output,
            Err(error) => {
                let in_ci = env::var_os("CI").is_some_and(|value| !value.is_empty());
                assert!(!in_ci, "in CI every judge must run: {CLANG} does not start: {error}");
                println!("SKIPPED: {CLANG} does not start: {error}");
                return None;
            }
        };
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    Some(String::from_utf8(stdout).unwrap())
}
