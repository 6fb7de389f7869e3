//! Sending one delivery again.

use std::time::Duration;

use super::{
    World, fencing,
    traffic::{Sent, retry_at},
    world::Owner,
};
use crate::{
    delivery::{DeliveryKey, DeliveryState, Progress},
    emitter::Backlog,
    event::MessageId,
    store::{Fate, Health, Redeliver, RedeliverOutcome, SettleOutcome, StateChange, Verdict},
};

pub async fn a_settled_delivery_goes_to_the_end(world: World) {
    let owner = world.owned("crm").await;
    let dead = world.emit_dead(&owner).await;
    let waiting = world.emit(&owner).await;
    world.pass(Duration::from_secs(1));
    let RedeliverOutcome::Queued(record) = world.redeliver(&dead.key).await else {
        panic!("it is queued");
    };
    assert_eq!(record, world.record(&dead.key).await);
    assert_eq!(record.state, DeliveryState::Pending);
    assert_eq!((record.reason, record.settled_at), (None, None));
    assert_eq!(record.next_attempt_at, Some(world.now()));
    let rows = world.load(&owner).await;
    let ids: Vec<_> = rows.iter().map(|row| row.message.id).collect();
    assert_eq!(ids, [waiting.key.message_id, dead.key.message_id]);
    assert!(rows[1].seq > waiting.seq);
    let expected = Progress {
        attempts: 1,
        ..Progress::queued(world.now())
    };
    assert_eq!(rows[1].progress, expected, "attempts go on, limits anew");
}

pub async fn delivered_and_discarded_ones_can_be_sent_again(world: World) {
    let owner = world.owned("crm").await;
    let (taken, skipped) = (world.emit(&owner).await, world.emit(&owner).await);
    world.end(&owner, &taken, 1, Verdict::Delivered).await;
    let discarded = world.store.discard(skipped.key.clone(), world.now());
    discarded.await.unwrap();
    for sent in [&skipped, &taken] {
        let outcome = world.redeliver(&sent.key).await;
        assert!(
            matches!(outcome, RedeliverOutcome::Queued(_)),
            "{outcome:?}"
        );
    }
    let ids = [skipped.key.message_id, taken.key.message_id];
    assert_eq!(world.pending(&owner).await, ids);
}

pub async fn the_owner_must_load_what_is_sent_again(world: World) {
    let owner = world.owned("crm").await;
    let dead = world.emit_dead(&owner).await;
    world.redeliver(&dead.key).await;
    assert_eq!(world.emit(&owner).await.fate, Fate::Withheld);
    world.load(&owner).await;
    assert_eq!(world.emit(&owner).await.fate, Fate::Straight);
}

pub async fn a_discarded_generation_comes_back_in_the_current_one(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    world
        .changed("crm", StateChange::Pause(Backlog::Discard))
        .await;
    world.changed("crm", StateChange::Restart).await;
    world.redeliver(&sent.key).await;
    assert_eq!(world.pending(&owner).await, [sent.key.message_id]);
}

pub async fn a_pending_delivery_keeps_its_place_and_is_due(world: World) {
    let owner = world.owned("crm").await;
    let (head, next) = (world.emit(&owner).await, world.emit(&owner).await);
    let late = world.now().saturating_add(Duration::from_secs(3_600));
    let verdict = retry_at(1, world.now(), late);
    world.end(&owner, &head, 1, verdict).await;
    let cooling = Health {
        consecutive_failures: 1,
        cooling_until: Some(late),
        failing_since: Some(world.now()),
    };
    fencing::write_health(&world, &owner, cooling).await;
    world.pass(Duration::from_secs(1));
    let outcome = world.redeliver(&head.key).await;
    assert!(
        matches!(outcome, RedeliverOutcome::Pending(_)),
        "{outcome:?}"
    );
    let rows = world.load(&owner).await;
    assert_eq!((rows[0].seq, rows[1].seq), (head.seq, next.seq));
    assert_eq!(rows[0].progress.due, world.now());
    assert_eq!(rows[0].progress.attempts_since_queued, 1);
    let health = fencing::health(&world).await;
    assert_eq!(
        (health.cooling_until, health.consecutive_failures),
        (None, 1)
    );
}

