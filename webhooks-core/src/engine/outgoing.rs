//! Events on their way to the store.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{core::Engine, run::Straight};
use crate::{
    delivery::Message,
    emitter::Emitter,
    env::Timestamp,
    event::{DeliveryId, Event, IdempotencyKey, MessageId, Payload},
    store::{NewDelivery, NewMessage, Receipt},
};

/// An event on its way to the store.
pub(super) struct Outgoing {
    pub(super) message: Arc<Message>,
    pub(super) payload: Payload,
    idempotency: Option<(IdempotencyKey, [u8; 32])>,
    pub(super) targets: Vec<Target>,
}

/// An emitter that the event goes to.
pub(super) struct Target {
    pub(super) emitter: Arc<Emitter>,
    pub(super) due: Timestamp,
    /// How this node owned it when the event went to the store.
    pub(super) straight: Option<Straight>,
}

impl Outgoing {
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
    /// What is to be stored of an event that these listen to.
    pub(super) fn outgoing(&self, event: Event, emitters: Vec<Arc<Emitter>>) -> Outgoing {
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
        Outgoing {
            message: Arc::new(message),
            payload: event.payload,
            idempotency,
            targets,
        }
    }
}
