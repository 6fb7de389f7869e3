//! Many at once.

use std::{collections::BTreeSet, sync::Arc};

use tokio::task::JoinSet;

use super::{World, traffic::new};
use crate::store::{Append, LeaseRequest, Put, PutEmitter, PutOutcome};

const TASKS: usize = 16;

pub async fn one_of_many_attaches_wins(world: World) {
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let store = world.store.clone();
        let put = PutEmitter {
            emitter: world.emitter("crm"),
            put: Put::Attach,
            now: world.now(),
        };
        tasks.spawn(async move { store.put_emitter(put).await.unwrap() });
    }
    let outcomes = tasks.join_all().await;
    let created = outcomes.iter().filter_map(|outcome| match outcome {
        PutOutcome::Created(emitter) => Some(emitter.generation()),
        PutOutcome::Exists(_) => None,
        other => panic!("{other:?}"),
    });
    let created: Vec<_> = created.collect();
    assert_eq!(created.len(), 1, "{outcomes:?}");
    let table = world.store.emitters().await.unwrap();
    assert_eq!(table.emitters.len(), 1);
    assert_eq!(table.emitters[0].generation(), created[0]);
}

pub async fn one_of_many_nodes_leases(world: World) {
    let emitter = world.attach("crm").await;
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let store = world.store.clone();
        let request = LeaseRequest {
            node: world.node().await,
            emitters: Some(vec![emitter.id.clone()]),
            recount: false,
            limit: 1,
            now: world.now(),
        };
        tasks.spawn(async move { store.lease(request).await.unwrap().len() });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<usize>(), 1);
}

pub async fn many_append_and_each_keeps_its_order(world: World) {
    const EACH: usize = 25;
    let emitter = world.attach("crm").await;
    let world = Arc::new(world);
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (world, emitter) = (world.clone(), emitter.clone());
        tasks.spawn(async move {
            let node = world.node().await;
            let mut ids = Vec::new();
            for _ in 0..EACH {
                let message = world.message("order.created");
                ids.push(message.id);
                let batch = Append {
                    node,
                    messages: vec![new(message, vec![world.to(&emitter, None)])],
                    now: world.now(),
                };
                world.store.append(batch).await.unwrap();
            }
            ids
        });
    }
    let appended = tasks.join_all().await;
    let owner = world.own(world.node().await, &emitter).await;
    let rows = world.load(&owner).await;
    let seqs: BTreeSet<_> = rows.iter().map(|row| row.seq).collect();
    assert_eq!(seqs.len(), TASKS * EACH, "each has a place of its own");
    assert!(rows.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    for ids in appended {
        let found = rows.iter().map(|row| row.message.id);
        let found: Vec<_> = found.filter(|id| ids.contains(id)).collect();
        assert_eq!(found, ids, "a task's messages keep their order");
    }
}

pub async fn a_dropped_append_is_whole_or_not_at_all(world: World) {
    let emitter = world.attach("crm").await;
    let node = world.node().await;
    let messages: Vec<_> = (0..10)
        .map(|_| {
            new(
                world.message("order.created"),
                vec![world.to(&emitter, None)],
            )
        })
        .collect();
    let last = messages[9].message.id;
    let now = world.now();
    let mut append = world.store.append(Append {
        node,
        messages,
        now,
    });
    // Polled once, then dropped: handed over all the same.
    let polled = tokio::time::timeout(std::time::Duration::ZERO, &mut append).await;
    drop(append);
    let owner = world.own(node, &emitter).await;
    for _ in 0..500 {
        let rows = world.load(&owner).await;
        if let Some(row) = rows.last() {
            assert_eq!(rows.len(), 10);
            assert_eq!(row.message.id, last);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nothing came within 5 s: {polled:?}");
}
