//! From an event to its receipt.

use std::sync::Arc;

use super::{
    bring::bring,
    control::not_found,
    core::Engine,
    in_doubt::{Heard, InDoubt},
    outgoing::Outgoing,
    watch::Happening,
};
use crate::{
    Error, ErrorKind,
    delivery::Progress,
    emitter::{Emitter, EmitterId},
    event::Event,
    store::{Append, Appended, AppendedRow, Fate, PendingRow, Receipt},
};

impl Engine {
    /// Emits events, all or none; a receipt for each, in their order.
    ///
    /// # Cancel safety
    /// From the first poll on the events are with the store; dropping the future undoes nothing.
    pub(crate) async fn emit(
        self: &Arc<Self>,
        events: Vec<Event>,
        to: Option<&EmitterId>,
    ) -> Result<Vec<Receipt>, Error> {
        self.gate.check()?;
        let mut outgoing = Vec::with_capacity(events.len());
        for event in events {
            event.payload.check_size(self.options.payload_limit)?;
            let emitters = match to {
                None => self.registry.matching(&event.name, event.tenant.as_ref()),
                Some(id) => self.addressed(id, &event)?,
            };
            outgoing.push(self.outgoing(event, emitters));
        }
        let mut appended = if outgoing.iter().any(Outgoing::is_stored) {
            self.append(&mut outgoing).await?.into_iter()
        } else {
            Vec::new().into_iter()
        };
        let mut receipts = Vec::with_capacity(outgoing.len());
        let mut refused = None;
        for event in &outgoing {
            let answer = if event.is_stored() {
                appended.next()
            } else {
                None
            };
            match answer {
                None => receipts.push(event.receipt(0)),
                Some(Appended::Stored(stored)) => {
                    receipts.push(self.push_stored(event, &stored.rows))
                }
                Some(Appended::Duplicate(first)) => receipts.push(first),
                Some(Appended::IdempotencyMismatch) => refused = Some(mismatch()),
            }
        }
        if let Some(error) = refused {
            return Err(error);
        }
        for (event, receipt) in outgoing.iter().zip(&receipts) {
            self.subscribers.tell(|| Happening::Emitted {
                event: event.message.event.clone(),
                payload: event.payload.clone(),
                receipt: receipt.clone(),
            });
        }
        Ok(receipts)
    }

    fn addressed(&self, id: &EmitterId, event: &Event) -> Result<Vec<Arc<Emitter>>, Error> {
        let Some(emitter) = self.registry.get(id.as_str()) else {
            return Err(not_found(id));
        };
        if emitter.tenant != event.tenant {
            return Err(Error::new(
                ErrorKind::TenantMismatch,
                format!("emitter `{id}` and the event have different tenants: they must agree"),
            ));
        }
        Ok(if emitter.state.accepts_events() {
            vec![emitter]
        } else {
            Vec::new()
        })
    }

    async fn append(self: &Arc<Self>, outgoing: &mut [Outgoing]) -> Result<Vec<Appended>, Error> {
        {
            let scheduler = self.scheduler();
            for target in outgoing.iter_mut().flat_map(|event| &mut event.targets) {
                target.straight = scheduler.straight_of(&target.emitter.id);
            }
        }
        let batch = self.batch(outgoing);
        let mut in_doubt = InDoubt {
            engine: self,
            events: outgoing,
            heard: Heard::Nothing,
        };
        let appended = self.store.append(batch).await;
        // An error may be an answer that was lost: only a good one is known to be whole.
        in_doubt.heard = match &appended {
            Ok(_) => Heard::Answer,
            Err(_) => Heard::Error,
        };
        appended
    }

    pub(super) fn batch(&self, outgoing: &[Outgoing]) -> Append {
        let stored = outgoing.iter().filter(|event| event.is_stored());
        Append {
            node: self.node(),
            messages: stored.map(Outgoing::to_store).collect(),
            now: self.wall(),
        }
    }

    /// Brings what was stored to work; returns the receipt.
    fn push_stored(self: &Arc<Self>, event: &Outgoing, rows: &[AppendedRow]) -> Receipt {
        let queued = |row: &AppendedRow| row.fate.is_queued();
        let deliveries = rows.iter().filter(|row| queued(row)).count();
        if deliveries > 0 && self.options.deliver {
            let now = self.now();
            self.schedule(|scheduler| {
                for (target, row) in event
                    .targets
                    .iter()
                    .zip(rows)
                    .filter(|(_, row)| queued(row))
                {
                    match &target.straight {
                        Some(straight) if row.fate == Fate::Straight => {
                            let message = event.message.clone();
                            let progress = Progress::queued(target.due);
                            let row = PendingRow {
                                seq: row.seq,
                                message,
                                progress,
                            };
                            scheduler.push(straight, row, now);
                        }
                        _ => bring(scheduler, &self.registry, &target.emitter.id, now.instant),
                    }
                }
            });
        }
        event.receipt(deliveries)
    }
}

pub(super) fn mismatch() -> Error {
    Error::new(
        ErrorKind::IdempotencyMismatch,
        "the idempotency key was used with another event or payload: use a new key for a new event",
    )
}
