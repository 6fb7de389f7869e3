//! Replays that take more than one transaction.

use webhooks_core::{
    Backlog, Event, Webhooks,
    delivery::DeliveryState,
    emitter::EmitterId,
    env::{Env, Timestamp},
    store::{Replay, SetState, StateChange, Store as _},
};

use crate::{Place, Receiver, attached, numbers, payload, wait_until};

const MANY: usize = 2_100;
const EVER: Timestamp = Timestamp::from_micros(0);

fn crm() -> EmitterId {
    EmitterId::new("crm").unwrap()
}

/// Webhooks with `crm` paused, and with many deliveries that are discarded.
async fn with_discarded(place: &Place, receiver: &Receiver) -> Webhooks {
    let webhooks = attached(place, receiver).await;
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    let events = (0..MANY).map(|n| Event::new("a", &payload(n)).unwrap());
    webhooks.emit_batch(events).await.unwrap();
    webhooks.pause("crm", Backlog::Discard).await.unwrap();
    webhooks
}

fn count(place: &Place, state: i64) -> usize {
    let sql = "SELECT count(*) FROM webhooks_deliveries WHERE state = ?1";
    place.count(sql, [state])
}

#[tokio::test]
async fn they_come_back_in_their_old_order_with_and_without_fresh_ids() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = with_discarded(&place, &receiver).await;
    webhooks.restart("crm").await.unwrap();
    let discarded = vec![DeliveryState::Discarded];
    let replayed = webhooks.replay(crm(), EVER, None, discarded, false);
    assert_eq!(replayed.await.unwrap(), MANY as u64);
    receiver.wait_for(MANY).await;
    wait_until(|| count(&place, 1) == MANY).await;
    let replayed = webhooks.replay(crm(), EVER, None, Vec::new(), true);
    assert_eq!(replayed.await.unwrap(), MANY as u64);
    let bodies = receiver.wait_for(2 * MANY).await;
    assert!(bodies[..MANY] == numbers(0..MANY), "in the old order");
    assert!(bodies[MANY..] == numbers(0..MANY), "with fresh IDs, too");
    wait_until(|| count(&place, 1) == 2 * MANY).await;
    let messages = place.count("SELECT count(*) FROM webhooks_messages", []);
    assert_eq!(messages, 2 * MANY);
    let all = webhooks.stats().await.unwrap().all;
    assert_eq!((all.pending, all.total.delivered), (0, 2 * MANY as u64));
}

#[tokio::test]
async fn a_discard_meanwhile_ends_a_replay() {
    let place = Place::new();
    let _webhooks = with_discarded(&place, &Receiver::new()).await;
    let store = place.open().await;
    let now = Env::system().now();
    let replay = Replay {
        emitter: crm(),
        since: EVER,
        until: None,
        states: Vec::new(),
        due: now,
        now,
    };
    let discard = SetState {
        emitter: crm(),
        change: StateChange::Pause(Backlog::Discard),
        now,
    };
    let replaying = store.clone();
    let replaying = tokio::spawn(async move { replaying.replay(replay, None).await });
    wait_until(|| count(&place, 0) > 0).await;
    store.set_state(discard).await.unwrap();
    let replayed = replaying.await.unwrap().unwrap();
    assert!((1..=MANY as u64).contains(&replayed), "{replayed}");
    assert_eq!((count(&place, 0), count(&place, 3)), (0, MANY));
}
