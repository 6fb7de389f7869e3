//! Listing deliveries.

use std::time::Duration;

use super::{World, traffic::new, world::emitter_id};
use crate::{
    delivery::{DeliveryKey, DeliveryState},
    event::{EventName, Tenant},
    store::{DeliveryFilter, DeliveryRecord},
};

pub async fn the_newest_message_comes_first(world: World) {
    let keys = fan_out(&world, 3).await;
    assert_eq!(list(&world, DeliveryFilter::default()).await, keys);
}

pub async fn pages_of_any_size_are_exact(world: World) {
    let keys = fan_out(&world, 5).await;
    for limit in [1, 2, 3, 4, 7, 15, 16] {
        let filter = DeliveryFilter {
            limit,
            ..DeliveryFilter::default()
        };
        assert_eq!(list(&world, filter).await, keys, "pages of {limit}");
    }
}

pub async fn pages_are_exact_while_messages_come(world: World) {
    let keys = fan_out(&world, 4).await;
    let mut filter = DeliveryFilter {
        limit: 2,
        ..DeliveryFilter::default()
    };
    let mut found = Vec::new();
    loop {
        let page = world.store.deliveries(filter.clone()).await.unwrap();
        found.extend(page.items.into_iter().map(|item| item.key));
        let emitter = world.store.emitters().await.unwrap().emitters[0].clone();
        world.emit_elsewhere(&emitter).await;
        filter.cursor = page.next;
        if filter.cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, keys);
}

pub async fn a_page_has_50_and_at_most_250(world: World) {
    let owner = world.owned("crm").await;
    let batch = (0..300)
        .map(|_| {
            let to = world.to(&owner.emitter, Some(owner.epoch));
            new(world.message("order.created"), vec![to])
        })
        .collect();
    world.append(owner.node, batch).await;
    for (limit, expected) in [(0, 50), (250, 250), (10_000, 250)] {
        let filter = DeliveryFilter {
            limit,
            ..DeliveryFilter::default()
        };
        let page = world.store.deliveries(filter).await.unwrap();
        assert_eq!(page.items.len(), expected, "limit {limit}");
        assert!(page.next.is_some());
    }
}

pub async fn filters_narrow_the_list(world: World) {
    let owner = world.owned("crm").await;
    let other = world.owned("other").await;
    let dead = world.emit_dead(&owner).await;
    world.pass(Duration::from_secs(600));
    let middle = world.now();
    let pending = world.emit(&other).await;
    world.pass(Duration::from_secs(600));
    let mut message = world.message("user.created");
    message.tenant = Some(Tenant::new("acme").unwrap());
    let delivery_id = message.delivery_id.clone();
    let to = world.to(&other.emitter, Some(other.epoch));
    let last = world.send(other.node, message, to).await;
    let none = DeliveryFilter::default;
    let late = middle.saturating_add(Duration::from_micros(1));
    let cases = [
        (
            "emitter",
            DeliveryFilter {
                emitter: Some(emitter_id("crm")),
                ..none()
            },
            vec![&dead],
        ),
        (
            "state",
            DeliveryFilter {
                state: Some(DeliveryState::Pending),
                ..none()
            },
            vec![&last, &pending],
        ),
        (
            "event",
            DeliveryFilter {
                event: Some(EventName::new("order.created").unwrap()),
                ..none()
            },
            vec![&pending, &dead],
        ),
        (
            "delivery ID",
            DeliveryFilter {
                delivery_id: Some(delivery_id),
                ..none()
            },
            vec![&last],
        ),
        (
            "tenant",
            DeliveryFilter {
                tenant: Some(Tenant::new("acme").unwrap()),
                ..none()
            },
            vec![&last],
        ),
        (
            "since",
            DeliveryFilter {
                since: Some(middle),
                ..none()
            },
            vec![&last, &pending],
        ),
        (
            "until",
            DeliveryFilter {
                until: Some(middle),
                ..none()
            },
            vec![&dead],
        ),
        (
            "since and until",
            DeliveryFilter {
                since: Some(middle),
                until: Some(late),
                ..none()
            },
            vec![&pending],
        ),
        (
            "an empty time",
            DeliveryFilter {
                since: Some(late),
                until: Some(middle),
                ..none()
            },
            vec![],
        ),
    ];
    for (name, filter, expected) in cases {
        let expected: Vec<_> = expected.into_iter().map(|sent| sent.key.clone()).collect();
        assert_eq!(list(&world, filter).await, expected, "{name}");
    }
}

pub async fn what_is_not_there_is_not_found(world: World) {
    let key = DeliveryKey {
        message_id: crate::event::MessageId::generate(&world.env),
        emitter: emitter_id("crm"),
    };
    let message = world.store.message(key.message_id).await.unwrap();
    assert!(message.is_none());
    assert!(world.store.delivery(key).await.unwrap().is_none());
}

/// So many messages to three emitters; the deliveries as a list shows them.
async fn fan_out(world: &World, messages: usize) -> Vec<DeliveryKey> {
    let node = world.node().await;
    let mut emitters = Vec::new();
    for id in ["c", "a", "b"] {
        emitters.push(world.attach(id).await);
    }
    let mut keys = Vec::new();
    for _ in 0..messages {
        let message = world.message("order.created");
        for id in ["a", "b", "c"] {
            keys.push(DeliveryKey {
                message_id: message.id,
                emitter: emitter_id(id),
            });
        }
        let deliveries = emitters.iter().map(|one| world.to(one, None)).collect();
        world.append(node, vec![new(message, deliveries)]).await;
    }
    keys.sort_by(|a, b| {
        let newest_first = b.message_id.cmp(&a.message_id);
        newest_first.then_with(|| a.emitter.cmp(&b.emitter))
    });
    keys
}

/// All pages of a list.
async fn list(world: &World, mut filter: DeliveryFilter) -> Vec<DeliveryKey> {
    let mut found: Vec<DeliveryRecord> = Vec::new();
    loop {
        let page = world.store.deliveries(filter.clone()).await.unwrap();
        assert!(filter.limit == 0 || page.items.len() <= filter.limit);
        found.extend(page.items);
        filter.cursor = page.next;
        if filter.cursor.is_none() {
            return found.into_iter().map(|record| record.key).collect();
        }
    }
}
