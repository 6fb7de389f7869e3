//! Whichever call it is that fails.

use super::support::{batch, faulty};
use crate::{
    delivery::{DeadReason, DeliveryKey, DeliveryState, Seq},
    event::MessageId,
    store::{
        Fate, LeaseRequest, Loaded, NodeId, Put, PutEmitter, Redeliver, Settle, StoreFuture,
        Verdict,
        conformance::{
            World,
            traffic::{Sent, new, retry_at},
            world::{Owner, emitter_id},
        },
        fault::Fault,
    },
};

/// Whichever call of a short life fails, refused or lost: what is made again leads to the same end.
pub async fn any_one_call_may_fail(world: World) {
    let factory = world.factory.clone();
    let expected = short_life(world, None).await.1;
    for fault in [Fault::Refused, Fault::Lost] {
        for n in 1.. {
            let world = World::shared(factory.clone()).await;
            let (fired, end) = short_life(world, Some((n, fault))).await;
            if !fired {
                break;
            }
            assert_eq!(end, expected, "call {n}, {fault:?}");
        }
    }
}

/// How a life ended: the state of each delivery in the order of its emission, and what is pending
/// for each emitter, by the number of its emission.
type Ended = (Vec<DeliveryState>, Vec<Vec<usize>>);

async fn short_life(world: World, fault: Option<(u64, Fault)>) -> (bool, Ended) {
    let (world, store) = faulty(world);
    if let Some((n, fault)) = fault {
        store.strike_nth(n, fault);
    }
    let node = NodeId::generate(&world.env);
    retried(|| world.store.renew(node, world.now())).await;
    for id in ["a", "b"] {
        let put = PutEmitter {
            emitter: world.emitter(id),
            put: Put::Attach,
            now: world.now(),
        };
        retried(|| world.store.put_emitter(put.clone())).await;
    }
    let table = retried(|| world.store.emitters()).await.emitters;
    let request = LeaseRequest {
        node,
        emitters: Some(vec![emitter_id("a"), emitter_id("b")]),
        recount: false,
        limit: 2,
        now: world.now(),
    };
    let leases = retried(|| world.store.lease(request.clone())).await;
    let owner = |at: usize| Owner {
        node,
        emitter: table[at].clone(),
        epoch: leases[at].epoch,
    };
    let (a, b) = (owner(0), owner(1));
    let mut ids = Vec::new();
    for _ in 0..4 {
        let message = world.message("order.created");
        ids.push(message.id);
        let to = [&a, &b].map(|owner| world.to(&owner.emitter, Some(owner.epoch)));
        let batch = batch(&world, &a, vec![new(message, to.into())]);
        retried(|| world.store.append(batch.clone())).await;
    }
    let number = |id: &MessageId| ids.iter().position(|known| known == id);
    let loaded = retried(|| world.store.load(vec![world.load_of(&a)])).await;
    let seqs: Vec<Seq> = match &loaded[0] {
        Loaded::Rows { rows, .. } => rows.iter().map(|row| row.seq).collect(),
        other => panic!("the node is the owner, and all was asked for: {other:?}"),
    };
    assert_eq!(seqs.len(), 4);
    let key = |at: usize, emitter: &str| DeliveryKey {
        message_id: ids[at],
        emitter: emitter_id(emitter),
    };
    let verdicts = [
        Verdict::Delivered,
        Verdict::Dead(DeadReason::Status),
        retry_at(1, world.now(), world.now()),
    ];
    let settlements = verdicts.into_iter().enumerate().map(|(at, verdict)| {
        let sent = Sent {
            key: key(at, "a"),
            seq: seqs[at],
            fate: Fate::Straight,
        };
        world.settlement(&a, &sent, 1, verdict)
    });
    let settle = Settle {
        node,
        settlements: settlements.collect(),
        health: Vec::new(),
        now: world.now(),
    };
    retried(|| world.store.settle(settle.clone())).await;
    let again = Redeliver {
        key: key(1, "a"),
        fresh: None,
        due: world.now(),
        now: world.now(),
    };
    retried(|| world.store.redeliver(again.clone())).await;
    retried(|| world.store.discard(key(3, "a"), world.now())).await;
    retried(|| world.store.erase_payload(ids[0], world.now())).await;
    let back = vec![(a.emitter.id.clone(), a.epoch)];
    retried(|| world.store.give_back(node, back.clone())).await;
    let fired = store.fired() > 0;
    store.heal();
    let a = world.own(node, &a.emitter).await;
    let mut states = Vec::new();
    for id in &ids {
        let detail = world.store.message(*id).await.unwrap().unwrap();
        states.extend(detail.deliveries.iter().map(|record| record.state));
    }
    let mut pending = Vec::new();
    for owner in [&a, &b] {
        let found = world.pending(owner).await;
        pending.push(found.iter().filter_map(number).collect());
    }
    (fired, (states, pending))
}

/// The answer to a call that is made again where it failed.
async fn retried<'a, T>(mut call: impl FnMut() -> StoreFuture<'a, T>) -> T {
    match call().await {
        Ok(answer) => answer,
        Err(error) => {
            assert!(error.is_retryable(), "{error:?}");
            call().await.expect("only one call fails")
        }
    }
}
