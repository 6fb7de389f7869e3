//! The file of a secrets key: reading it, and making it whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{Error, ErrorKind, env::Env, sign::Secret};

/// Far above the length of a line, so that a file which is none is not read to its end.
const MAX: usize = 1_024;

/// What is in the file at `path`, cut at [`MAX`].
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let bounded = || {
        let file = File::open(path)?;
        warn_if_open_to_others(path, &file)?;
        // Large enough from the start: a buffer that grew would leave a copy behind.
        let mut content = Zeroizing::new(Vec::with_capacity(2 * MAX));
        file.take(MAX as u64).read_to_end(&mut content)?;
        Ok(content)
    };
    bounded().map_err(|error: io::Error| failed(path, "cannot be read", error))
}

/// Makes the file at `path`, with `line` in it.
///
/// It is written under another name and then linked, since linking, unlike renaming, never replaces
/// what is there.
pub(super) fn create(path: &Path, line: &Secret, env: &Env) -> Result<(), Error> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let not_made = |error| failed(path, "cannot be made", error);
    let draft = Draft::write(directory, line, env).map_err(not_made)?;
    fs::hard_link(&draft.0, path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => failed(path, "exists, and stays as it is", error),
        _ => not_made(error),
    })?;
    drop(draft);
    sync_directory(directory).map_err(not_made)
}

/// The whole file under a name of its own, which is gone when this is dropped.
struct Draft(PathBuf);

impl Draft {
    fn write(directory: &Path, line: &Secret, env: &Env) -> io::Result<Self> {
        let mut random = [0; 8];
        env.fill(&mut random);
        let name = format!(".webhooks-key-{:016x}.tmp", u64::from_be_bytes(random));
        let path = directory.join(name);
        let mut file = private().open(&path)?;
        let draft = Self(path);
        file.write_all(line.expose().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What could not be removed is as private as the key file.
        let _ = fs::remove_file(&self.0);
    }
}

/// Options for a new file that nobody else may use.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the file's name durable.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere directories cannot be opened, and need not be.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn warn_if_open_to_others(path: &Path, file: &File) -> io::Result<()> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata()?.permissions()) & 0o7777;
    if mode & 0o077 != 0 {
        tracing::warn!(
            target: crate::observe::STORE,
            path = %path.display(),
            mode = %format_args!("{mode:04o}"),
            "the secrets key file is open to group or others: expected mode 0600",
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn warn_if_open_to_others(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

fn failed(path: &Path, what: &str, error: io::Error) -> Error {
    let message = format!("the secrets key file `{}` {what}", path.display());
    Error::new(ErrorKind::SecretsKey, message).with_source(error)
}

#[cfg(test)]
mod tests;
