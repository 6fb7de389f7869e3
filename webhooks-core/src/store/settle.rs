//! Writing down what became of attempts.

use std::sync::Arc;

use super::{Epoch, Health, NodeId};
use crate::{
    delivery::{Attempt, DeadReason, DeliveryKey, Progress, Seq},
    emitter::EmitterId,
    env::Timestamp,
};

/// A batch of outcomes.
#[derive(Debug, Clone)]
pub struct Settle {
    /// Who settles.
    pub node: NodeId,
    /// The outcomes, in the order in which they came.
    pub settlements: Vec<Settlement>,
    /// The emitters whose health changed, each with the epoch of its lease; one of an old epoch is
    /// ignored.
    pub health: Vec<(EmitterId, Epoch, Health)>,
    /// The time now.
    pub now: Timestamp,
}

/// One attempt and what it means for its delivery.
///
/// One that is sent again because its answer was lost, told by the attempt's number and start,
/// changes nothing. It is [`SettleOutcome::Settled`] if the delivery still has this place and stands
/// as the verdict asks, else [`SettleOutcome::Superseded`].
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The delivery.
    pub key: DeliveryKey,
    /// The place that it had when the attempt started: a redelivery has given it another one.
    pub seq: Seq,
    /// The epoch of the emitter's lease.
    pub epoch: Epoch,
    /// The attempt.
    pub attempt: Arc<Attempt>,
    /// What it means.
    pub verdict: Verdict,
}

/// What an attempt means for its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver took it.
    Delivered,
    /// It is tried again.
    Retry(Progress),
    /// It is given up.
    Dead(DeadReason),
}

/// What a settlement found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettleOutcome {
    /// The row changed as asked.
    Settled,
    /// The delivery was discarded, settled or queued anew while the attempt was in flight. The
    /// attempt is recorded, and the numbers of later ones go on behind it; a [`Verdict::Delivered`]
    /// turned `discarded` into `delivered`, anything else changed no state.
    Superseded,
    /// The emitter is not the node's under this epoch: nothing changed.
    Fenced,
    /// There is no such delivery any more.
    Gone,
}
