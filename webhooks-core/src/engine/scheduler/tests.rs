use std::sync::Arc;

use super::*;
use crate::{
    emitter::{Emitter, EmitterConfig, EmitterId},
    env::Env,
    store::{Health, Lease, Loaded},
};

#[test]
fn who_is_loaded_again_and_again_does_not_keep_others_waiting() {
    const EMITTERS: usize = 5;
    let now = Now {
        instant: tokio::time::Instant::now(),
        wall: Env::system().now(),
    };
    let mut scheduler = Scheduler::new(8);
    let ids: Vec<EmitterId> = (0..EMITTERS)
        .map(|n| format!("e{n}").try_into().unwrap())
        .collect();
    let config = EmitterConfig::new("https://example.com/").unwrap();
    let url = Arc::new("https://example.com/".parse().unwrap());
    for id in &ids {
        let emitter = Emitter::new(id.clone(), Arc::new([]), config.clone(), &Env::system());
        scheduler.ensure(&Arc::new(emitter), &url);
    }
    let leases = ids.iter().map(|id| Lease {
        emitter: id.clone(),
        epoch: 1,
        health: Health::default(),
    });
    let leases = leases.collect();
    scheduler.leased(&ids, leases, now);
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
