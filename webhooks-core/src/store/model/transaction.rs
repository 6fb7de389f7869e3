//! A transaction of an application's.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use super::{Model, ModelStore};
use crate::{
    delivery::Seq,
    env::Timestamp,
    store::{Append, Appended, AppendedRow, Fate, NewMessage, Stored},
};

/// A transaction of an application's, as it would be in the store's database: events are emitted in it with
/// [`Webhooks::emit_in`](crate::Webhooks::emit_in), and are there once it commits. Dropped, it is rolled
/// back.
///
/// As in PostgreSQL, an event has its place in the order from when it is emitted, and others may commit
/// before it. Nobody waits for a transaction that is open.
///
/// ```
/// use webhooks_core::{EmitterConfig, Event, Webhooks, env::Timestamp, store::conformance::ModelStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), webhooks_core::Error> {
/// let store = ModelStore::new();
/// let webhooks = Webhooks::builder().store(store.clone()).build().await?;
/// webhooks.attach("crm", ["*"], EmitterConfig::new("https://crm.example/hooks")?).await?;
/// let transaction = store.begin();
/// let event = Event::new("order.created", &serde_json::json!({ "id": 17 }))?;
/// webhooks.emit_in(&transaction, event)?;
/// assert_eq!(webhooks.stats().await?.all.pending, 0);
/// transaction.commit(Timestamp::from_micros(0));
/// assert_eq!(webhooks.stats().await?.all.pending, 1);
/// # Ok(())
/// # }
/// ```
pub struct ModelTransaction {
    store: ModelStore,
    work: Mutex<Vec<Drawn>>,
}

/// A batch, and the places that its deliveries have in the order.
struct Drawn {
    batch: Append,
    seqs: Vec<Vec<Seq>>,
}

impl ModelTransaction {
    pub(super) fn new(store: ModelStore) -> Self {
        Self {
            store,
            work: Mutex::default(),
        }
    }

    /// Whether the generation is current is not known before the commit.
    pub(crate) fn append_in(&self, batch: Append) -> Vec<Appended> {
        let messages = batch.messages.iter();
        let seqs: Vec<Vec<Seq>> = self.store.with(|model| {
            let draw = |new: &NewMessage| new.deliveries.iter().map(|_| model.next_seq()).collect();
            messages.map(draw).collect()
        });
        let withheld = |seq: &Seq| AppendedRow {
            seq: *seq,
            fate: Fate::Withheld,
        };
        let appended = seqs.iter().map(|seqs| {
            let rows = seqs.iter().map(withheld).collect();
            Appended::Stored(Stored { rows })
        });
        let appended = appended.collect();
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.push(Drawn { batch, seqs });
        appended
    }

    /// Stores what was emitted in it, all at once: each batch, with what became of it.
    pub fn commit(self, now: Timestamp) -> Vec<(Append, Vec<Appended>)> {
        let work = self
            .work
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        self.store.with(|model| {
            let committed = work.into_iter().map(|drawn| {
                let appended = model.append_drawn(drawn.batch.clone(), drawn.seqs, now);
                (drawn.batch, appended)
            });
            committed.collect()
        })
    }
}

impl Model {
    /// Stores a batch whose places in the order were drawn before. Nobody can say that the node owns its
    /// emitters by now.
    fn append_drawn(
        &mut self,
        batch: Append,
        seqs: Vec<Vec<Seq>>,
        now: Timestamp,
    ) -> Vec<Appended> {
        let messages = batch.messages.into_iter().zip(seqs);
        let stored = messages.map(|(new, seqs)| {
            if !new.deliveries.is_empty() {
                self.messages.insert(new.message.id, new.message.clone());
            }
            let deliveries = new.deliveries.into_iter().zip(seqs);
            let rows = deliveries.map(|(mut delivery, seq)| {
                delivery.epoch = None;
                self.deliver(batch.node, new.message.id, delivery, seq, now)
            });
            let rows = rows.collect();
            Appended::Stored(Stored { rows })
        });
        stored.collect()
    }
}

impl fmt::Debug for ModelTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelTransaction").finish_non_exhaustive()
    }
}
