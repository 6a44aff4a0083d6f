//! Recognizing kernels whose BTF is the same.

use std::{
    fs::File,
    hash::{BuildHasher, RandomState},
    io::{self, Read},
    path::Path,
};

use twox_hash::XxHash3_128;

/// Hashes whole kernels. The hash of other bytes is another one: by chance with near certainty, and on purpose
/// because the seed is not known.
#[derive(Debug)]
pub(crate) struct Digester {
    seed: u64,
}

impl Digester {
    pub(crate) fn new() -> Self {
        // The only random number in the standard library.
        Self { seed: RandomState::new().hash_one(()) }
    }

    pub(crate) fn digest(&self, bytes: &[u8]) -> u128 {
        XxHash3_128::oneshot_with_seed(self.seed, bytes)
    }
}

/// Returns a hash of bytes that is the same on every machine. Without a seed it tells files apart that differ by
/// chance, but not those that somebody made to have the same hash.
pub(crate) fn stable_digest(bytes: &[u8]) -> String {
    format!("{:032x}", XxHash3_128::oneshot(bytes))
}

/// Returns the [`stable_digest`] of a file's bytes.
pub(crate) fn file_digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = XxHash3_128::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(format!("{:032x}", hasher.finish_128())),
            Ok(len) => hasher.write(buffer.get(..len).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_digest_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for len in [0, 1, 240, 241, (64 << 10) - 1, 64 << 10, 200_000] {
            let bytes: Vec<u8> = (0..=255).cycle().take(len).collect();
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(file_digest(&path).unwrap(), stable_digest(&bytes), "{len}");
        }
    }
}
