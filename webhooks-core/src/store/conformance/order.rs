//! The order of `seq`, marks, and loading in parts.

use super::{
    World,
    traffic::{new, rows},
};
use crate::{
    event::OrderingKey,
    store::{Fate, Load, Loaded, lane_of},
};

pub async fn seq_grows_in_the_order_of_the_batch(world: World) {
    let owner = world.owned("crm").await;
    let deliveries = || vec![world.to(&owner.emitter, Some(owner.epoch))];
    let batch: Vec<_> = (0..20)
        .map(|_| new(world.message("order.created"), deliveries()))
        .collect();
    let ids: Vec<_> = batch.iter().map(|new| new.message.id).collect();
    let appended = world.append(owner.node, batch).await;
    let seqs: Vec<_> = appended.iter().map(|one| rows(one)[0].seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
    assert!(seqs[0] > 0, "0 stands for the beginning");
    assert!(world.emit(&owner).await.seq > seqs[19]);
    assert_eq!(world.pending(&owner).await[..20], ids);
}

pub async fn a_proven_append_goes_straight(world: World) {
    let owner = world.owned("crm").await;
    assert_eq!(world.emit(&owner).await.fate, Fate::Straight);
}

pub async fn an_append_elsewhere_withholds_those_behind_it(world: World) {
    let owner = world.owned("crm").await;
    let first = world.emit_elsewhere(&owner.emitter).await;
    assert_eq!(first.fate, Fate::Withheld);
    let second = world.emit(&owner).await;
    assert_eq!(
        second.fate,
        Fate::Withheld,
        "it must not overtake the first"
    );
    let ids = [first.key.message_id, second.key.message_id];
    assert_eq!(world.pending(&owner).await, ids);
    assert_eq!(world.emit(&owner).await.fate, Fate::Straight, "loaded");
}

pub async fn an_append_of_an_old_epoch_is_withheld(world: World) {
    let first = world.owned("crm").await;
    let back = vec![(first.emitter.id.clone(), first.epoch)];
    world.store.give_back(first.node, back).await.unwrap();
    let second = world.own(world.node().await, &first.emitter).await;
    assert_eq!(world.emit(&first).await.fate, Fate::Withheld);
    assert_eq!(world.emit(&second).await.fate, Fate::Withheld);
    assert_eq!(world.load(&second).await.len(), 2);
    assert_eq!(world.emit(&second).await.fate, Fate::Straight);
}

pub async fn a_load_by_another_node_clears_no_mark(world: World) {
    let first = world.owned("crm").await;
    let back = vec![(first.emitter.id.clone(), first.epoch)];
    world.store.give_back(first.node, back).await.unwrap();
    let second = world.own(world.node().await, &first.emitter).await;
    world.emit_elsewhere(&first.emitter).await;
    world.try_load(world.load_of(&first)).await;
    assert_eq!(world.emit(&second).await.fate, Fate::Withheld);
}

pub async fn a_mark_is_of_one_emitter(world: World) {
    let owner = world.owned("a").await;
    let other = world.attach("b").await;
    world.emit_elsewhere(&other).await;
    assert_eq!(world.emit(&owner).await.fate, Fate::Straight);
}

pub async fn a_load_brings_pages_in_order(world: World) {
    let owner = world.owned("crm").await;
    let mut sent = Vec::new();
    for _ in 0..5 {
        sent.push(world.emit(&owner).await);
    }
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let load = Load {
            after,
            limit: 2,
            ..world.load_of(&owner)
        };
        let (rows, more) = world.load_some(load).await;
        assert!(rows.len() <= 2);
        found.extend(rows.iter().map(|row| row.seq));
        if !more {
            break;
        }
        after = rows.last().expect("there is more, so there was one").seq;
    }
    let seqs: Vec<_> = sent.iter().map(|sent| sent.seq).collect();
    assert_eq!(found, seqs);
}

pub async fn a_load_stops_at_its_bytes_but_brings_one(world: World) {
    let owner = world.owned("crm").await;
    for _ in 0..3 {
        world.emit(&owner).await;
    }
    for (max_bytes, expected) in [(0, 1), (9, 1), (10, 2), (18, 2), (19, 3)] {
        let load = Load {
            max_bytes,
            ..world.load_of(&owner)
        };
        let (rows, more) = world.load_some(load).await;
        assert_eq!(rows.len(), expected, "{max_bytes} bytes of 9 each");
        assert_eq!(more, expected < 3);
    }
}

pub async fn a_load_brings_the_lanes_asked_for(world: World) {
    let owner = world.owned("crm").await;
    for number in 0..20 {
        let mut message = world.message("order.created");
        if number % 2 == 0 {
            message.ordering_key = Some(OrderingKey::new(format!("key-{number}")).unwrap());
        }
        let to = world.to(&owner.emitter, Some(owner.epoch));
        world.send(owner.node, message, to).await;
    }
    let all = world.load(&owner).await;
    for only in [vec![0], vec![1, 3], vec![]] {
        let load = Load {
            lanes: 4,
            only: Some(only.clone()),
            ..world.load_of(&owner)
        };
        let (rows, _) = world.load_some(load).await;
        let found: Vec<_> = rows.iter().map(|row| row.seq).collect();
        let expected: Vec<_> = all
            .iter()
            .filter(|row| only.contains(&lane_of(row.seq, &row.message, 4)))
            .map(|row| row.seq)
            .collect();
        assert_eq!(found, expected, "lanes {only:?}");
    }
}

pub async fn a_refill_clears_no_mark_and_tells_of_it(world: World) {
    let owner = world.owned("crm").await;
    let first = world.emit(&owner).await;
    world.emit(&owner).await;
    world.emit_elsewhere(&owner.emitter).await;
    let behind = Load {
        after: first.seq,
        ..world.load_of(&owner)
    };
    let of_a_lane = Load {
        only: Some(vec![0]),
        ..world.load_of(&owner)
    };
    for refill in [behind, of_a_lane] {
        let loaded = world.try_load(refill).await;
        assert!(matches!(loaded, Loaded::Marked), "{loaded:?}");
        assert_eq!(world.emit(&owner).await.fate, Fate::Withheld);
    }
    assert_eq!(world.load(&owner).await.len(), 5);
    assert_eq!(world.emit(&owner).await.fate, Fate::Straight);
}
