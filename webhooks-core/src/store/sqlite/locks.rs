//! A lock for each node, so that one that was killed is known to be dead at once.
//!
//! A process holds a lock on `<database>.node-<id>` for each of its nodes; the operating system lets go
//! of it with the process. A node whose lock can be taken, or whose file is gone, is dead.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use super::files::private;
use crate::{Error, ErrorKind, store::NodeId};

/// How often a lock is tried for that somebody holds for as long as a file takes to be removed.
const TRIES: usize = 100;

/// The locks that this process holds.
pub(super) struct NodeLocks {
    database: PathBuf,
    /// `None` once the store is gone: whatever its threads still do, its nodes are dead.
    held: Mutex<Option<HashMap<NodeId, File>>>,
}

impl NodeLocks {
    pub(super) fn new(database: &Path) -> Self {
        Self {
            database: database.to_owned(),
            held: Mutex::new(Some(HashMap::new())),
        }
    }

    /// Takes the lock of a node of this process, if it is not held yet.
    pub(super) fn hold(&self, node: NodeId) -> Result<(), Error> {
        let mut held = self.held();
        let Some(held) = held.as_mut() else {
            return Ok(());
        };
        if held.contains_key(&node) {
            return Ok(());
        }
        let path = self.path(node);
        let file = lock(&path).map_err(|error| {
            Error::new(
                ErrorKind::Store,
                format!("the lock file {} cannot be used", path.display()),
            )
            .with_source(error)
        })?;
        held.insert(node, file);
        Ok(())
    }

    /// Whether nobody holds the lock of this node.
    pub(super) fn is_free(&self, node: NodeId) -> bool {
        let held = self.held();
        if held.as_ref().is_some_and(|held| held.contains_key(&node)) {
            return false;
        }
        match OpenOptions::new().write(true).open(self.path(node)) {
            Ok(file) => file.try_lock().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Removes the file of a node that is dead.
    pub(super) fn forget(&self, node: NodeId) {
        let mut held = self.held();
        let _ = std::fs::remove_file(self.path(node));
        if let Some(held) = held.as_mut() {
            held.remove(&node);
        }
    }

    /// Removes the files that killed processes left. It is no error if that cannot be done.
    pub(super) fn clean_up(&self) {
        let directory = match self.database.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let Ok(entries) = std::fs::read_dir(directory) else {
            return;
        };
        for entry in entries.flatten() {
            if self.node_of(&entry.file_name()).is_some()
                && let Ok(file) = OpenOptions::new().write(true).open(entry.path())
                && file.try_lock().is_ok()
            {
                // Under its lock: who takes it next sees that the file is another.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Lets go of all locks, for good.
    pub(super) fn let_go(&self) {
        // The file goes before the lock: whoever finds neither knows that the node is dead.
        for (node, _lock) in self.held().take().unwrap_or_default() {
            let _ = std::fs::remove_file(self.path(node));
        }
    }

    /// Lets go of all locks as the operating system does for a killed process: the files stay.
    #[cfg(any(test, feature = "conformance"))]
    pub(super) fn abandon(&self) {
        self.held().take();
    }

    fn held(&self) -> MutexGuard<'_, Option<HashMap<NodeId, File>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, node: NodeId) -> PathBuf {
        let mut name = OsString::from(self.database.as_os_str());
        name.push(format!(".node-{}", node.as_uuid().simple()));
        name.into()
    }

    /// The node that a file of this name is the lock of.
    fn node_of(&self, name: &std::ffi::OsStr) -> Option<NodeId> {
        let database = self.database.file_name()?.to_str()?;
        let id = name
            .to_str()?
            .strip_prefix(database)?
            .strip_prefix(".node-")?;
        Uuid::try_parse(id).ok().map(NodeId::from_uuid)
    }
}

impl Drop for NodeLocks {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Makes and locks a file that others may be about to remove.
fn lock(path: &Path) -> io::Result<File> {
    for _ in 0..TRIES {
        let file =
            private(OpenOptions::new().create(true).truncate(false).write(true)).open(path)?;
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => return Ok(file),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other(
        "another process holds the lock of this node",
    ))
}

/// Whether the file was not removed, or replaced, since it was opened.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), path.metadata()) {
        (Ok(opened), Ok(there)) => (opened.dev(), opened.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Elsewhere a file that is open stays where it is.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}
