//! The stores that are measured, each fresh and empty.

use tempfile::TempDir;
use webhooks_core::{
    MemoryStore, WebhooksBuilder,
    store::{MemoryLimits, SqliteStore},
};

use crate::Failed;

/// A store that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Sqlite,
}

/// Where a store keeps its files until this is dropped. Not in the directory for temporary files,
/// which may be in memory.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Result<Self, Failed> {
        Ok(Self(tempfile::tempdir_in(".")?))
    }

    pub(crate) async fn sqlite(&self) -> Result<SqliteStore, Failed> {
        Ok(SqliteStore::open(self.0.path().join("webhooks.db")).await?)
    }
}

impl Kind {
    /// Gives the builder a store of this kind.
    pub(crate) async fn give(
        self,
        builder: WebhooksBuilder,
        place: &Place,
    ) -> Result<WebhooksBuilder, Failed> {
        Ok(match self {
            // One emitter may have all events of a round pending.
            Self::Memory => builder.store(MemoryStore::with_limits(
                MemoryLimits::default().pending_per_emitter(100_000),
            )),
            Self::Sqlite => builder.store(place.sqlite().await?),
        })
    }
}
