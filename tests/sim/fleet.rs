//! Nodes that come and go.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{task::JoinSet, time::sleep};
use webhooks_core::{
    Webhooks,
    store::{
        Store,
        conformance::{Fault, FaultStore, Operation},
    },
};
use webhooks_tests::history::inside::Process;

use crate::{
    backing::{Backing, Handle, Kind},
    bug::Bug,
    net::Net,
    run::Trial,
    sender::Sender,
    still::Stills,
    store::{Ledger, SimStore},
    work::Caller,
    world::World,
};

/// All nodes, and what they share.
pub(crate) struct Fleet {
    pub(crate) world: World,
    pub(crate) net: Net,
    pub(crate) stills: Stills,
    pub(crate) kind: Kind,
    backing: Backing,
    /// What is looked at from outside.
    pub(crate) store: Arc<dyn Store>,
    pub(crate) ledger: Arc<Ledger>,
    bug: Option<Bug>,
    trial: Trial,
    nodes: Vec<Option<Node>>,
    processes: Process,
    is_healed: bool,
}

/// One life of a node.
pub(crate) struct Node {
    pub(crate) process: Process,
    pub(crate) webhooks: Webhooks,
    faults: FaultStore<SimStore>,
    handle: Handle,
    /// What callers wait for; it ends with the node.
    pub(crate) calls: JoinSet<()>,
}

impl Node {
    pub(crate) fn caller(&self, world: &World) -> Caller {
        Caller {
            world: world.clone(),
            process: self.process,
            webhooks: self.webhooks.clone(),
            store: SimStore::clone(self.faults.inner()),
        }
    }
}

impl Fleet {
    pub(crate) fn new(world: &World, kind: Kind, bug: Option<Bug>, trial: Trial) -> Self {
        let env = world.env(0);
        let backing = Backing::new(kind, &env);
        let store = backing.open(&env).store;
        Self {
            kind,
            backing,
            world: world.clone(),
            net: Net::new(world),
            stills: Stills::new(world),
            store,
            ledger: Arc::default(),
            bug,
            trial,
            nodes: (0..world.plan().nodes).map(|_| None).collect(),
            processes: 0,
            is_healed: false,
        }
    }

    /// Starts the node at this place, as another process; it may fail as its store does.
    pub(crate) async fn start(&mut self, place: usize) {
        self.processes += 1;
        let process = self.processes;
        let handle = self.backing.open(&self.world.env(process));
        let store = SimStore {
            world: self.world.clone(),
            process,
            inner: handle.store.clone(),
            handle: handle.clone(),
            ledger: self.ledger.clone(),
            bug: self.bug,
        };
        let faults = FaultStore::new(store);
        if let Trial::Strike(left, fault) = &self.trial {
            strike_one(&faults, left.clone(), *fault);
        }
        if !self.is_healed && !self.world.plan().is_calm {
            self.world.cover("start");
            self.strike(&faults);
        }
        let sender = Sender::new(&self.net, process, &handle, self.bug);
        let stills = self.stills.clone();
        let env = self.world.env(process);
        let env = env.wrap_tasks(move |task| stills.task(process, task));
        let builder = Webhooks::builder()
            .store(faults.clone())
            .env(env)
            .in_flight(self.world.plan().in_flight)
            .transport(sender.transport());
        // Whoever starts it gives up in the end, and tries later.
        let built = tokio::time::timeout(Duration::from_secs(30), builder.build()).await;
        if let Ok(Ok(webhooks)) = built {
            self.nodes[place] = Some(Node {
                process,
                webhooks,
                faults,
                handle,
                calls: JoinSet::new(),
            });
        } else {
            handle.end();
            self.ended(process);
            self.world.cover("start failed");
        }
    }

