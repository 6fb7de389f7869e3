//! Wall clock, randomness and IDs, handed in so that tests and simulations decide on them.
//!
//! - [`Clock`] is the wall clock; timers are tokio's, so that paused time works.
//! - [`Random`] feeds jitter, IDs and secrets; the default is the operating system's generator.
//! - Message IDs are UUIDv7, monotonic within a process (RFC 9562, section 6.2).

use std::{
    cell::RefCell,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use uuid::Uuid;
use zeroize::Zeroize as _;

/// A point in time: microseconds since the Unix epoch, UTC.
///
/// `Display` is RFC 3339 with microseconds, as the admin API shows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since the Unix epoch, as in `webhook-timestamp`.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Parses RFC 3339, such as `2026-01-31T12:00:00Z`.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) for anything else.
    pub fn parse(text: &str) -> Result<Self, crate::Error> {
        let parsed: jiff::Timestamp = text.parse().map_err(|error| {
            crate::Error::invalid(format!(
                "`{text}` is not a time: expected RFC 3339, such as 2026-01-31T12:00:00Z"
            ))
            .with_source(error)
        })?;
        Ok(Self(parsed.as_microsecond()))
    }

    /// Later by `duration`; stays at the end of time instead of overflowing.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// Earlier by `duration`; stays at the beginning of time instead of overflowing.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero where it is not after it.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp:.6}"),
            Err(_) => write!(f, "{}µs", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let micros = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros)
            }
        };
        Self(micros)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

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

/// Clock and randomness together, and the IDs that are made of them. Cheap to clone.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    last_message_id: Arc<AtomicU64>,
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
        }
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

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is where the clock is handed in"
    )]
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// The operating system's random generator, buffered per thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

const POOL: usize = 512;

struct Pool {
    bytes: [u8; POOL],
    used: usize,
}

thread_local! {
    static RANDOM: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL], used: POOL }) };
}

impl Random for SystemRandom {
    /// # Panics
    /// If the operating system has no randomness to give: nothing secret could be made then.
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > POOL {
            return getrandom::fill(bytes).expect("the operating system gives random bytes");
        }
        RANDOM.with_borrow_mut(|pool| {
            if POOL - pool.used < bytes.len() {
                getrandom::fill(&mut pool.bytes).expect("the operating system gives random bytes");
                pool.used = 0;
            }
            let taken = &mut pool.bytes[pool.used..pool.used + bytes.len()];
            bytes.copy_from_slice(taken);
            // What was handed out may become a secret: no second copy stays behind.
            taken.zeroize();
            pool.used += bytes.len();
        });
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

    #[test]
    fn timestamps_print_and_parse_as_rfc_3339() {
        let time = Timestamp::from_micros(1_674_087_231_000_250);
        assert_eq!(time.to_string(), "2023-01-19T00:13:51.000250Z");
        assert_eq!(Timestamp::parse(&time.to_string()).unwrap(), time);
        assert!(Timestamp::parse("yesterday").is_err());
    }

    #[test]
    fn system_random_does_not_repeat() {
        let (mut a, mut b) = ([0; 32], [0; 32]);
        SystemRandom.fill(&mut a);
        SystemRandom.fill(&mut b);
        assert_ne!(a, b);
    }
}
