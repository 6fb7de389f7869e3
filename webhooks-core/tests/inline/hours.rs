//! Hours of tokio's time.

use tokio::time::sleep;
use webhooks_core::{env::Timestamp, store::Store as _};

use crate::{HOUR, Place, Receiver, SECOND, build, config, payload};

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "the real time is what this is about"
)]
fn hours_go_by_in_no_time() {
    let (place, receiver) = (Place::new(), Receiver::refusing(3));
    let began = std::time::Instant::now();
    let (stats, simulated) = place.simulate(async |env| {
        let store = place.open(&env).look_every(SECOND);
        let webhooks = build(store.clone(), &receiver, &env).await.unwrap();
        webhooks.attach("crm", ["*"], config(HOUR)).await.unwrap();
        for n in 0..3 {
            webhooks.emit("a", &payload(n)).await.unwrap();
        }
        sleep(3 * HOUR + HOUR / 2).await;
        store.stats(env.now()).await.unwrap()
    });
    assert_eq!(receiver.arrived(), [0, 0, 0, 0, 1, 2]);
    assert_eq!(stats.all.total.delivered, 3);
    assert!(simulated >= 3 * HOUR, "{simulated:?}");
    let real = began.elapsed();
    assert!(real * 100 < simulated, "{simulated:?} took {real:?}");
    println!("{simulated:?} took {real:?}");
}

#[test]
fn the_same_requests_come_at_the_same_times() {
    let times = || {
        let (place, receiver) = (Place::new(), Receiver::refusing(1));
        let (answer, _) = place.simulate(async |env| {
            let store = place.open(&env).look_every(SECOND);
            let webhooks = build(store.clone(), &receiver, &env).await.unwrap();
            webhooks.attach("crm", ["*"], config(HOUR)).await.unwrap();
            let begin = env.now();
            for n in 0..3 {
                webhooks.emit("a", &payload(n)).await.unwrap();
            }
            sleep(2 * HOUR).await;
            let all = store.deliveries(Default::default()).await.unwrap().items;
            let micros = |at: Timestamp| at.as_micros() - begin.as_micros();
            all.into_iter()
                .map(|record| record.settled_at.map(micros))
                .collect::<Vec<_>>()
        });
        assert!(answer.iter().all(Option::is_some), "{answer:?}");
        answer
    };
    assert_eq!(times(), times());
}
