//! The counts, against a count of the tables.

use std::collections::BTreeMap;

use webhooks_core::{
    Backlog, Webhooks,
    delivery::{DeliveryKey, DeliveryState},
    emitter::EmitterId,
    env::Timestamp,
    store::{DeliveryFilter, DeliveryRecord},
};

use crate::{Place, Receiver, builder, config, payload, wait_until};

const EMITTERS: [&str; 3] = ["a", "b", "c"];

/// Numbers that look random, and are the same at each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        // Knuth's MMIX constants.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn pending_by_table(place: &Place) -> BTreeMap<EmitterId, u64> {
    let count = |id: &str| -> u64 {
        let sql = "SELECT count(*) FROM webhooks_deliveries WHERE state = 0 AND emitter = ?1";
        place.count(sql, [id]) as u64
    };
    EMITTERS
        .iter()
        .map(|id| (EmitterId::new(*id).unwrap(), count(id)))
        .collect()
}

fn in_state(place: &Place, state: i64) -> u64 {
    let sql = "SELECT count(*) FROM webhooks_deliveries WHERE state = ?1";
    place.count(sql, [state]) as u64
}

async fn some_record(webhooks: &Webhooks, chance: &mut Chance) -> Option<DeliveryRecord> {
    let filter = DeliveryFilter {
        limit: 20,
        ..DeliveryFilter::default()
    };
    let mut items = webhooks.deliveries(filter).await.unwrap().items;
    if items.is_empty() {
        return None;
    }
    let at = chance.below(items.len() as u64) as usize;
    Some(items.swap_remove(at))
}

async fn one_step(webhooks: &Webhooks, chance: &mut Chance, again: bool) {
    let id = EMITTERS[chance.below(3) as usize];
    match chance.below(if again { 14 } else { 11 }) {
        0 => drop(webhooks.pause(id, Backlog::Keep).await.unwrap()),
        1 => drop(webhooks.pause(id, Backlog::Discard).await.unwrap()),
        2 => webhooks.detach(id).await.unwrap(),
        3 | 4 => drop(webhooks.upsert(id, ["*"], config_of()).await.unwrap()),
        5 | 6 => drop(webhooks.restart(id).await),
        7 => {
            if let Some(record) = some_record(webhooks, chance).await {
                let _ = webhooks.discard(record.key).await;
            }
        }
        8 => {
            if let Some(record) = some_record(webhooks, chance).await {
                webhooks.erase_payload(record.key.message_id).await.unwrap();
            }
        }
        11 | 12 => {
            if let Some(record) = some_record(webhooks, chance).await {
                let DeliveryRecord {
                    key: DeliveryKey { .. },
                    ..
                } = &record;
                let _ = webhooks.redeliver(record.key, chance.below(2) == 0).await;
            }
        }
        13 => {
            let states = vec![DeliveryState::Dead];
            let ever = Timestamp::from_micros(0);
            let _ = webhooks
                .replay(id.try_into().unwrap(), ever, None, states, false)
                .await;
        }
        _ => drop(
            webhooks
                .emit("x", &payload(chance.below(100) as usize))
                .await
                .unwrap(),
        ),
    }
}

fn config_of() -> webhooks_core::EmitterConfig {
    let retry = webhooks_core::RetryPolicy::default().give_up_on([422]);
    config().retry(retry)
}

/// Waits until what can be delivered is, and compares what is pending.
async fn quiet(place: &Place, webhooks: &Webhooks) {
    let at_work = "SELECT count(*) FROM webhooks_deliveries AS d JOIN webhooks_emitters AS e
        ON e.id = d.emitter WHERE d.state = 0 AND e.state = 'active'";
    wait_until(|| place.count(at_work, []) == 0).await;
    let stats = webhooks.stats().await.unwrap();
    let by_table = pending_by_table(place);
    for (id, pending) in &by_table {
        let counted = stats.emitters.get(id).map_or(0, |queue| queue.pending);
        assert_eq!(counted, *pending, "{id}");
        let standing = webhooks.standing(vec![id.clone()]).await.unwrap();
        assert_eq!(standing[0].pending, *pending, "{id}");
    }
    assert_eq!(stats.all.pending, by_table.values().sum::<u64>());
}

#[tokio::test]
async fn they_agree_after_random_traffic() {
    let place = Place::new();
    let receiver = Receiver::new();
    let mut chance = Chance(17);
    receiver.answer_with((0..150).map(|n| if n % 5 == 2 { 422 } else { 200 }));
    let webhooks = builder(place.open().await, &receiver)
        .build()
        .await
        .unwrap();
    for _ in 0..300 {
        one_step(&webhooks, &mut chance, false).await;
    }
    quiet(&place, &webhooks).await;
    let total = webhooks.stats().await.unwrap().all.total;
    assert!(
        total.delivered > 0 && total.dead > 0 && total.discarded > 0,
        "{total:?}"
    );
    assert_eq!(total.delivered, in_state(&place, 1));
    assert_eq!(total.dead, in_state(&place, 2));
    // What was discarded in flight and then taken counts twice.
    assert!(total.discarded >= in_state(&place, 3));
    for _ in 0..200 {
        one_step(&webhooks, &mut chance, true).await;
    }
    quiet(&place, &webhooks).await;
}
