//! What a seed decides before anything begins.

use std::time::Duration;

use webhooks_core::{
    EmitterConfig, Jitter, Ordering, RetryPolicy, Tenant, store::conformance::Chance,
};

/// What a seed decides before anything begins.
#[derive(Debug)]
pub(crate) struct Plan {
    /// How many nodes there are.
    pub(crate) nodes: usize,
    pub(crate) emitters: Vec<Spec>,
    /// For so long things go on, and go wrong.
    pub(crate) time: Duration,
    /// Nothing goes wrong but with receivers.
    pub(crate) is_calm: bool,
    /// At most so many attempts in flight at a node.
    pub(crate) in_flight: usize,
    /// A load is answered with at most so many rows.
    pub(crate) page: usize,
    /// The nodes' clocks differ, and the store has one of its own.
    pub(crate) is_skewed: bool,
    /// The longest pause between two things that somebody does.
    pub(crate) pause: Duration,
}

/// An emitter, which stays what it is however often it is detached and attached.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) id: String,
    pub(crate) pattern: &'static str,
    pub(crate) tenant: Option<&'static str>,
    pub(crate) lanes: u32,
    pub(crate) ordering: Ordering,
    pub(crate) attempts: u32,
    initial: Duration,
    longest: Duration,
    /// It waits as a schedule says.
    is_scheduled: bool,
    /// Statuses that it gives up on at once.
    give_up_on: &'static [u16],
    pub(crate) max_age: Option<Duration>,
    pub(crate) timeout: Duration,
}

impl Plan {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let count = 1 + chance.below(4);
        let emitters = (0..count).map(|n| Spec::draw(n, chance)).collect();
        Self {
            nodes: 1 + chance.below(4),
            emitters,
            time: Duration::from_secs(60 + chance.below(120) as u64),
            is_calm: chance.one_in(5),
            in_flight: 2 + chance.below(15),
            is_skewed: chance.one_in(3),
            page: chance.one_of(&[1_000, 1_000, 8, 3]),
            pause: Duration::from_millis(300 + chance.below(3_000) as u64),
        }
    }

    /// A few seconds of several nodes, in which nothing goes wrong but with receivers.
    pub(crate) fn shorten(&mut self) {
        self.is_calm = true;
        self.nodes = self.nodes.max(2);
        self.time = Duration::from_secs(8);
        self.pause = Duration::from_millis(400);
    }

    /// Within this whatever is due begins, if nothing is wrong but with receivers: those that fail wait for
    /// each other, and each request may take up to its timeout.
    pub(crate) fn slack(&self) -> Duration {
        let timeouts = self.emitters.iter().map(|spec| spec.timeout);
        Duration::from_secs(2) + timeouts.sum::<Duration>()
    }

    pub(crate) fn spec(&self, emitter: &str) -> Option<&Spec> {
        self.emitters.iter().find(|spec| spec.id == emitter)
    }
}

impl Spec {
    fn draw(n: usize, chance: &mut Chance) -> Self {
        let initial = Duration::from_millis(50 + chance.below(1_000) as u64);
        let (is_scheduled, attempts) = (chance.one_in(6), chance.one_of(&[2, 5, 1_000]));
        Self {
            id: format!("e{n}"),
            pattern: chance.one_of(&["a", "b", "*"]),
            tenant: chance.one_of(&[None, None, None, Some("t")]),
            // With so many lanes as the last a lane's window is small, and the rest stays in the store.
            lanes: chance.one_of(&[1, 1, 4, 256]),
            ordering: chance.one_of(&[Ordering::Strict, Ordering::Strict, Ordering::Relaxed]),
            attempts: if is_scheduled { 4 } else { attempts },
            initial,
            longest: initial * 8,
            is_scheduled,
            give_up_on: chance.one_of(&[&[][..], &[], &[404]]),
            max_age: chance.one_of(&[None, None, Some(Duration::from_secs(15))]),
            timeout: Duration::from_secs(1 + chance.below(8) as u64),
        }
    }

    /// Its configuration; the description tells one version from another.
    pub(crate) fn config(&self, version: usize) -> EmitterConfig {
        let retry = if self.is_scheduled {
            RetryPolicy::schedule([0, 1, 2, 4].map(|times| self.initial * times))
        } else {
            RetryPolicy::exponential(self.initial, self.longest)
                .jitter(Jitter::Full)
                .max_attempts(self.attempts)
        };
        let retry = retry
            .max_age(self.max_age)
            .give_up_on(self.give_up_on.iter().copied());
        let tenant = self.tenant.map(|tenant| Tenant::new(tenant).unwrap());
        EmitterConfig::new(format!("https://{0}.example/{0}", self.id))
            .unwrap()
            .description(format!("version {version}"))
            .lanes(self.lanes)
            .ordering(self.ordering)
            .timeout(self.timeout)
            .tenant(tenant)
            .retry(retry)
    }

    /// The lane of an event with this ordering key, where order is promised.
    pub(crate) fn lane(&self, key: Option<&str>) -> Option<String> {
        match (self.ordering, self.lanes, key) {
            (Ordering::Strict, 1, _) => Some(self.id.clone()),
            (Ordering::Strict, _, Some(key)) => Some(format!("{}/{key}", self.id)),
            _ => None,
        }
    }
}
