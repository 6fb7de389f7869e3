//! The clock and the processor time of a run.

use std::time::Instant;

use crate::Failed;

/// How fast requests went out.
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    /// Of all threads of this process, the sink's included.
    pub(crate) cpu_micros: f64,
}

impl Measured {
    /// The mean of two runs.
    pub(crate) fn between(a: &Self, b: &Self) -> Self {
        Self {
            per_second: f64::midpoint(a.per_second, b.per_second),
            cpu_micros: f64::midpoint(a.cpu_micros, b.cpu_micros),
        }
    }
}

/// Started when the first request is about to go out.
pub(crate) struct Run {
    start: Instant,
    cpu: f64,
}

impl Run {
    pub(crate) fn start() -> Result<Self, Failed> {
        Ok(Self {
            cpu: cpu_seconds()?,
            start: Instant::now(),
        })
    }

    /// So many have arrived, the last of them at `end`.
    pub(crate) fn end(self, requests: usize, end: Instant) -> Result<Measured, Failed> {
        let seconds = end.duration_since(self.start).as_secs_f64();
        Ok(Measured {
            per_second: requests as f64 / seconds,
            cpu_micros: (cpu_seconds()? - self.cpu) * 1e6 / requests as f64,
        })
    }
}

/// User and system time of this process (`/proc/self/stat`, fields 14 and 15, in hundredths).
fn cpu_seconds() -> Result<f64, Failed> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().ok_or("no process name")?;
    let ticks = |at: usize| -> Result<f64, Failed> {
        let field = fields.split_whitespace().nth(at).ok_or("no such field")?;
        Ok(field.parse::<f64>()?)
    };
    // The third field is the first behind the name.
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
