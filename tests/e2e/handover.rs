//! One start after another over one store, while events are emitted all the time.

use std::{collections::HashMap, time::Duration};

use tokio::{sync::watch, task::JoinSet, time::timeout};
use webhooks_core::{ErrorKind, MessageId, Webhooks, delivery::DeliveryState};
use webhooks_tests::Receiver;

use crate::{builder, config, payload, settled};

const STARTS: usize = 4;
const TASKS: usize = 2;

/// Emits at every request that arrives, until it is refused; returns what was taken.
async fn emit_to_the_end(
    webhooks: Webhooks,
    mut arrivals: watch::Receiver<usize>,
) -> Vec<MessageId> {
    let mut taken = Vec::new();
    loop {
        match webhooks.emit("a", &payload(taken.len())).await {
            Ok(receipt) => {
                assert_eq!(receipt.deliveries, 1);
                taken.push(receipt.message_id);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ShuttingDown);
                return taken;
            }
        }
        // None arrives any more once the end has begun.
        let _ = timeout(Duration::from_millis(50), arrivals.changed()).await;
    }
}

#[tokio::test]
async fn nothing_that_was_taken_is_lost_or_sent_twice_or_out_of_order() {
    let receiver = Receiver::start().await;
    let store = super::store();
    // What each task of each start had taken, in the order in which it emitted.
    let mut sequences: Vec<Vec<MessageId>> = Vec::new();
    for start in 1..=STARTS {
        let webhooks = builder().store(store.clone()).build().await.unwrap();
        webhooks
            .upsert("crm", ["*"], config(&receiver))
            .await
            .unwrap();
        let mut emitting = JoinSet::new();
        for _ in 0..TASKS {
            emitting.spawn(emit_to_the_end(webhooks.clone(), receiver.arrivals()));
        }
        receiver.wait_for(start * 20).await;
        let report = webhooks.shutdown(Duration::from_secs(5)).await.unwrap();
        assert_eq!(report.cut, 0);
        sequences.extend(emitting.join_all().await);
    }
    let last = builder().store(store.clone()).build().await.unwrap();
    let log = settled(&last).await;
    assert!(log.iter().all(|one| one.state == DeliveryState::Delivered));
    let received = receiver.received();
    assert!(received.iter().all(|received| received.in_flight == 1));
    let taken: usize = sequences.iter().map(Vec::len).sum();
    assert_eq!((log.len(), received.len()), (taken, taken));
    let places: HashMap<&str, usize> = received
        .iter()
        .enumerate()
        .map(|(place, one)| (one.header("webhook-id"), place))
        .collect();
    let mut floor = 0;
    for start in sequences.chunks(TASKS) {
        let mut ceiling = floor;
        for sequence in start {
            let of_sequence = sequence.iter().map(|id| places[id.to_string().as_str()]);
            let of_sequence: Vec<usize> = of_sequence.collect();
            assert!(of_sequence.is_sorted());
            assert!(of_sequence.iter().all(|place| *place >= floor));
            ceiling = ceiling.max(of_sequence.last().map_or(0, |last| last + 1));
        }
        floor = ceiling;
    }
}
