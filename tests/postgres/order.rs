//! Order across nodes.

use std::time::Duration;

use tokio::time::sleep;
use webhooks_core::{Backlog, Event, Webhooks};
use webhooks_tests::{Receiver, postgres::Proxy};

use crate::place::{Place, builder, config, place, wait_until};

const EVENTS: usize = 2_000;
const GRACE: Duration = Duration::from_secs(10);

fn event(n: usize) -> Event {
    Event::new("a", &serde_json::json!({ "n": n })).unwrap()
}

/// The numbers of the events that arrived, each where it came first.
fn first_arrivals(receiver: &Receiver) -> Vec<usize> {
    let mut seen = std::collections::HashSet::new();
    let numbers = receiver.bodies().into_iter().map(|body| {
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        usize::try_from(body["n"].as_u64().unwrap()).unwrap()
    });
    numbers.filter(|n| seen.insert(*n)).collect()
}

async fn node_behind(place: &Place, proxy: &Proxy) -> Webhooks {
    let options = place.options_at(&proxy.url(place.schema.url()));
    let store = options.connect().await.unwrap();
    builder().store(store).build().await.unwrap()
}

/// Each awaits the other's receipt, so there is an order; the lease goes from one to the other as nodes come
/// and go, and now and then the line to the database stalls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_emit_in_turn_are_delivered_in_turn() {
    let place = place!();
    let receiver = Receiver::start().await;
    let proxy = Proxy::start(place.schema.addr().await).await;
    let mut nodes = [place.node().await, node_behind(&place, &proxy).await];
    nodes[0]
        .attach("crm", ["a"], config(&receiver))
        .await
        .unwrap();
    wait_until("both know the emitter", async || {
        nodes.iter().all(|node| node.is_started("crm"))
    })
    .await;
    for n in 0..EVENTS {
        let receipt = nodes[n % 2].emit_with(event(n)).await.unwrap();
        assert_eq!(receipt.deliveries, 1);
        match n % 400 {
            // One goes, and gives back what it has; another comes.
            150 => {
                let gone = std::mem::replace(&mut nodes[0], place.node().await);
                gone.shutdown(GRACE).await.unwrap();
            }
            350 => {
                let new = node_behind(&place, &proxy).await;
                let gone = std::mem::replace(&mut nodes[1], new);
                gone.shutdown(GRACE).await.unwrap();
            }
            250 => {
                proxy.stall();
                let resume = async {
                    sleep(Duration::from_millis(200)).await;
                    proxy.resume();
                };
                let (receipt, ()) =
                    tokio::join!(nodes[0].emit_to("crm", event(EVENTS + n)), resume);
                receipt.unwrap();
            }
            _ => {}
        }
    }
    receiver.wait_for(EVENTS + EVENTS / 400).await;
    let mut expected = Vec::new();
    for n in 0..EVENTS {
        expected.push(n);
        expected.extend((n % 400 == 250).then_some(EVENTS + n));
    }
    assert_eq!(first_arrivals(&receiver), expected);
}

/// What had its receipt before a discard or a detach was called does not arrive once the other nodes have
/// heard of that, which takes a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_on_one_node_hold_for_what_another_emits() {
    let place = place!();
    let receiver = Receiver::start().await;
    let (here, there) = (place.node().await, place.node().await);
    here.attach("crm", ["a"], config(&receiver)).await.unwrap();
    wait_until("the other node knows the emitter", async || {
        there.is_started("crm")
    })
    .await;
    let mut n = 0;
    for round in 0..6 {
        for _ in 0..50 {
            there.emit_with(event(n)).await.unwrap();
            n += 1;
        }
        match round % 3 {
            0 => drop(here.pause("crm", Backlog::Discard).await.unwrap()),
            1 => here.detach("crm").await.unwrap(),
            _ => {
                let lanes = config(&receiver).lanes(4);
                here.upsert("crm", ["a"], lanes).await.unwrap();
                continue;
            }
        }
        wait_until("the other node knows of it", async || {
            !there.is_started("crm")
        })
        .await;
        // What was in flight has ended by then.
        sleep(Duration::from_millis(500)).await;
        let before = first_arrivals(&receiver).len();
        assert_eq!(there.emit_with(event(n)).await.unwrap().deliveries, 0);
        n += 1;
        if round % 3 == 0 {
            here.restart("crm").await.unwrap();
        } else {
            here.attach("crm", ["a"], config(&receiver)).await.unwrap();
        }
        wait_until("the other node knows of it", async || {
            there.is_started("crm")
        })
        .await;
        let next = there.emit_with(event(n)).await.unwrap();
        assert_eq!(next.deliveries, 1);
        wait_until("what comes later arrives", async || {
            first_arrivals(&receiver).contains(&n)
        })
        .await;
        let arrived = first_arrivals(&receiver);
        assert_eq!(arrived[before..], [n], "nothing that was discarded");
        n += 1;
    }
    let last = there.emit_with(event(n)).await.unwrap();
    assert_eq!(last.deliveries, 1);
    wait_until("the last arrives", async || {
        first_arrivals(&receiver).contains(&n)
    })
    .await;
    wait_until("nothing is left", async || {
        here.stats().await.unwrap().all.pending == 0
    })
    .await;
}
