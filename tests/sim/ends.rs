//! What is taken down at the end.

use std::collections::BTreeSet;

use webhooks_core::{
    delivery::DeliveryState,
    emitter::EmitterId,
    store::{DeliveryFilter, NodeId},
};
use webhooks_tests::history::inside::{End, LIFETIME, Row, State};

use crate::{backing::Kind, fleet::Fleet};

/// A history has no more deliveries.
const MANY: usize = 1_000_000;

/// Takes down how the store says that everything ended, and what that means for the rules.
pub(crate) async fn take_ends(fleet: &Fleet) {
    let mut keys = Vec::new();
    let mut cursor = None;
    loop {
        let filter = DeliveryFilter {
            limit: 250,
            cursor: cursor.clone(),
            ..DeliveryFilter::default()
        };
        let page = fleet.store.deliveries(filter).await.unwrap();
        keys.extend(page.items.into_iter().map(|record| record.key));
        cursor = page.next;
        if cursor.is_none() || keys.len() > MANY {
            break;
        }
    }
    for key in keys {
        let detail = fleet.store.delivery(key.clone()).await.unwrap().unwrap();
        let record = detail.record;
        let state = match record.state {
            DeliveryState::Pending => State::Pending,
            DeliveryState::Delivered => State::Delivered,
            DeliveryState::Dead => State::Dead,
            _ => State::Discarded,
        };
        let world = &fleet.world;
        world.cover(match state {
            State::Pending => "pending at the end",
            State::Delivered => "delivered",
            State::Dead => "dead",
            State::Discarded => "discarded",
        });
        let (emitter, message) = (key.emitter.to_string(), key.message_id.to_string());
        let id = record.delivery_id.to_string();
        let end = End {
            state,
            reason: record.reason.map(|reason| reason.as_str().to_owned()),
            attempts: detail
                .attempts
                .iter()
                .map(|attempt| attempt.number)
                .collect(),
        };
        let ordering = detail.message.ordering_key.as_ref();
        let lane = lane(fleet, &key.emitter, ordering.map(|key| key.as_str()));
        let mut seen = world.seen();
        let id = seen.copies.get(&message).cloned().unwrap_or(id);
        let history = &mut seen.history;
        let key = (emitter.clone(), message);
        // It was committed, and the process that could tell was killed; but for what came for an old
        // generation.
        let is_late = end.state == State::Discarded && end.attempts.is_empty();
        if let Some(unheard) = history.emits.get(&id)
            && fleet.kind == Kind::Sqlite
            && !is_late
            && !history.inside.rows.iter().any(|row| row.key == key)
        {
            history.inside.rows.push(Row {
                at: unheard.called,
                key: key.clone(),
                seq: record.seq,
                lane: lane.clone(),
                generation: 0,
                by_hand: false,
            });
            // Nor could be taken down what else was asked of it.
            let now = world.now();
            history.inside.again.push((now, key.clone()));
        }
        let again = history.inside.again.iter().any(|(_, again)| *again == key);
        if again {
            let wanted = (emitter.clone(), id.clone());
            history.wanted_again.insert(wanted);
        }
        if again || state != State::Delivered {
            history.given_up.insert((emitter.clone(), id.clone()));
        }
        // What was refused for being stale never was in the queue.
        if history.inside.rows.iter().any(|row| row.key == key)
            && let Some(emit) = history.emits.get_mut(&id)
        {
            emit.targets.insert(emitter, lane.filter(|_| !again));
        }
        history.inside.ends.insert(key, end);
    }
}

/// Leases of nodes that live; those of the dead are for whoever wants them.
pub(crate) fn idle_leases(fleet: &Fleet) -> Option<String> {
    let since = fleet.world.now() - LIFETIME;
    let seen = fleet.world.seen();
    let renewals = seen.history.inside.renewals.iter().rev();
    let alive: BTreeSet<&str> = renewals
        .take_while(|renewal| renewal.at >= since)
        .map(|renewal| renewal.node.as_str())
        .collect();
    let owners = fleet.ledger.owners.lock().unwrap();
    let idle = |(node, _): &&(NodeId, u64)| alive.contains(format!("{node:?}").as_str());
    let idle: Vec<_> = owners.values().filter(idle).collect();
    (!idle.is_empty()).then(|| format!("leased though idle: {idle:?}"))
}

fn lane(fleet: &Fleet, emitter: &EmitterId, ordering: Option<&str>) -> Option<String> {
    fleet.world.plan().spec(emitter.as_str())?.lane(ordering)
}
