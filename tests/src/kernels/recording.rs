//! Recordings: the answers of one booted kernel, with what verdicts depend on.
//!
//! Each is a folder of `tests/kernels`, named for the kernel and the hash of the types in its image:
//!
//! ```text
//! types.btf.xz    the kernel's types, minimized for the objects
//! answers.tsv     a line for each fact, whose fields are separated by tabs
//! ```
//!
//! ```text
//! kernel    NAME
//! package   PACKAGE VERSION
//! release   what `uname -r` prints
//! version   what `uname -v` prints
//! sha256    of the BTF in the image, which the booted kernel has too
//! config    CONFIG_OPTION=VALUE     options that objects ask for
//! symbol    NAME yes|no             symbols that objects ask for, and whether the kernel has them
//! object    SHA-256 NAME
//! program   NAME SECTION RESULT RELOCATED CLASS LINE     of the object before it
//! ```
//!
//! RESULT is `loads`, a negative errno, `timeout` or `signal N`; RELOCATED is that of the object that we relocated, `=`
//! if it is the same, or `-` if the object does not relocate. CLASS and LINE tell why a program is refused.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::refusal::Refusal;

/// The answers of a booted kernel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recording {
    /// Its name, such as `amd64-6.1`.
    pub kernel: String,
    /// The package, and its version.
    pub package: String,
    /// What `uname -r` prints.
    pub release: String,
    /// What `uname -v` prints.
    pub version: String,
    /// The SHA-256 of its BTF.
    pub sha256: String,
    /// The options of its configuration that objects ask for, each with its value.
    pub config: Vec<String>,
    /// The symbols that objects ask for, and whether it has them.
    pub symbols: BTreeMap<String, bool>,
    /// The objects, with the answers to their programs.
    pub objects: Vec<Answer>,
}

/// The answers to the programs of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The name of the object's file.
    pub name: String,
    /// The SHA-256 of the object.
    pub sha256: String,
    /// Its programs, in libbpf's order. An object that libbpf does not open has one, whose name is `-`.
    pub programs: Vec<Program>,
}

/// The answers to a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// The name of its section.
    pub section: String,
    /// The answer to the program as it is.
    pub original: Row,
    /// The answer to the program as we relocated it; `None` if the object does not relocate.
    pub relocated: Option<Row>,
}

/// What happened to a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `loads`, a negative errno, `timeout` or `signal N`.
    pub result: String,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// The line that tells it.
    pub line: String,
}

impl Answer {
    /// Returns `true` if libbpf opens the object.
    pub fn is_opened(&self) -> bool {
        self.programs.iter().all(|program| program.name != "-")
    }
}

/// The longest line that is recorded, in characters.
const MAX_LINE: usize = 160;

impl Row {
    /// Describes what a kernel answered, and what was said before.
    pub fn new(result: &str, log: &[&str]) -> Self {
        if result == "0" {
            return Self { result: "loads".to_owned(), refusal: None, line: String::new() };
        }
        let line = Refusal::telling_line(log).trim().replace('\t', " ");
        let line = line.chars().take(MAX_LINE).collect();
        Self { result: result.to_owned(), refusal: Some(Refusal::find(result, log)), line }
    }

    /// Returns `true` if the program loads.
    pub fn loads(&self) -> bool {
        self.refusal.is_none()
    }
}

/// Returns the folder of all recordings.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels")
}

/// Reads all recordings, by name, each with its minimized BTF; none if there is no folder of them.
///
/// # Errors
/// A file cannot be read.
///
/// # Panics
/// Panics if one is not well-formed.
pub fn recordings() -> io::Result<Vec<(Recording, Vec<u8>)>> {
    let mut folders = Vec::new();
    if !folder().exists() {
        return Ok(Vec::new());
    }
    for entry in fs::read_dir(folder())? {
        folders.push(entry?.path());
    }
    folders.sort();
    let read = |folder: PathBuf| {
        let text = fs::read_to_string(folder.join("answers.tsv"))?;
        let recording = Recording::parse(&text);
        let recording =
            recording.unwrap_or_else(|line| panic!("{}: line {line}", folder.display()));
        let types = folder.join("types.btf.xz");
        let types = core_reloc_targets::open(&types, core_reloc_targets::Limits::default())
            .unwrap_or_else(|error| panic!("{error}"));
        Ok((recording, types.as_bytes().to_vec()))
    };
    folders.into_iter().map(read).collect()
}

