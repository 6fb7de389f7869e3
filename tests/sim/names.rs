//! Names, and what they lead to.

use std::{
    collections::BTreeMap,
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::sleep;
use webhooks_core::transport::{Resolve, ResolveFuture};
use webhooks_tests::history::Moment;

use crate::world::World;

/// How a name is for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Known,
    Slow,
    /// No answer comes for longer than anybody waits.
    Silent,
    Unknown,
    /// It leads to where nothing may be sent, too.
    Inner,
}

const WAYS: [Way; 10] = [
    Way::Known,
    Way::Known,
    Way::Known,
    Way::Known,
    Way::Known,
    Way::Known,
    Way::Slow,
    Way::Silent,
    Way::Unknown,
    Way::Inner,
];

/// All names. Clones are one.
#[derive(Clone)]
pub(crate) struct Names {
    world: World,
    ways: Arc<Mutex<BTreeMap<String, (Way, Moment)>>>,
    healed: Arc<AtomicBool>,
}

impl Names {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            ways: Arc::default(),
            healed: Arc::default(),
        }
    }

    /// From now on all names are known.
    pub(crate) fn heal(&self) {
        self.healed.store(true, Relaxed);
    }

    fn way(&self, host: &str) -> Way {
        if self.healed.load(Relaxed) {
            return Way::Known;
        }
        let now = self.world.now();
        let mut ways = self.ways.lock().unwrap();
        let (way, until) = ways.entry(host.to_owned()).or_insert((Way::Known, now));
        if *until <= now {
            let draw = self.world.draw(|chance| {
                let seconds = 5 + chance.below(40) as u64;
                (chance.one_of(&WAYS), Duration::from_secs(seconds))
            });
            (*way, *until) = (draw.0, now + draw.1);
        }
        *way
    }
}

impl Resolve for Names {
    fn resolve(&self, host: &str) -> ResolveFuture {
        let way = self.way(host);
        let time = match way {
            Way::Slow => self.world.time_below(Duration::from_secs(4)),
            Way::Silent => Duration::from_secs(10) + self.world.time_below(Duration::from_secs(50)),
            _ => self.world.time_below(Duration::from_millis(20)),
        };
        let public = IpAddr::from([8, 8, 8, 8]);
        Box::pin(async move {
            sleep(time).await;
            match way {
                Way::Unknown => Err(io::Error::other("no such name")),
                Way::Inner => Ok(vec![public, [10, 0, 0, 1].into()]),
                _ => Ok(vec![public]),
            }
        })
    }
}
