//! Running the program.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

/// The result of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Returns the root of the workspace, in which the program runs: messages name `fixtures/…`.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Reads a fixture.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = root().join("fixtures").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns BTF of little-endian byte order with one more string, which no type has.
pub(crate) fn with_unused_string(btf: &[u8], string: &str) -> Vec<u8> {
    let mut btf = btf.to_vec();
    // The strings come last; their size is in the header.
    let (size, _) = btf[20..].split_first_chunk_mut::<4>().unwrap();
    let more = u32::try_from(string.len() + 1).unwrap();
    *size = (u32::from_le_bytes(*size) + more).to_le_bytes();
    btf.extend(string.bytes().chain([0]));
    btf
}

/// Returns the command that runs the program.
pub(crate) fn command(arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_core-reloc"));
    // Of a shell that exports it.
    command.current_dir(root()).env_remove("COLUMNS").args(arguments);
    command
}

/// Runs the program.
pub(crate) fn run(arguments: &[impl AsRef<OsStr>]) -> Run {
    Run::of(command(arguments).output().unwrap())
}

/// Runs the program with these bytes as its standard input, from a pipe.
pub(crate) fn run_on(input: &[u8], arguments: &[impl AsRef<OsStr>]) -> Run {
    let mut command = command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // The program need not read all of it.
        scope.spawn(move || drop(stdin.write_all(input)));
        Run::of(child.wait_with_output().unwrap())
    })
}

/// Runs the program with arguments that are separated by spaces.
pub(crate) fn run_line(line: &str) -> Run {
    run(&line.split_whitespace().collect::<Vec<_>>())
}

impl Run {
    #[track_caller]
    pub(crate) fn of(Output { status, stdout, stderr }: Output) -> Self {
        Self {
            status: status.code().expect("the program exits without a signal"),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Returns standard output; panics unless the exit status is 0 and standard error is empty.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// Returns standard error; panics unless the exit status is 2 and standard output is empty.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert_eq!((self.status, self.stdout.as_str()), (2, ""), "{}", self.stderr);
        self.stderr
    }
}

/// A temporary folder, which is removed on drop.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_string()
    }

    /// Writes a file, and returns its path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Returns the sorted names of its files.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Removes the folder's path, which differs from run to run, from a message.
    pub(crate) fn strip(&self, message: &str) -> String {
        message.replace(self.0.path().to_str().unwrap(), "")
    }
}
