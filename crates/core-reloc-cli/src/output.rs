//! Writing: files whole or not at all, and standard output as long as somebody listens.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, BufWriter, ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use anstream::AutoStream;

/// Writes a file whole or not at all: it takes the place of what is there once it is complete.
///
/// What is there may be the very file that the bytes come from. It keeps its permissions, a link to
/// it stays one, and a pipe or device is just written to.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(existing) if existing.is_file() => {
            // Whoever may not write to a file should not replace it either.
            OpenOptions::new().write(true).open(path)?;
            replace(&fs::canonicalize(path)?, bytes, Some(existing.permissions()))
        }
        Ok(_) => OpenOptions::new().write(true).open(path)?.write_all(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => replace(path, bytes, None),
        Err(error) => Err(error),
    }
}

fn replace(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".core-reloc-")
        // As for any new file, before the process's mask is applied.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory)?;
    file.write_all(bytes)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    // If this fails, or anything before it, the temporary file goes.
    file.persist(path)?;
    Ok(())
}

/// Standard output, without colours where it is no terminal. To be flushed at the end.
pub(crate) fn stdout() -> impl Write {
    BufWriter::new(UntilClosed(Some(AutoStream::auto(io::stdout().lock()))))
}

/// A stream whose reader may go at any time, as `head` does. What is written after that is dropped:
/// nobody wanted it.
struct UntilClosed<W>(Option<W>);

impl<W: Write> UntilClosed<W> {
    fn attempt<T>(
        &mut self,
        unheard: T,
        write: impl FnOnce(&mut W) -> io::Result<T>,
    ) -> io::Result<T> {
        match self.0.as_mut().map(write) {
            None => Ok(unheard),
            Some(Err(error)) if error.kind() == ErrorKind::BrokenPipe => {
                self.0 = None;
                Ok(unheard)
            }
            Some(result) => result,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(bytes.len(), |stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt((), W::flush)
    }
}