pub async fn an_attempt_of_the_old_place_does_not_settle_the_new(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    let discarded = world.store.discard(sent.key.clone(), world.now());
    discarded.await.unwrap();
    world.redeliver(&sent.key).await;
    let outcome = world.end(&owner, &sent, 1, Verdict::Delivered).await;
    assert_eq!(outcome, SettleOutcome::Superseded);
    assert_eq!(world.state(&sent.key).await, DeliveryState::Pending);
    let rows = world.load(&owner).await;
    assert_eq!(rows[0].progress.attempts, 1, "the next one is number 2");
    let again = Sent {
        seq: rows[0].seq,
        ..sent
    };
    let outcome = world.end(&owner, &again, 2, Verdict::Delivered).await;
    assert_eq!(outcome, SettleOutcome::Settled);
}

pub async fn what_cannot_be_sent_again_says_why(world: World) {
    let owner = world.owned("crm").await;
    let dead = world.emit_dead(&owner).await;
    let unknown = DeliveryKey {
        message_id: MessageId::generate(&world.env),
        emitter: owner.emitter.id.clone(),
    };
    let outcome = world.redeliver(&unknown).await;
    assert_eq!(outcome, RedeliverOutcome::NotFound);
    let erased = world.emit_dead(&owner).await;
    let erasing = world
        .store
        .erase_payload(erased.key.message_id, world.now());
    assert!(erasing.await.unwrap());
    let outcome = world.redeliver(&erased.key).await;
    assert_eq!(outcome, RedeliverOutcome::PayloadErased);
    world.detach("crm").await;
    let outcome = world.redeliver(&dead.key).await;
    assert_eq!(outcome, RedeliverOutcome::EmitterGone);
}

pub async fn a_fresh_message_leaves_the_old_delivery(world: World) {
    let owner = world.owned("crm").await;
    let dead = world.emit_dead(&owner).await;
    let before = world
        .store
        .delivery(dead.key.clone())
        .await
        .unwrap()
        .unwrap();
    world.pass(Duration::from_secs(60));
    let fresh = MessageId::generate(&world.env);
    for _ in 0..2 {
        let record = queue_fresh(&world, &dead, fresh).await;
        assert_eq!(record.key.message_id, fresh);
        assert_eq!((record.created_at, record.attempt_count), (world.now(), 0));
    }
    assert_eq!(world.record(&dead.key).await, before.record);
    let rows = world.load(&owner).await;
    assert_eq!(rows.len(), 1, "once, though it was asked for twice");
    let message = crate::delivery::Message {
        id: fresh,
        created_at: world.now(),
        ..crate::delivery::Message::clone(&before.message)
    };
    assert_eq!(*rows[0].message, message);
    assert_eq!(rows[0].progress, Progress::queued(world.now()));
}

pub async fn a_paused_emitter_queues_what_is_sent_again(world: World) {
    let owner = world.owned("crm").await;
    let dead = world.emit_dead(&owner).await;
    world
        .changed("crm", StateChange::Pause(Backlog::Keep))
        .await;
    world.redeliver(&dead.key).await;
    world.changed("crm", StateChange::Restart).await;
    assert_eq!(world.pending(&owner).await, [dead.key.message_id]);
}

pub async fn what_is_sent_again_wants_an_owner(world: World) {
    let owner = world.owned("crm").await;
    let dead = world.emit_dead(&owner).await;
    let Owner {
        node,
        emitter,
        epoch,
    } = owner;
    let back = vec![(emitter.id.clone(), epoch)];
    world.store.give_back(node, back).await.unwrap();
    assert_eq!(world.lease(node, None, 10).await, []);
    world.redeliver(&dead.key).await;
    assert_eq!(world.lease(node, None, 10).await.len(), 1);
}

async fn queue_fresh(world: &World, sent: &Sent, fresh: MessageId) -> crate::store::DeliveryRecord {
    let redeliver = Redeliver {
        key: sent.key.clone(),
        fresh: Some(fresh),
        due: world.now(),
        now: world.now(),
    };
    match world.store.redeliver(redeliver).await.unwrap() {
        RedeliverOutcome::Queued(record) => record,
        other => panic!("it is queued: {other:?}"),
    }
}
