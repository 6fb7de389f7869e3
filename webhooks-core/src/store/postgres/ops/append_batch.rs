//! A batch of messages on its way into the tables.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    ops::Range,
};

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{
        failure::Failure,
        tx::{Context, ask, get},
    },
    claims::Claims,
    idempotency,
    messages::{MessageColumns, bind_messages},
};
use crate::{
    emitter::EmitterId,
    env::Timestamp,
    store::{AppendedRow, Fate, IDEMPOTENCY_LIFETIME, NewMessage, NodeId, stats::hour_of},
};

/// What `append.sql` says of a delivery.
const STRAIGHT: i32 = 0;
const UNPROVEN: i32 = 2;
const STALE: i32 = 3;

/// The columns of a batch, one behind the other.
#[derive(Default)]
pub(super) struct Batch<'a> {
    message_id: Vec<Uuid>,
    emitter: Vec<&'a str>,
    generation: Vec<i64>,
    epoch: Vec<Option<i64>>,
    due: Vec<i64>,
    key_hash: Vec<Option<i64>>,
    claims: Vec<(&'a EmitterId, u64)>,
    messages: MessageColumns<'a>,
    keyed: Vec<bool>,
    keys: Vec<&'a NewMessage>,
}

/// What a batch wrote.
#[derive(Default)]
pub(super) struct Written {
    /// By the place of the delivery.
    pub(super) rows: HashMap<usize, AppendedRow>,
    /// Messages whose keys are remembered now.
    pub(super) remembered: HashSet<Uuid>,
    /// Something has been marked.
    pub(super) for_others: bool,
}

impl<'a> Batch<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.message_id.is_empty() && self.keys.is_empty()
    }

    /// Returns the places of its deliveries.
    pub(super) fn push(&mut self, new: &'a NewMessage) -> Range<usize> {
        let start = self.message_id.len();
        let key_hash = new.message.ordering_key.as_ref();
        let key_hash = key_hash.map(|key| key.stable_hash());
        for delivery in &new.deliveries {
            self.message_id.push(new.message.id.as_uuid());
            self.emitter.push(delivery.emitter.as_str());
            self.generation.push(delivery.generation.cast_signed());
            self.epoch.push(delivery.epoch.map(u64::cast_signed));
            self.due.push(delivery.due.as_micros());
            self.key_hash.push(key_hash);
            let claim = delivery.epoch.map(|epoch| (&delivery.emitter, epoch));
            self.claims.extend(claim);
        }
        if !new.deliveries.is_empty() {
            self.messages.push(&new.message);
            self.keyed.push(new.idempotency.is_some());
        }
        if new.idempotency.is_some() {
            self.keys.push(new);
        }
        start..self.message_id.len()
    }

    pub(super) async fn write(
        self,
        connection: &mut PgConnection,
        cx: &Context,
        node: NodeId,
        now: Timestamp,
    ) -> Result<Written, Failure> {
        let claims: Claims<'_> = self.claims.into_iter().collect();
        let to = self.emitter.clone();
        let emitters: BTreeSet<&str> = self.emitter.iter().copied().collect();
        let emitters: Vec<&str> = emitters.into_iter().collect();
        let query = ask(&cx.sql.append)
            .bind(self.message_id)
            .bind(self.emitter)
            .bind(self.generation)
            .bind(self.epoch)
            .bind(self.due)
            .bind(self.key_hash)
            .bind(claims.emitters())
            .bind(claims.epochs())
            .bind(node.as_uuid())
            .bind(emitters)
            .bind(now.as_micros());
        let query = idempotency::bind_keys(query, &self.keys)
            .bind(now.saturating_sub(IDEMPOTENCY_LIFETIME).as_micros());
        let answer = bind_messages!(query, self.messages)
            .bind(self.keyed)
            .bind(hour_of(now))
            .fetch_one(connection)
            .await?;
        let places: Vec<i64> = get::<Option<_>>(&answer, 0)?.unwrap_or_default();
        let seqs: Vec<i64> = get::<Option<_>>(&answer, 1)?.unwrap_or_default();
        let fates: Vec<i32> = get::<Option<_>>(&answer, 2)?.unwrap_or_default();
        let remembered: Vec<Uuid> = get::<Option<_>>(&answer, 3)?.unwrap_or_default();
        let mut written = Written {
            remembered: remembered.into_iter().collect(),
            ..Written::default()
        };
        // What was not proven has left a mark, which those behind it in the batch do not see.
        let mut marked = HashSet::new();
        for ((place, seq), fate) in places.into_iter().zip(seqs).zip(fates) {
            let place = place as usize - 1;
            if fate == UNPROVEN {
                marked.insert(to[place]);
            }
            let fate = match fate {
                STALE => Fate::Stale,
                STRAIGHT if !marked.contains(to[place]) => Fate::Straight,
                _ => Fate::Withheld,
            };
            let seq = seq.cast_unsigned();
            written.rows.insert(place, AppendedRow { seq, fate });
        }
        written.for_others = !marked.is_empty();
        Ok(written)
    }
}
