use std::sync::Arc;

use super::*;
use crate::{
    emitter::{Emitter, EmitterConfig, EmitterId},
    env::Env,
    store::{Health, Lease, Loaded},
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
