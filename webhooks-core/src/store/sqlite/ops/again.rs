//! Sending a delivery again.

use rusqlite::params;

use super::super::{
    failure::Failure,
    tx::{Sequence, Tx},
};
use super::{
    blocks::block_of,
    find::{self, Found},
    list,
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
pub(in super::super) fn redeliver(
    tx: &mut Tx<'_>,
    redeliver: &Redeliver,
) -> Result<RedeliverOutcome, Failure> {
    let Redeliver {
        key,
        fresh,
        due,
        now,
    } = redeliver;
    let Some(found) = find::find_current(tx, key.message_id, &key.emitter, *now)? else {
        return Ok(RedeliverOutcome::NotFound);
    };
    let Some(generation) = tx.target(&key.emitter)?.generation else {
        return Ok(RedeliverOutcome::EmitterGone);
    };
    if found.state == DeliveryState::Pending {
        hurry(tx, &found, &key.emitter, *due)?;
        let record = list::record(tx, key)?;
        return Ok(record.map_or(RedeliverOutcome::NotFound, RedeliverOutcome::Pending));
    }
    if found.is_erased {
        return Ok(RedeliverOutcome::PayloadErased);
    }
    let again = Again {
        emitter: &key.emitter,
        generation,
        due: *due,
        now: *now,
    };
    let queued = match fresh {
        None => {
            again.queue(tx, found.seq)?;
            key.clone()
        }
        Some(id) => {
            again.queue_copy(tx, found.seq, found.message, *id)?;
            DeliveryKey {
                message_id: *id,
                emitter: key.emitter.clone(),
            }
        }
    };
    let record = list::record(tx, &queued)?;
    Ok(record.map_or(RedeliverOutcome::NotFound, RedeliverOutcome::Queued))
}

/// Makes a pending delivery due, and ends the emitter's cool-down.
fn hurry(
    tx: &mut Tx<'_>,
    found: &Found,
    emitter: &EmitterId,
    due: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        &tx.sql().set_due,
        params![found.seq as i64, due.as_micros()],
    )?;
    tx.execute(&tx.sql().end_cool_down, [emitter.as_str()])?;
    tx.mark(emitter)
}

/// How deliveries of an emitter are queued again.
pub(super) struct Again<'a> {
    pub(super) emitter: &'a EmitterId,
    pub(super) generation: u64,
    pub(super) due: Timestamp,
    pub(super) now: Timestamp,
}

impl Again<'_> {
    /// Queues a settled delivery behind all others.
    pub(super) fn queue(&self, tx: &mut Tx<'_>, old: Seq) -> Result<(), Failure> {
        let seq = tx.next_seq()?;
        tx.execute(
            &tx.sql().queue_again,
            params![
                old as i64,
                seq as i64,
                self.generation as i64,
                self.due.as_micros()
            ],
        )?;
        self.queued(tx)
    }

    /// Queues a new message like that of a delivery; `false` if that message is there already.
    pub(super) fn queue_copy(
        &self,
        tx: &mut Tx<'_>,
        old: Seq,
        message: i64,
        id: MessageId,
    ) -> Result<bool, Failure> {
        let id = id.as_uuid();
        let place = tx.next(Sequence::Message)? as i64;
        let copied = tx.execute(
            &tx.sql().copy_message,
            params![
                message,
                place,
                block_of(place),
                id.as_bytes(),
                self.now.as_micros()
            ],
        )?;
        if copied == 0 {
            return Ok(false);
        }
        let seq = tx.next_seq()?;
        tx.execute(
            &tx.sql().copy_delivery,
            params![
                old as i64,
                seq as i64,
                place,
                id.as_bytes(),
                self.generation as i64,
                self.due.as_micros()
            ],
        )?;
        self.queued(tx)?;
        Ok(true)
    }

    fn queued(&self, tx: &mut Tx<'_>) -> Result<(), Failure> {
        let settled = Settled::default();
        tx.count(
            self.emitter,
            self.now,
            Change {
                pending: 1,
                settled,
            },
        );
        tx.mark(self.emitter)
    }
}
