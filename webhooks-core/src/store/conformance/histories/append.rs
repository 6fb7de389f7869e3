//! Appending, and appending again.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    both::Both,
    emitters::tenant,
    run::{Found, Held, Run, heard, pick, same},
    settle::Job,
    step::{Address, Letter, Pick},
};
use crate::{
    delivery::{DeliveryKey, Message, Progress},
    event::{DeliveryId, EventName, IdempotencyKey, MessageId, OrderingKey},
    store::{Append, Appended, AppendedRow, Fate, NewDelivery, NewMessage, NodeId},
};

/// What was appended.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    node: NodeId,
    messages: Vec<Both<NewMessage>>,
}

impl Run {
    /// The node is that of a lease.
    pub(super) async fn append(&mut self, by: Pick, letters: &[Letter]) -> Found {
        let owner = pick(&self.leases, by).map(|at| self.leases[at].node);
        let other = pick(&self.nodes, by).map(|at| self.nodes[at].id);
        let Some(node) = owner.or(other) else {
            return Ok(());
        };
        let letters = letters.iter();
        let batch = Batch {
            node,
            messages: letters.map(|letter| self.message(node, letter)).collect(),
        };
        self.batches.push(batch.clone());
        self.send(batch).await
    }

    /// As after an answer that was lost.
    pub(super) async fn append_again(&mut self, batch: Pick) -> Found {
        match pick(&self.batches, batch) {
            Some(at) => self.send(self.batches[at].clone()).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, batch: Batch) -> Found {
        let (node, now) = (batch.node, self.now());
        let append = |messages| Append {
            node,
            messages,
            now,
        };
        let messages = batch.messages.iter();
        let store = append(messages.clone().map(|new| new.store.clone()).collect());
        let model = append(messages.map(|new| new.model.clone()).collect());
        let store = heard("append", self.world.store.append(store)).await?;
        let model = self.model.append(model);
        same("answers to append", &store.len(), &model.len())?;
        for (new, (store, model)) in batch.messages.iter().zip(store.iter().zip(&model)) {
            self.same_answer(node, new, store, model)?;
        }
        Ok(())
    }

    fn same_answer(
        &mut self,
        node: NodeId,
        new: &Both<NewMessage>,
        store: &Appended,
        model: &Appended,
    ) -> Found {
        self.cover("append", model);
        match (store, model) {
            (Appended::Stored(store), Appended::Stored(model)) => {
                same("rows of append", &store.rows.len(), &model.rows.len())?;
                for (at, (store, model)) in store.rows.iter().zip(&model.rows).enumerate() {
                    self.same_row(node, new, at, store, model)?;
                }
                Ok(())
            }
            (Appended::Duplicate(store), Appended::Duplicate(model)) => {
                same("receipt", store, model)
            }
            (Appended::IdempotencyMismatch, Appended::IdempotencyMismatch) => Ok(()),
            _ => Err(format!(
                "`append` differs\n  store: {store:?}\n  model: {model:?}"
            )),
        }
    }

    fn same_row(
        &mut self,
        node: NodeId,
        new: &Both<NewMessage>,
        at: usize,
        store: &AppendedRow,
        model: &AppendedRow,
    ) -> Found {
        self.cover("fate", &model.fate);
        same("fate", &store.fate, &model.fate)?;
        let delivery = (&new.store.deliveries[at], &new.model.deliveries[at]);
        let key = DeliveryKey {
            message_id: new.store.message.id,
            emitter: delivery.0.emitter.clone(),
        };
        // What is forgotten has no place.
        if model.seq == 0 {
            return Ok(());
        }
        let seq = Both {
            store: store.seq,
            model: model.seq,
        };
        self.same_seq(&key.emitter, seq)?;
        if let (Fate::Straight, Some(of_store), Some(of_model)) =
            (store.fate, delivery.0.epoch, delivery.1.epoch)
        {
            let held = Held {
                node,
                emitter: key.emitter.clone(),
                epoch: Both {
                    store: of_store,
                    model: of_model,
                },
            };
            let progress = Progress::queued(delivery.0.due);
            self.jobs.push(Job {
                key: key.clone(),
                seq,
                held,
                progress,
            });
        }
        self.know(key);
        Ok(())
    }

    /// Remembers a delivery for the steps to come.
    pub(super) fn know(&mut self, key: DeliveryKey) {
        if !self.deliveries.contains(&key) {
            self.deliveries.push(key);
        }
    }

    fn message(&self, node: NodeId, letter: &Letter) -> Both<NewMessage> {
        let env = &self.world.env;
        let body = Bytes::from(vec![b'x'; letter.size]);
        let message = Message {
            id: MessageId::generate(env),
            event: event(letter.event),
            size: body.len(),
            body: Some(body),
            delivery_id: DeliveryId::generate(env),
            tenant: letter.of_tenant.then(tenant),
            ordering_key: letter
                .ordering_key
                .map(|key| OrderingKey::new(format!("key-{key}")).expect("an ordering key")),
            trace_parent: None,
            created_at: self.now(),
        };
        let idempotency = letter.key.map(|(key, fingerprint)| {
            let key = IdempotencyKey::new(format!("key-{key}")).expect("a key");
            (key, [fingerprint; 32])
        });
        let mut deliveries: Vec<Both<NewDelivery>> = Vec::new();
        for address in &letter.to {
            let delivery = self.delivery(node, address);
            let twice = |known: &Both<NewDelivery>| known.store.emitter == delivery.store.emitter;
            if !deliveries.iter().any(twice) {
                deliveries.push(delivery);
            }
        }
        let (store, model) = deliveries
            .into_iter()
            .map(|delivery| (delivery.store, delivery.model))
            .unzip();
        let message = Arc::new(message);
        let new = |deliveries| NewMessage {
            message: message.clone(),
            idempotency: idempotency.clone(),
            deliveries,
        };
        Both {
            store: new(store),
            model: new(model),
        }
    }

    fn delivery(&self, node: NodeId, address: &Address) -> Both<NewDelivery> {
        let emitter = Self::emitter_id(address.emitter);
        let known = self
            .generations
            .get(&emitter)
            .map_or(&[][..], Vec::as_slice);
        let generation = pick(known, address.generation).map(|at| known[at]);
        let generation = generation.unwrap_or(Both { store: 0, model: 0 });
        let leases = self.leases.iter();
        let held: Vec<&Held> = leases
            .filter(|held| held.emitter == emitter && held.node == node)
            .collect();
        let held = address
            .lease
            .and_then(|back| pick(&held, back).map(|at| held[at]));
        let new = |generation, epoch| NewDelivery {
            emitter: emitter.clone(),
            generation,
            epoch,
            due: self.now().saturating_add(address.delay),
        };
        Both {
            store: new(generation.store, held.map(|held| held.epoch.store)),
            model: new(generation.model, held.map(|held| held.epoch.model)),
        }
    }
}

pub(super) fn event(event: u8) -> EventName {
    let name = ["order.created", "user.created"][usize::from(event) % 2];
    EventName::new(name).expect("an event name")
}
