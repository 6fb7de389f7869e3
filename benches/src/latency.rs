//! How long single requests take.

use std::time::Instant;

/// Microseconds, one for each request.
#[derive(Default)]
pub(crate) struct Latencies(Vec<f64>);

impl Latencies {
    pub(crate) const COUNT: usize = 1_000;

    pub(crate) fn add(&mut self, start: Instant, end: Instant) {
        self.0.push(end.duration_since(start).as_secs_f64() * 1e6);
    }

    /// The value that so many of a hundred stay below.
    pub(crate) fn percentile(&mut self, percent: usize) -> f64 {
        self.0.sort_by(f64::total_cmp);
        self.0[self.0.len() * percent / 100]
    }
}
