//! Files that nobody else may read.

use std::{
    ffi::OsString,
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
};

/// Makes files that nobody else may read.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes an empty file, unless there is a file. SQLite gives its other files the same mode.
pub(super) fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    match private(options.create_new(true).write(true)).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// The file beside a database whose name goes on so.
pub(super) fn with_end(database: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(database.as_os_str());
    name.push(end);
    name.into()
}
