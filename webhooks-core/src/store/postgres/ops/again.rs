//! Sending deliveries again.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{
        failure::Failure,
        tx::{Context, Tx, ask},
    },
    find,
    record::record,
};
use crate::{
    delivery::{DeliveryKey, DeliveryState, Seq},
    emitter::EmitterId,
    env::Timestamp,
    event::MessageId,
    store::{
        Redeliver, RedeliverOutcome,
        stats::{Change, Settled},
    },
};

/// Sends one delivery again.
pub(in super::super) async fn redeliver(
    connection: &mut PgConnection,
    cx: &Context,
    redeliver: &Redeliver,
) -> Result<RedeliverOutcome, Failure> {
    let Redeliver {
        key,
        fresh,
        due,
        now,
    } = redeliver;
    let mut tx = Tx::begin(connection, cx, *now).await?;
    let Some(found) = find::find_current(&mut tx, key, *now).await? else {
        return Ok(RedeliverOutcome::NotFound);
    };
    let Some(generation) = found.current else {
        tx.commit().await?;
        return Ok(RedeliverOutcome::EmitterGone);
    };
    if found.state == DeliveryState::Pending {
        hurry(&mut tx, key, *due).await?;
        let record = record(tx.connection(), cx, key).await?;
        tx.commit().await?;
        return Ok(record.map_or(RedeliverOutcome::NotFound, RedeliverOutcome::Pending));
    }
    if found.is_erased {
        tx.commit().await?;
        return Ok(RedeliverOutcome::PayloadErased);
    }
    let again = Again {
        emitter: &key.emitter,
        generation,
        due: *due,
        now: *now,
    };
    let old = [(found.seq, key.message_id)];
    let queued = match fresh {
        None => {
            again.queue(&mut tx, &old).await?;
            key.clone()
        }
        Some(id) => {
            again.queue_copies(&mut tx, &old, vec![*id]).await?;
            DeliveryKey {
                message_id: *id,
                emitter: key.emitter.clone(),
            }
        }
    };
    let record = record(tx.connection(), cx, &queued).await?;
    tx.commit().await?;
    Ok(record.map_or(RedeliverOutcome::NotFound, RedeliverOutcome::Queued))
}

/// Makes a pending delivery due, and ends the emitter's cool-down.
async fn hurry(tx: &mut Tx<'_>, key: &DeliveryKey, due: Timestamp) -> Result<(), Failure> {
    ask(&tx.cx.sql.set_due)
        .bind(key.message_id.as_uuid())
        .bind(key.emitter.as_str())
        .bind(due.as_micros())
        .execute(tx.connection())
        .await?;
    ask(&tx.cx.sql.end_cool_down)
        .bind(key.emitter.as_str())
        .execute(tx.connection())
        .await?;
    tx.mark(&key.emitter).await
}

/// How deliveries of an emitter are queued again.
pub(super) struct Again<'a> {
    pub(super) emitter: &'a EmitterId,
    pub(super) generation: u64,
    pub(super) due: Timestamp,
    pub(super) now: Timestamp,
}

impl Again<'_> {
    /// Queues settled deliveries behind all others, in this order; returns how many. One that is not what
    /// it was any more is left out.
    pub(super) async fn queue(
        &self,
        tx: &mut Tx<'_>,
        old: &[(Seq, MessageId)],
    ) -> Result<u64, Failure> {
        let (ids, seqs) = columns(old);
        let queued = ask(&tx.cx.sql.queue_again)
            .bind(self.emitter.as_str())
            .bind(ids)
            .bind(seqs)
            .bind(self.generation.cast_signed())
            .bind(self.due.as_micros())
            .execute(tx.connection())
            .await?;
        self.queued(tx, queued.rows_affected()).await
    }

    /// Queues new messages, under these IDs, like those of settled deliveries; returns how many. One that
    /// is there already is left out.
    pub(super) async fn queue_copies(
        &self,
        tx: &mut Tx<'_>,
        old: &[(Seq, MessageId)],
        fresh: Vec<MessageId>,
    ) -> Result<u64, Failure> {
        let (ids, seqs) = columns(old);
        let fresh: Vec<Uuid> = fresh.into_iter().map(MessageId::as_uuid).collect();
        let queued = ask(&tx.cx.sql.queue_copies)
            .bind(self.emitter.as_str())
            .bind(ids)
            .bind(seqs)
            .bind(fresh)
            .bind(self.generation.cast_signed())
            .bind(self.due.as_micros())
            .bind(self.now.as_micros())
            .execute(tx.connection())
            .await?;
        self.queued(tx, queued.rows_affected()).await
    }

    async fn queued(&self, tx: &mut Tx<'_>, count: u64) -> Result<u64, Failure> {
        if count > 0 {
            let settled = Settled::default();
            let pending = count.cast_signed();
            tx.count(self.emitter, Change { pending, settled });
            tx.mark(self.emitter).await?;
        }
        Ok(count)
    }
}

fn columns(old: &[(Seq, MessageId)]) -> (Vec<Uuid>, Vec<i64>) {
    let pairs = old.iter();
    pairs
        .map(|(seq, id)| (id.as_uuid(), seq.cast_signed()))
        .unzip()
}
