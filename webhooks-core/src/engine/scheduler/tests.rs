use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::*;
use crate::{
    delivery::{Attempt, AttemptOutcome, CapturedHeaders, Message, Progress},
    emitter::{Emitter, EmitterConfig, EmitterId},
    env::Env,
    event::{DeliveryId, EventName, MessageId},
    store::{Health, Lease, Loaded, PendingRow},
};

fn emitter(id: &EmitterId) -> Arc<Emitter> {
    let config = EmitterConfig::new("https://example.com/").unwrap();
    let emitter = Emitter::new(id.clone(), Arc::new([]), config, &Env::system());
    Arc::new(emitter)
}

fn lease(id: &EmitterId) -> Lease {
    Lease {
        emitter: id.clone(),
        epoch: 1,
        health: Health::default(),
    }
}

fn now() -> Now {
    Now {
        instant: tokio::time::Instant::now(),
        wall: Env::system().now(),
    }
}

#[test]
fn what_nobody_wants_is_given_back_before_it_is_taken_again() {
    let id: EmitterId = "e".try_into().unwrap();
    let (now, asked) = (now(), [id.clone()]);
    let mut scheduler = Scheduler::new(8);
    // It was stopped while it was being leased.
    scheduler.leased(&asked, vec![lease(&id)], now);
    let url = Arc::new("https://example.com/".parse().unwrap());
    scheduler.ensure(&emitter(&id), &url);
    assert!(scheduler.leases_wanted().is_empty());
    assert!(!scheduler.wants_loader());
    // A sweep is told of it, too.
    scheduler.leased(&asked, vec![lease(&id)], now);
    assert!(scheduler.begin_loads(8).is_empty());
    let idle = std::time::Duration::from_secs(60);
    let retired = scheduler.retire_idle(idle, now.instant);
    assert_eq!(retired, [(id, 1)]);
    scheduler.given_back(&retired);
    assert_eq!(scheduler.leases_wanted(), asked);
    assert!(scheduler.retire_idle(idle, now.instant).is_empty());
}

#[test]
fn what_is_waited_for_may_be_owned_by_now() {
    let id: EmitterId = "e".try_into().unwrap();
    let (now, asked) = (now(), [id.clone()]);
    let mut scheduler = Scheduler::new(8);
    let url = Arc::new("https://example.com/".parse().unwrap());
    scheduler.ensure(&emitter(&id), &url);
    // A sweep is told of it, while the answer to what was asked is on its way.
    assert!(!scheduler.knows_owned(&id));
    scheduler.leased(&asked, vec![lease(&id)], now);
    assert!(scheduler.knows_owned(&id));
    scheduler.leased(&asked, Vec::new(), now);
    assert!(scheduler.knows_owned(&id));
    assert_eq!(scheduler.all_leases(), [(id, 1)]);
}

#[test]
fn who_is_loaded_again_and_again_does_not_keep_others_waiting() {
    const EMITTERS: usize = 5;
    let now = now();
    let mut scheduler = Scheduler::new(8);
    let ids: Vec<EmitterId> = (0..EMITTERS)
        .map(|n| format!("e{n}").try_into().unwrap())
        .collect();
    let url = Arc::new("https://example.com/".parse().unwrap());
    for id in &ids {
        scheduler.ensure(&emitter(id), &url);
    }
    scheduler.leased(&ids, ids.iter().map(lease).collect(), now);
    let mut loaded = Vec::new();
    while loaded.len() < EMITTERS {
        let orders = scheduler.begin_loads(2);
        for order in orders {
            let rows = Vec::new();
            scheduler.loaded(&order, Loaded::Rows { rows, more: false }, now);
            scheduler.want_load(&order.emitter, now.instant);
            loaded.push(order.emitter);
        }
    }
    assert_eq!(loaded[..EMITTERS], ids);
}

fn row(seq: u64, now: Now) -> PendingRow {
    let env = Env::system();
    let message = Message {
        id: MessageId::generate(&env),
        event: EventName::new("a").unwrap(),
        delivery_id: DeliveryId::generate(&env),
        tenant: None,
        ordering_key: None,
        trace_parent: None,
        created_at: now.wall,
        size: 2,
        body: Some(Bytes::from_static(b"{}")),
    };
    PendingRow {
        seq,
        message: Arc::new(message),
        progress: Progress::queued(now.wall),
    }
}

fn succeeded(job: &Job, duration: Duration) -> Attempt {
    Attempt {
        number: 1,
        started_at: job.started.wall,
        duration,
        outcome: AttemptOutcome::Status(200),
        url: job.url.as_str().into(),
        remote_addr: None,
        response_truncated: false,
        response_headers: CapturedHeaders::default(),
        response_body: Bytes::new(),
    }
}

/// Two emitters have several deliveries each, and one request may be in flight. Of whom each is, where each
/// takes so long.
fn turns(duration: Duration) -> Vec<String> {
    let begin = now();
    let mut scheduler = Scheduler::new(1);
    let ids: Vec<EmitterId> = ["a", "b"].map(|id| id.try_into().unwrap()).into();
    let url = Arc::new("https://example.com/".parse().unwrap());
    for id in &ids {
        scheduler.ensure(&emitter(id), &url);
    }
    scheduler.leased(&ids, ids.iter().map(lease).collect(), begin);
    for order in scheduler.begin_loads(2) {
        let rows = (0..6).map(|seq| row(seq, begin)).collect();
        scheduler.loaded(&order, Loaded::Rows { rows, more: false }, begin);
    }
    assert_eq!(scheduler.hire(begin.instant), 1);
    let mut at = begin;
    let mut turns = Vec::new();
    let mut next = scheduler.next_job(at);
    while let Some(job) = next {
        turns.push(job.emitter.id.to_string());
        at.instant += duration;
        let attempt = succeeded(&job, duration);
        let finished = scheduler.finish(&job, &attempt, None, 0.0, at);
        next = finished.next.or_else(|| scheduler.next_job(at));
    }
    turns
}

#[test]
fn a_lane_goes_on_while_its_turn_lasts() {
    let quick = turns(Duration::from_millis(100));
    assert_eq!(quick.concat(), "aaaaaabbbbbb");
    // Until its first success an emitter waits with those that fail, and their turn is another.
    let slow = turns(Duration::from_millis(400));
    assert_eq!(slow.concat(), "aaaabbaabbbb");
    let slower = turns(Duration::from_secs(5));
    assert_eq!(slower.concat(), "aabababababb");
}
