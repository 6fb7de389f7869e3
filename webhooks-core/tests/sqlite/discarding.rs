//! Backlogs that take more than one transaction to discard.

use webhooks_core::{
    Backlog, Event, Webhooks,
    emitter::EmitterId,
    env::{Env, Timestamp},
    store::{Prune, SetState, StateChange, Store as _},
};

use crate::{Place, Receiver, attached, builder, config, numbers, payload, wait_until};

/// Some parts of 1,000 each.
const MANY: usize = 3_500;

fn id(id: &str) -> EmitterId {
    EmitterId::new(id).unwrap()
}

fn now() -> Timestamp {
    Env::system().now()
}

/// Webhooks with `crm` paused, and a backlog.
async fn with_backlog(place: &Place, receiver: &Receiver) -> Webhooks {
    let webhooks = attached(place, receiver).await;
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    let events = (0..MANY).map(|n| Event::new("a", &payload(n)).unwrap());
    webhooks.emit_batch(events).await.unwrap();
    assert_eq!(pending(place), MANY);
    webhooks
}

fn pending(place: &Place) -> usize {
    place.count(
        "SELECT count(*) FROM webhooks_deliveries WHERE emitter = 'crm' AND state = 0",
        [],
    )
}

fn with_reason(place: &Place, reason: &str) -> usize {
    let sql = "SELECT count(*) FROM webhooks_deliveries WHERE state = 3 AND reason = ?1";
    place.count(sql, [reason])
}

/// From now on the part fails that this row is in, as if the process were killed before it.
fn stop_at(place: &Place, n: usize) {
    let sql = format!(
        "CREATE TRIGGER stop BEFORE UPDATE ON webhooks_deliveries WHEN OLD.seq = {n} AND NEW.state = 3
         BEGIN SELECT RAISE(ABORT, 'stopped'); END"
    );
    place.connection().execute_batch(&sql).unwrap();
}

fn go_on(place: &Place) {
    place
        .connection()
        .execute_batch("DROP TRIGGER stop")
        .unwrap();
}

#[tokio::test]
async fn others_are_served_between_the_parts() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = with_backlog(&place, &receiver).await;
    webhooks.attach("other", ["b"], config()).await.unwrap();
    let to_other = |n| webhooks.emit_to("other", Event::new("b", &payload(n)).unwrap());
    let pausing = webhooks.clone();
    let pausing = tokio::spawn(async move { pausing.pause("crm", Backlog::Discard).await });
    let (mut emitted, mut between) = (0, 0);
    while !pausing.is_finished() {
        to_other(emitted).await.unwrap();
        emitted += 1;
        between += usize::from((1..MANY).contains(&pending(&place)));
    }
    pausing.await.unwrap().unwrap();
    assert!(
        between > 0,
        "none of {emitted} was stored between the parts"
    );
    assert_eq!((pending(&place), with_reason(&place, "paused")), (0, MANY));
    receiver.wait_for(emitted).await;
    let stats = webhooks.stats().await.unwrap();
    assert_eq!(stats.emitters[&id("crm")].pending, 0);
    assert_eq!(stats.emitters[&id("crm")].total.discarded, MANY as u64);
    assert_eq!(receiver.bodies(), numbers(0..emitted));
}

#[tokio::test]
async fn a_detach_discards_all() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = with_backlog(&place, &receiver).await;
    webhooks.detach("crm").await.unwrap();
    assert_eq!(
        (pending(&place), with_reason(&place, "detached")),
        (0, MANY)
    );
    let all = webhooks.stats().await.unwrap().all;
    assert_eq!((all.pending, all.total.discarded), (0, MANY as u64));
}

#[tokio::test]
async fn a_detach_right_after_a_discard_leaves_its_reason() {
    let place = Place::new();
    let _webhooks = with_backlog(&place, &Receiver::new()).await;
    let store = place.open().await;
    let pause = SetState {
        emitter: id("crm"),
        change: StateChange::Pause(Backlog::Discard),
        now: now(),
    };
    // Both are with the store before the first part is done.
    let (paused, removed) = tokio::join!(
        store.set_state(pause),
        store.remove_emitter(id("crm"), now())
    );
    paused.unwrap();
    assert!(removed.unwrap());
    assert_eq!((pending(&place), with_reason(&place, "paused")), (0, MANY));
}

#[tokio::test]
async fn what_a_crash_left_is_discarded_at_the_next_start_and_not_delivered() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = with_backlog(&place, &receiver).await;
    stop_at(&place, MANY - 700);
    webhooks.pause("crm", Backlog::Discard).await.unwrap();
    webhooks.restart("crm").await.unwrap();
    assert!((1..MANY).contains(&pending(&place)), "{}", pending(&place));
    let crashed = place.crashed();
    // There it stays as it is for as long as the trigger is there.
    let next = attached(&crashed, &receiver).await;
    next.emit("a", &payload(MANY)).await.unwrap();
    assert_eq!(receiver.wait_for(1).await, numbers([MANY]));
    assert!(pending(&crashed) > 0);
    next.shutdown(crate::PATIENCE).await.unwrap();
    drop(next);
    go_on(&crashed);
    let last = attached(&crashed, &receiver).await;
    last.emit("a", &payload(MANY + 1)).await.unwrap();
    wait_until(|| pending(&crashed) == 0).await;
    assert_eq!(with_reason(&crashed, "paused"), MANY);
    let all = last.stats().await.unwrap().all;
    assert_eq!((all.pending, all.total.discarded), (0, MANY as u64));
    assert_eq!(receiver.wait_for(2).await, numbers([MANY, MANY + 1]));
}

#[tokio::test]
async fn a_part_that_fails_is_made_up_for_without_a_restart() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = with_backlog(&place, &receiver).await;
    let store = place.open().await;
    stop_at(&place, MANY - 700);
    // The emitter is paused: that is no error of the pause.
    let paused = webhooks.pause("crm", Backlog::Discard).await.unwrap();
    assert!(paused.is_some());
    webhooks.restart("crm").await.unwrap();
    webhooks.emit("a", &payload(MANY)).await.unwrap();
    assert_eq!(receiver.wait_for(1).await, numbers([MANY]));
    go_on(&place);
    let prune = Prune {
        settled_before: Timestamp::from_micros(0),
        payloads_before: None,
        idempotency_before: Timestamp::from_micros(0),
        limit: 100,
        now: now(),
    };
    store.prune(prune).await.unwrap();
    wait_until(|| pending(&place) == 0).await;
    assert_eq!(with_reason(&place, "paused"), MANY);
    let left = place.count("SELECT count(*) FROM webhooks_discards", []);
    assert_eq!(left, 0);
    assert_eq!(receiver.bodies(), numbers([MANY]));
    drop(builder(store, &receiver));
}
