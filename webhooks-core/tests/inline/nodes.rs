//! Several processes on one file.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{Place, Receiver, SECOND, build, config, payload};

/// Waits until so many have arrived; returns how long it took.
async fn arrive(receiver: &Receiver, count: usize) -> Duration {
    let begin = Instant::now();
    while receiver.first_arrivals().len() < count {
        sleep(Duration::from_millis(1)).await;
        assert!(begin.elapsed() < Duration::from_secs(60), "nothing comes");
    }
    begin.elapsed()
}

#[test]
fn what_another_process_emits_is_found_at_once() {
    let (place, receiver) = (Place::new(), Receiver::refusing(0));
    place.simulate(async |env| {
        let owner = build(place.open(&env), &receiver, &env).await.unwrap();
        owner.attach("crm", ["*"], config(SECOND)).await.unwrap();
        owner.emit("a", &payload(0)).await.unwrap();
        arrive(&receiver, 1).await;
        let other = build(place.open(&env), &receiver, &env).await.unwrap();
        for n in 1..10 {
            other.emit("a", &payload(n)).await.unwrap();
            let took = arrive(&receiver, n + 1).await;
            assert!(took < Duration::from_millis(100), "{n}: {took:?}");
        }
    });
    assert_eq!(receiver.arrived(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn a_process_that_is_killed_is_known_to_be_dead_before_its_time_runs_out() {
    let (place, receiver) = (Place::new(), Receiver::refusing(0));
    place.simulate(async |env| {
        let store = place.open(&env);
        let owner = build(store.clone(), &receiver, &env).await.unwrap();
        owner.attach("crm", ["*"], config(SECOND)).await.unwrap();
        owner.emit("a", &payload(0)).await.unwrap();
        arrive(&receiver, 1).await;
        let other = build(place.open(&env), &receiver, &env).await.unwrap();
        // What was delivered is settled.
        sleep(SECOND).await;
        store.crash();
        assert!(owner.emit("a", &payload(1)).await.is_err());
        other.emit("a", &payload(2)).await.unwrap();
        let took = arrive(&receiver, 2).await;
        assert!(took < Duration::from_secs(5), "{took:?}");
    });
    assert_eq!(receiver.arrived(), [0, 2]);
}