    /// Lets the calls of a node fail.
    fn strike(&self, faults: &FaultStore<SimStore>) {
        let world = self.world.clone();
        let bad = world.draw(|chance| chance.one_of(&[10, 30, 100]));
        faults.strike_as(move |operation| {
            if operation == Operation::Changed {
                // That somebody wrote is told late, or only found by looking for it.
                let long = world.time_below(Duration::from_secs(2));
                return world
                    .draw(|chance| chance.one_in(3))
                    .then_some(Fault::Late(long));
            }
            let short = world.time_below(Duration::from_millis(30));
            let long = world.time_below(Duration::from_secs(20));
            let (strikes, which) = world.draw(|chance| (chance.one_in(bad), chance.below(5)));
            let (word, fault) = match (strikes, which) {
                (true, 0) => ("refused call", Fault::Refused),
                (true, 1) => ("lost answer", Fault::Lost),
                (true, 2) => ("late answer", Fault::Late(long)),
                (true, 3) => ("late call", Fault::Delayed(long)),
                (true, _) => ("late answer", Fault::Late(short)),
                (false, _) => ("short delay", Fault::Delayed(short)),
            };
            world.cover(word);
            Some(fault)
        });
    }

    /// The node at this place, if it lives.
    pub(crate) fn node(&mut self, place: usize) -> Option<&mut Node> {
        self.nodes[place].as_mut()
    }

    /// A node that lives, if any does.
    pub(crate) fn any(&mut self) -> Option<&mut Node> {
        let living = self.living();
        if living.is_empty() {
            return None;
        }
        let place = self.world.draw(|chance| chance.one_of(&living));
        self.node(place)
    }

    pub(crate) fn living(&self) -> Vec<usize> {
        let places = self.nodes.iter().enumerate();
        places
            .filter(|(_, node)| node.is_some())
            .map(|(place, _)| place)
            .collect()
    }

    /// A node is there no more, from one moment to the next.
    pub(crate) async fn crash(&mut self, place: usize) {
        if let Some(word) = self.nodes[place]
            .as_ref()
            .and_then(|node| self.world.draw(|chance| node.handle.crash(chance)))
        {
            // Whatever it is about to commit decides when; others may know before this does.
            self.world.cover(word);
            let process = self.nodes[place].as_ref().map(|node| node.process);
            process.into_iter().for_each(|process| self.ended(process));
            sleep(self.world.time_below(Duration::from_secs(2))).await;
        }
        if let Some(node) = self.nodes[place].take() {
            self.world.cover("crash");
            self.world.fault();
            self.world.record(("crash", node.process), |_| ());
            node.handle.end();
            self.ended(node.process);
            drop(node);
            // Aborted tasks are dropped when they would be polled next.
            sleep(Duration::from_nanos(1)).await;
        }
    }

    /// A node ends in order.
    pub(crate) async fn shut_down(
        &mut self,
        place: usize,
        grace: Duration,
    ) -> Option<(u64, usize)> {
        self.stills.over(self.nodes[place].as_ref()?.process).await;
        let node = self.nodes[place].take()?;
        self.world.cover("shutdown");
        // Where the store fails, outcomes are left behind, and others take over before the call returns.
        self.world.fault();
        let ended = tokio::time::timeout(
            grace + Duration::from_secs(60),
            node.webhooks.shutdown(grace),
        );
        let report = match ended.await {
            Ok(Ok(report)) => Some((report.pending, report.cut)),
            Ok(Err(_)) => None,
            Err(_) => {
                self.world.cover("shutdown took long");
                None
            }
        };
        self.world.fault();
        node.handle.end();
        self.ended(node.process);
        report
    }

    fn ended(&self, process: Process) {
        let now = self.world.now();
        self.world.record(("ended", process), |history| {
            history.inside.ended.push((now, process));
        });
    }

    /// From now on nothing fails.
    pub(crate) fn heal(&mut self) {
        self.is_healed = true;
        self.net.heal();
        for node in self.nodes.iter().flatten() {
            node.faults.heal();
        }
    }
}

/// Lets the call fail before which so many went by, of all nodes together.
fn strike_one(faults: &FaultStore<SimStore>, left: Arc<AtomicU64>, fault: Fault) {
    faults.strike_as(move |operation| {
        // It waits for others, and comes to an end only then.
        if operation == Operation::Changed || left.load(Relaxed) == 0 {
            return None;
        }
        let before = left.fetch_sub(1, Relaxed);
        (before == 1).then_some(fault)
    });
}
