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
    sync::{Mutex, PoisonError},
};

use super::files::private;
use crate::{Error, ErrorKind, store::NodeId};

/// The locks that this process holds.
pub(super) struct NodeLocks {
    database: PathBuf,
    held: Mutex<HashMap<NodeId, File>>,
}

impl NodeLocks {
    pub(super) fn new(database: &Path) -> Self {
        Self {
            database: database.to_owned(),
            held: Mutex::new(HashMap::new()),
        }
    }

    /// Takes the lock of a node of this process, if it is not held yet.
    pub(super) fn hold(&self, node: NodeId) -> Result<(), Error> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains_key(&node) {
            return Ok(());
        }
        let path = self.path(node);
        let lock = || -> io::Result<File> {
            let file =
                private(OpenOptions::new().create(true).truncate(false).write(true)).open(&path)?;
            match file.try_lock() {
                Ok(()) => Ok(file),
                Err(TryLockError::WouldBlock) => Err(io::Error::other(
                    "another process holds the lock of this node",
                )),
                Err(TryLockError::Error(error)) => Err(error),
            }
        };
        let file = lock().map_err(|error| {
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
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains_key(&node) {
            return false;
        }
        match OpenOptions::new().write(true).open(self.path(node)) {
            Ok(file) => file.try_lock().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Removes the file of a node that is dead.
    pub(super) fn forget(&self, node: NodeId) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        // One of this process that is dead all the same lets go of it when it ends.
        if !held.contains_key(&node) {
            let _ = std::fs::remove_file(self.path(node));
        }
    }

    fn path(&self, node: NodeId) -> PathBuf {
        let mut name = OsString::from(self.database.as_os_str());
        name.push(format!(".node-{}", node.as_uuid().simple()));
        name.into()
    }
}

impl Drop for NodeLocks {
    fn drop(&mut self) {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        // The file goes before the lock: whoever finds neither knows that the node is dead.
        for (node, _lock) in std::mem::take(held) {
            let _ = std::fs::remove_file(self.path(node));
        }
    }
}
