//! `/stats`.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Serialize;
use webhooks_core::{
    Webhooks,
    store::{QueueStats, Settled},
};

use super::Problem;

/// The counts of all queues, and of each.
#[derive(Serialize)]
pub(super) struct StatsJson {
    #[serde(flatten)]
    in_all: QueueJson,
    emitters: BTreeMap<String, QueueJson>,
}

#[derive(Serialize)]
struct QueueJson {
    all: CountsJson,
    last_hour: CountsJson,
    last_day: CountsJson,
}

/// What is pending is pending now, whatever the time in which the rest is counted.
#[derive(Serialize)]
struct CountsJson {
    pending: u64,
    delivered: u64,
    dead: u64,
    discarded: u64,
}

impl From<&QueueStats> for QueueJson {
    fn from(stats: &QueueStats) -> Self {
        let counts = |settled: &Settled| CountsJson {
            pending: stats.pending,
            delivered: settled.delivered,
            dead: settled.dead,
            discarded: settled.discarded,
        };
        Self {
            all: counts(&stats.total),
            last_hour: counts(&stats.last_hour),
            last_day: counts(&stats.last_day),
        }
    }
}

pub(super) async fn read(State(webhooks): State<Webhooks>) -> Result<Json<StatsJson>, Problem> {
    let stats = webhooks.stats().await?;
    let idle = QueueStats::default();
    let mut emitters: BTreeMap<String, QueueJson> = webhooks
        .all_emitters()
        .iter()
        .map(|emitter| (emitter.id().to_string(), QueueJson::from(&idle)))
        .collect();
    let counted = stats.emitters.iter();
    emitters.extend(counted.map(|(id, queue)| (id.to_string(), queue.into())));
    Ok(Json(StatsJson {
        in_all: QueueJson::from(&stats.all),
        emitters,
    }))
}
