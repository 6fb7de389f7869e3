//! Clock and randomness, and the IDs that are made of them.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use uuid::Uuid;

use super::{SystemClock, SystemRandom, Timestamp};

/// The wall clock.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync + 'static> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// A source of random bytes, fit for secrets.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

impl<F: Fn(&mut [u8]) + Send + Sync + 'static> Random for F {
    fn fill(&self, bytes: &mut [u8]) {
        self(bytes);
    }
}

/// A task of an engine's.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What an engine's tasks are wrapped in.
pub(crate) type Wrap = Arc<dyn Fn(Task) -> Task + Send + Sync>;

/// Clock and randomness together, and the IDs that are made of them. Cheap to clone.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    last_message_id: Arc<AtomicU64>,
    wrap: Option<Wrap>,
}

impl Env {
    /// The machine's clock and the operating system's random generator.
    #[must_use]
    pub fn system() -> Self {
        Self::new(SystemClock, SystemRandom)
    }

    /// A clock and a source of randomness of the caller's.
    pub fn new(clock: impl Clock, random: impl Random) -> Self {
        Self {
            clock: Arc::new(clock),
            random: Arc::new(random),
            last_message_id: Arc::new(AtomicU64::new(0)),
            wrap: None,
        }
    }

    /// Runs each task of an engine as `wrap` makes of it: a simulation lets a node stand still by not polling
    /// them.
    #[must_use]
    pub fn wrap_tasks(mut self, wrap: impl Fn(Task) -> Task + Send + Sync + 'static) -> Self {
        self.wrap = Some(Arc::new(wrap));
        self
    }

    pub(crate) fn wrap(&self) -> Option<Wrap> {
        self.wrap.clone()
    }

    /// The time now, on the wall clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Fills `bytes` with random bytes.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.random.fill(bytes);
    }

    /// A number drawn evenly from [0, 1).
    #[must_use]
    pub fn unit(&self) -> f64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        // 53 bits are what an f64 in [0, 1) can hold without rounding up to 1.
        (u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A random UUID (version 4): a generated delivery ID.
    #[must_use]
    pub fn uuid_v4(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// A time-ordered UUID (version 7), greater than every one before it in this process.
    ///
    /// The 12 bits of `rand_a` count within the millisecond, and run over into the next one
    /// (RFC 9562, section 6.2, method 1).
    #[must_use]
    pub fn uuid_v7(&self) -> Uuid {
        let millis = u64::try_from(self.now().as_millis()).unwrap_or(0);
        let floor = (millis << 12) & (u64::MAX >> 4);
        let step = |last: u64| Some(floor.max(last + 1));
        let last = self
            .last_message_id
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step)
            .unwrap_or_default();
        let tick = floor.max(last + 1);
        let mut bytes = [0; 16];
        self.fill(&mut bytes[8..]);
        bytes[..6].copy_from_slice(&(tick >> 12).to_be_bytes()[2..]);
        bytes[6..8].copy_from_slice(&((tick & 0xfff) as u16).to_be_bytes());
        bytes[6] |= 0x70;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Uuid::from_bytes(bytes)
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").finish_non_exhaustive()
    }
}

impl Default for Env {
    fn default() -> Self {
        Self::system()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env_at(millis: i64) -> Env {
        Env::new(
            move || Timestamp::from_micros(millis * 1_000),
            |bytes: &mut [u8]| bytes.fill(0xff),
        )
    }

    #[test]
    fn v7_ids_grow_within_a_millisecond_and_beyond_its_4096() {
        let env = env_at(1_700_000_000_000);
        let ids: Vec<Uuid> = (0..10_000).map(|_| env.uuid_v7()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        assert!(
            ids.iter()
                .all(|id| id.get_variant() == uuid::Variant::RFC4122)
        );
    }

    #[test]
    fn v4_ids_have_version_and_variant() {
        assert_eq!(env_at(0).uuid_v4().get_version_num(), 4);
    }

    #[test]
    fn unit_stays_below_one() {
        assert!(env_at(0).unit() < 1.0);
    }
}
