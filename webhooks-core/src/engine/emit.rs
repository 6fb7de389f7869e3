//! From an event to its receipt.

use std::{sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};

use super::{core::Engine, run::Straight, scheduler::Scheduler, watch::Happening};
use crate::{
    Error, ErrorKind,
    delivery::{Message, Progress},
    emitter::{Emitter, EmitterId, Registry},
    env::Timestamp,
    event::{DeliveryId, Event, IdempotencyKey, MessageId, Payload},
    observe,
    store::{Append, Appended, AppendedRow, Fate, NewDelivery, NewMessage, PendingRow, Receipt},
    transport::parse_url,
};

/// An event on its way to the store.
pub(super) struct Draft {
    message: Arc<Message>,
    payload: Payload,
    idempotency: Option<(IdempotencyKey, [u8; 32])>,
    targets: Vec<Target>,
}

/// An emitter that the event goes to.
struct Target {
    emitter: Arc<Emitter>,
    due: Timestamp,
    /// How this node owned it when the event went to the store.
    straight: Option<Straight>,
}

impl Draft {
    /// Without a listener there is nothing to store, unless the key must be remembered.
    pub(super) fn is_stored(&self) -> bool {
        !self.targets.is_empty() || self.idempotency.is_some()
    }

    pub(super) fn receipt(&self, deliveries: usize) -> Receipt {
        Receipt {
            delivery_id: self.message.delivery_id.clone(),
            message_id: self.message.id,
            deliveries,
        }
    }