/// Returns the SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl Recording {
    /// Returns the name of the recording's folder.
    pub fn folder_name(&self) -> String {
        format!("{}-{}", self.kernel, self.sha256.get(..12).unwrap_or(&self.sha256))
    }

    /// Returns the answers to the programs of an object, if they are recorded for these bytes.
    pub fn answer(&self, name: &str, bytes: &[u8]) -> Option<&Answer> {
        let answer = self.objects.iter().find(|answer| answer.name == name)?;
        Some(answer).filter(|answer| answer.sha256 == sha256(bytes))
    }

    /// Parses a recording; an error is the number of the line that is not well-formed.
    ///
    /// # Errors
    /// A line is not as the module describes.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut recording = Self::default();
        for (number, line) in (1_usize..).zip(text.lines()) {
            recording.add(&line.split('\t').collect::<Vec<_>>()).ok_or(number)?;
        }
        Ok(recording)
    }

    fn add(&mut self, fields: &[&str]) -> Option<()> {
        match *fields {
            ["kernel", value] => value.clone_into(&mut self.kernel),
            ["package", value] => value.clone_into(&mut self.package),
            ["release", value] => value.clone_into(&mut self.release),
            ["version", value] => value.clone_into(&mut self.version),
            ["sha256", value] => value.clone_into(&mut self.sha256),
            ["config", value] => self.config.push(value.to_owned()),
            ["symbol", name, is_there @ ("yes" | "no")] => {
                self.symbols.insert(name.to_owned(), is_there == "yes");
            }
            ["object", sha256, name] => self.objects.push(Answer {
                name: name.to_owned(),
                sha256: sha256.to_owned(),
                programs: Vec::new(),
            }),
            ["program", name, section, result, relocated, class, line] => {
                let refusal = match class {
                    "" => None,
                    class => Some(Refusal::of_name(class)?),
                };
                let original = Row { result: result.to_owned(), refusal, line: line.to_owned() };
                let relocated = match relocated {
                    "=" => Some(original.clone()),
                    "-" => None,
                    result => {
                        let refusal = (result != "loads").then_some(Refusal::Other);
                        Some(Row { result: result.to_owned(), refusal, line: String::new() })
                    }
                };
                let (name, section) = (name.to_owned(), section.to_owned());
                let program = Program { name, section, original, relocated };
                self.objects.last_mut()?.programs.push(program);
            }
            _ => return None,
        }
        Some(())
    }

    /// Returns the text that [`Recording::parse`] reads.
    pub fn print(&self) -> String {
        let mut text = String::new();
        for (key, value) in [
            ("kernel", &self.kernel),
            ("package", &self.package),
            ("release", &self.release),
            ("version", &self.version),
            ("sha256", &self.sha256),
        ] {
            let _ = writeln!(text, "{key}\t{value}");
        }
        for value in &self.config {
            let _ = writeln!(text, "config\t{value}");
        }
        for (name, is_there) in &self.symbols {
            let _ = writeln!(text, "symbol\t{name}\t{}", if *is_there { "yes" } else { "no" });
        }
        for object in &self.objects {
            let _ = writeln!(text, "object\t{}\t{}", object.sha256, object.name);
            for Program { name, section, original, relocated } in &object.programs {
                let relocated = match relocated {
                    None => "-",
                    Some(row) if row.result == original.result => "=",
                    Some(row) => &row.result,
                };
                let class = original.refusal.map_or("", Refusal::name);
                let Row { result, line, .. } = original;
                let _ = writeln!(
                    text,
                    "program\t{name}\t{section}\t{result}\t{relocated}\t{class}\t{line}"
                );
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_read_as_they_are_printed() {
        let text = "kernel\tamd64-6.1\npackage\tlinux-image 6.1.176-1\nrelease\t6.1.0-50\n\
                    version\t#1 Debian 6.1.176-1\nsha256\t12ab\nconfig\tCONFIG_HZ=250\nsymbol\tvfs_read\tyes\n\
                    object\tcd34\ta.bpf.o\nprogram\tfirst\traw_tp/a\tloads\t=\t\t\n\
                    program\tsecond\traw_tp/b\t-22\t-\tpoison\tinvalid func\n\
                    program\tthird\traw_tp/c\t-3\tloads\thook\tfailed to find\n";
        let recording = Recording::parse(text).unwrap();
        assert_eq!(recording.print(), text);
        let programs = &recording.objects[0].programs;
        assert!(programs[0].original.loads() && programs[2].relocated.as_ref().unwrap().loads());
        assert_eq!(
            (programs[1].original.refusal, &programs[1].relocated),
            (Some(Refusal::Poison), &None)
        );
        assert_eq!(recording.known_release().unwrap().patch, 176);
        assert_eq!(Recording::parse("kernel\ta\nprogram\ta\n"), Err(2));
    }
}
