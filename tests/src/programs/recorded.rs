//! What a kernel did with generated programs, recorded so that it need not be booted again.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use core_reloc_tools::needs::Release;

use super::{Code, Features, Linked, generate, proof::Proof};
use crate::kernels::sha256;

/// What a kernel did with a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Did {
    /// It loaded the program.
    Load,
    /// It rejected a poisoned instruction.
    RejectPoison,
    /// It rejected the program for another reason.
    Reject,
}

impl Did {
    const ALL: [(Self, char, &'static str); 3] = [
        (Self::Load, '.', "loads"),
        (Self::RejectPoison, 'p', "poison"),
        (Self::Reject, 'r', "refused"),
    ];

    /// Returns what a word of `xtask/src/kernels/generated.c` means.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(.., known)| *known == word).map(|(did, ..)| did)
    }

    fn of_char(char: char) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known, _)| *known == char).map(|(did, ..)| did)
    }

    fn char(self) -> char {
        Self::ALL.into_iter().find(|(did, ..)| *did == self).map_or('?', |(_, char, _)| char)
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (.., word) = Self::ALL.into_iter().find(|(did, ..)| did == self).ok_or(fmt::Error)?;
        f.pad(word)
    }
}

/// What a kernel did with the programs from 0 on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The kernel's release.
    pub release: Release,
    /// The SHA-256 of the programs.
    pub sha256: String,
    /// What it did with each.
    pub answers: Vec<Did>,
}

/// What is proved of programs, and what a kernel did with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// The number of programs with each proof and answer.
    pub table: BTreeMap<(&'static str, Did), u64>,
    /// The programs that are guarded, and that the kernel rejects for poison.
    pub wrong: Vec<u64>,
}

/// Returns programs as the kernel takes them: for each, the numbers of instructions, of functions and of bytes of
/// BTF, in 4 bytes, and these.
pub fn file_of_programs(release: Release, count: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for seed in 0..count {
        let Linked { insns, btf, func_info, .. } = generate(seed, Features::of(release)).linked();
        for len in [insns.len(), func_info.len(), btf.len()] {
            bytes.extend((len as u32).to_ne_bytes());
        }
        bytes.extend(insns.concat());
        for function in func_info {
            bytes.extend([function.insn_off, function.type_id].map(u32::to_ne_bytes).concat());
        }
        bytes.extend(btf);
    }
    bytes
}

impl Recorded {
    /// Returns the answers to the first programs of a release.
    pub fn new(release: Release, answers: Vec<Did>) -> Self {
        let programs = file_of_programs(release, answers.len() as u64);
        Self { release, sha256: sha256(&programs), answers }
    }

    /// Reads a file. `None` if it is not well-formed.
    pub fn parse(text: &str) -> Option<Self> {
        let (release, rest) = text.strip_prefix("release ")?.split_once('\n')?;
        let (sha256, rest) = rest.strip_prefix("sha256 ")?.split_once('\n')?;
        let answers = rest.chars().filter(|char| *char != '\n').map(Did::of_char);
        Some(Self {
            release: Release::find(release)?,
            sha256: sha256.to_owned(),
            answers: answers.collect::<Option<_>>()?,
        })
    }

    /// Returns `true` if the generator still makes the same programs.
    pub fn is_current(&self) -> bool {
        sha256(&file_of_programs(self.release, self.answers.len() as u64)) == self.sha256
    }

    /// Compares the answers with what is proved.
    pub fn compare(&self) -> Compared {
        let mut compared = Compared::default();
        for (seed, did) in (0..).zip(self.answers.iter().copied()) {
            let code: Code = generate(seed, Features::of(self.release));
            let proof = match Proof::of(&code, Some(self.release)).is_guarded {
                _ if !code.has_poison() => "without poison",
                true => "guarded",
                false => "not proved",
            };
            *compared.table.entry((proof, did)).or_default() += 1;
            if proof == "guarded" && did == Did::RejectPoison {
                compared.wrong.push(seed);
            }
        }
        compared
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Release { major, minor, patch, .. } = self.release;
        writeln!(f, "release {major}.{minor}.{patch}")?;
        writeln!(f, "sha256 {}", self.sha256)?;
        for line in self.answers.chunks(100) {
            writeln!(f, "{}", line.iter().map(|did| did.char()).collect::<String>())?;
        }
        Ok(())
    }
}

impl Compared {
    /// Returns how many of the programs that the kernel loads with poison are proved, and how many are not.
    pub fn loaded(&self) -> (u64, u64) {
        let loaded = |proof| self.table.get(&(proof, Did::Load)).copied().unwrap_or(0);
        (loaded("guarded"), loaded("not proved"))
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((proof, did), count) in &self.table {
            writeln!(f, "{proof:15} {did:8} {count:6}")?;
        }
        let (proved, others) = self.loaded();
        write!(f, "not proved of those that load with poison: {others} of {}", proved + others)
    }
}

/// Returns the files with answers, by the names of the kernels.
///
/// # Errors
/// The folder cannot be read.
pub fn recorded() -> io::Result<Vec<(String, Recorded)>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder())?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let recorded = Recorded::parse(&fs::read_to_string(&path)?);
        Ok((name, recorded.ok_or_else(|| io::Error::other(format!("{}", path.display())))?))
    };
    paths.into_iter().map(read).collect()
}

/// Returns the folder of the files.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("generated")
}
