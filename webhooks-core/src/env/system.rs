//! The clock and the randomness of the machine.

use std::{cell::RefCell, time::SystemTime};

use zeroize::Zeroize as _;

use super::{Clock, Random, Timestamp};

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

    #[test]
    fn system_random_does_not_repeat() {
        let (mut a, mut b) = ([0; 32], [0; 32]);
        SystemRandom.fill(&mut a);
        SystemRandom.fill(&mut b);
        assert_ne!(a, b);
    }
}