    pub(super) fn to_store(&self) -> NewMessage {
        let delivery = |target: &Target| NewDelivery {
            emitter: target.emitter.id.clone(),
            generation: target.emitter.generation,
            epoch: target.straight.map(|straight| straight.epoch),
            due: target.due,
        };
        NewMessage {
            message: self.message.clone(),
            idempotency: self.idempotency.clone(),
            deliveries: self.targets.iter().map(delivery).collect(),
        }
    }
}

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
        let mut drafts = Vec::with_capacity(events.len());
        for event in events {
            event.payload.check_size(self.options.payload_limit)?;
            let emitters = match to {
                None => self.registry.matching(&event.name, event.tenant.as_ref()),
                Some(id) => self.addressed(id, &event)?,
            };
            drafts.push(self.draft(event, emitters));
        }
        let mut appended = if drafts.iter().any(Draft::is_stored) {
            self.append(&mut drafts).await?.into_iter()
        } else {
            Vec::new().into_iter()
        };
        let mut receipts = Vec::with_capacity(drafts.len());
        let mut refused = None;
        for draft in &drafts {
            let answer = if draft.is_stored() {
                appended.next()
            } else {
                None
            };
            match answer {
                None => receipts.push(draft.receipt(0)),
                Some(Appended::Stored(stored)) => receipts.push(self.take_up(draft, &stored.rows)),
                Some(Appended::Duplicate(first)) => receipts.push(first),
                Some(Appended::IdempotencyMismatch) => refused = Some(mismatch()),
            }
        }
        if let Some(error) = refused {
            return Err(error);
        }
        for (draft, receipt) in drafts.iter().zip(&receipts) {
            self.subscribers.tell(|| Happening::Emitted {
                event: draft.message.event.clone(),
                payload: draft.payload.clone(),
                receipt: receipt.clone(),
            });
        }
        Ok(receipts)
    }

    fn addressed(&self, id: &EmitterId, event: &Event) -> Result<Vec<Arc<Emitter>>, Error> {
        let Some(emitter) = self.registry.get(id.as_str()) else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("no emitter has the ID `{id}`"),
            ));
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

    pub(super) fn draft(&self, event: Event, emitters: Vec<Arc<Emitter>>) -> Draft {
        let env = self.env();
        let now = self.wall();
        let idempotency = event.idempotency_key.map(|key| {
            let mut hash = Sha256::new();
            hash.update(event.name.as_str());
            hash.update([0]);
            hash.update(event.payload.as_bytes());
            (key, hash.finalize().into())
        });
        let message = Message {
            id: MessageId::generate(env),
            event: event.name,
            size: event.payload.as_bytes().len(),
            body: Some(event.payload.clone().into_bytes()),
            delivery_id: event
                .delivery_id
                .unwrap_or_else(|| DeliveryId::generate(env)),
            tenant: event.tenant,
            ordering_key: event.ordering_key,
            trace_parent: event.trace_parent,
            created_at: now,
        };
        let target = |emitter: Arc<Emitter>| Target {
            due: now.saturating_add(emitter.settings.retry.first_delay(env.unit())),
            emitter,
            straight: None,
        };
        let targets = emitters.into_iter().map(target).collect();
        Draft {
            message: Arc::new(message),
            payload: event.payload,
            idempotency,
            targets,
        }
    }

    async fn append(self: &Arc<Self>, drafts: &mut [Draft]) -> Result<Vec<Appended>, Error> {
        {
            let scheduler = self.scheduler();
            for target in drafts.iter_mut().flat_map(|draft| &mut draft.targets) {
                target.straight = scheduler.straight_of(&target.emitter.id);
            }
        }
        let batch = self.batch(drafts);
        let mut unheard = Unheard {
            engine: self,
            drafts,
            heard: Heard::Nothing,
        };
        let appended = self.store.append(batch).await;
        // An error may be an answer that was lost: only a good one is known to be whole.
        unheard.heard = match &appended {
            Ok(_) => Heard::Answer,
            Err(_) => Heard::Error,
        };
        appended
    }

    fn batch(&self, drafts: &[Draft]) -> Append {
        let stored = drafts.iter().filter(|draft| draft.is_stored());
        Append {
            node: self.node(),
            messages: stored.map(Draft::to_store).collect(),
            now: self.wall(),
        }
    }

    /// Brings what was stored to work; returns the receipt.
    fn take_up(self: &Arc<Self>, draft: &Draft, rows: &[AppendedRow]) -> Receipt {
        let queued = |row: &AppendedRow| matches!(row.fate, Fate::Straight | Fate::Withheld);
        let deliveries = rows.iter().filter(|row| queued(row)).count();
        if deliveries > 0 && self.options.deliver {
            let now = self.now();
            self.schedule(|scheduler| {
                for (target, row) in draft
                    .targets
                    .iter()
                    .zip(rows)
                    .filter(|(_, row)| queued(row))
                {
                    match &target.straight {
                        Some(straight) if row.fate == Fate::Straight => {
                            let message = draft.message.clone();
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
        draft.receipt(deliveries)
    }
}

impl Engine {
    fn bring_all(self: &Arc<Self>, emitters: &[Arc<Emitter>]) {
        let now = Instant::now();
        self.schedule(|scheduler| {
            for emitter in emitters {
                bring(scheduler, &self.registry, &emitter.id, now);
            }
        });
    }
}

/// Brings an emitter to work, as the registry has it now: it is leased, and loaded from zero.
///
/// Whoever changes the registry tells the scheduler afterwards. What the caller remembers of an emitter may be
/// older, and would stay at work.
pub(super) fn bring(
    scheduler: &mut Scheduler,
    registry: &Registry,
    emitter: &EmitterId,
    now: Instant,
) {
    let emitter = registry.get(emitter.as_str());
    let Some(emitter) = emitter.filter(|emitter| emitter.state.is_active()) else {
        return;
    };
    if !scheduler.is_at_work(&emitter.id) {
        match parse_url(&emitter.url) {
            Ok(url) => scheduler.ensure(&emitter, &Arc::new(url)),
            // It was checked when the emitter was attached.
            Err(error) => {
                tracing::error!(target: observe::EMITTER, emitter = %emitter.id, %error, "an emitter cannot be started");
                return;
            }
        }
    }
    scheduler.want_load(&emitter.id, now);
}

/// An append whose answer was not heard, since its future was dropped or it failed: what it may
/// have stored is loaded.
struct Unheard<'a> {
    engine: &'a Arc<Engine>,
    drafts: &'a [Draft],
    heard: Heard,
}

/// What was heard of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// Its future was dropped: it may still be under way.
    Nothing,
    Error,
    Answer,
}

impl Drop for Unheard<'_> {
    fn drop(&mut self) {
        if self.heard == Heard::Answer || !self.engine.options.deliver {
            return;
        }
        let targets = self.drafts.iter().flat_map(|draft| &draft.targets);
        let emitters: Vec<_> = targets.map(|target| target.emitter.clone()).collect();
        self.engine.bring_all(&emitters);
        if self.heard == Heard::Nothing {
            let batch = self.engine.batch(self.drafts);
            let ended = hear(self.engine.clone(), batch, emitters);
            self.engine.tasks.spawn(ended);
        }
    }
}

/// Waits for the end of an append that nobody waits for, and loads what it stored: a load that begins
/// before its end may miss it. The same messages sent again are answered once they are stored, and are
/// not stored twice.
async fn hear(engine: Arc<Engine>, batch: Append, emitters: Vec<Arc<Emitter>>) {
    let mut pause = Duration::from_millis(20);
    while let Err(error) = engine.store.append(batch.clone()).await {
        if !error.is_retryable() {
            break;
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
    engine.bring_all(&emitters);
}

pub(super) fn mismatch() -> Error {
    Error::new(
        ErrorKind::IdempotencyMismatch,
        "the idempotency key was used with another event or payload: use a new key for a new event",
    )
}
