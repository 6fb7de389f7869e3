//! One delivery, and one message with its deliveries.

use std::sync::Arc;

use crate::{
    delivery::{
        Attempt, DeadReason, DeliveryKey, DeliveryState, DiscardReason, Message, Progress, Seq,
    },
    emitter::EmitterId,
    env::Timestamp,
    store::{DeliveryRecord, Reason, Verdict},
};

/// The place of a settled delivery in the log: when it settled, and a count.
pub(super) type Place = (Timestamp, u64);

/// One message with its deliveries, at least one, by emitter.
pub(super) struct Entry {
    pub(super) message: Arc<Message>,
    pub(super) rows: Vec<Row>,
    /// How many of the rows are pending.
    pub(super) pending: usize,
}

/// One delivery.
pub(super) struct Row {
    pub(super) emitter: EmitterId,
    pub(super) seq: Seq,
    pub(super) standing: Standing,
    pub(super) progress: Progress,
    /// Where it is in the log; `None` while it is pending.
    pub(super) place: Option<Place>,
    pub(super) latest: Option<Arc<Attempt>>,
    /// The attempts before the latest, oldest first.
    pub(super) older: Vec<Arc<Attempt>>,
}

/// Where a delivery stands, with the reason.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Pending,
    Delivered,
    Dead(DeadReason),
    Discarded(DiscardReason),
}

impl Entry {
    /// Where the row of this emitter is.
    pub(super) fn position(&self, emitter: &EmitterId) -> Option<usize> {
        if let [row] = self.rows.as_slice() {
            return (row.emitter == *emitter).then_some(0);
        }
        self.rows
            .binary_search_by(|row| row.emitter.cmp(emitter))
            .ok()
    }

    pub(super) fn key(&self, at: usize) -> DeliveryKey {
        DeliveryKey {
            message_id: self.message.id,
            emitter: self.rows[at].emitter.clone(),
        }
    }

    pub(super) fn body_bytes(&self) -> usize {
        self.message.body.as_ref().map_or(0, |body| body.len())
    }

    pub(super) fn record(&self, at: usize) -> DeliveryRecord {
        let (message, row) = (&self.message, &self.rows[at]);
        let latest = row.latest.as_deref();
        DeliveryRecord {
            key: self.key(at),
            seq: row.seq,
            event: message.event.clone(),
            delivery_id: message.delivery_id.clone(),
            tenant: message.tenant.clone(),
            ordering_key: message.ordering_key.clone(),
            state: row.standing.state(),
            reason: row.standing.reason(),
            attempt_count: row.attempt_count(),
            created_at: message.created_at,
            next_attempt_at: row.is_pending().then_some(row.progress.due),
            settled_at: row.place.map(|(settled_at, _)| settled_at),
            last_status: latest.and_then(Attempt::status),
            last_error: latest.and_then(Attempt::failure).cloned(),
        }
    }
}

impl Row {
    pub(super) fn is_pending(&self) -> bool {
        self.standing == Standing::Pending
    }

    /// Whether this attempt was recorded before: its settlement was sent again.
    pub(super) fn has(&self, attempt: &Attempt) -> bool {
        let is_it = |known: &Attempt| {
            known.number == attempt.number && known.started_at == attempt.started_at
        };
        self.latest.as_deref().is_some_and(is_it) || self.older.iter().any(|known| is_it(known))
    }

    /// Adds an attempt; the numbers of later ones go on behind it.
    pub(super) fn record(&mut self, attempt: Arc<Attempt>) {
        self.progress.attempts = self.progress.attempts.max(attempt.number);
        if let Some(before) = self.latest.replace(attempt) {
            self.older.push(before);
        }
    }

    pub(super) fn attempt_count(&self) -> u32 {
        let count = self.older.len() + usize::from(self.latest.is_some());
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Its attempts, oldest first.
    pub(super) fn attempts(&self) -> impl Iterator<Item = &Arc<Attempt>> {
        self.older.iter().chain(&self.latest)
    }

    /// The bytes that were captured of its responses.
    pub(super) fn captured_bytes(&self) -> usize {
        self.attempts().map(|attempt| attempt.weight()).sum()
    }
}

impl Standing {
    pub(super) fn state(self) -> DeliveryState {
        match self {
            Self::Pending => DeliveryState::Pending,
            Self::Delivered => DeliveryState::Delivered,
            Self::Dead(_) => DeliveryState::Dead,
            Self::Discarded(_) => DeliveryState::Discarded,
        }
    }

    /// Whether this is what the verdict asks for.
    pub(super) fn agrees_with(self, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Delivered => self == Self::Delivered,
            Verdict::Retry(_) => self == Self::Pending,
            Verdict::Dead(reason) => self == Self::Dead(*reason),
        }
    }

    fn reason(self) -> Option<Reason> {
        match self {
            Self::Pending | Self::Delivered => None,
            Self::Dead(reason) => Some(Reason::Dead(reason)),
            Self::Discarded(reason) => Some(Reason::Discarded(reason)),
        }
    }
}
