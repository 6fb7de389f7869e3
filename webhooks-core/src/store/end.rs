//! Where deliveries end, and what rows say of it.

use super::{
    Reason, Verdict,
    stats::{Change, Settled},
};
use crate::delivery::{DeadReason, DeliveryState, DiscardReason, Progress};

/// Where a delivery ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Delivered,
    Settled(Reason),
}

impl From<DiscardReason> for End {
    fn from(reason: DiscardReason) -> Self {
        Self::Settled(Reason::Discarded(reason))
    }
}

impl End {
    /// Where a verdict leads: to an end, or on.
    pub(super) fn of(verdict: &Verdict) -> Result<Self, Progress> {
        match verdict {
            Verdict::Delivered => Ok(Self::Delivered),
            Verdict::Dead(reason) => Ok(Self::Settled(Reason::Dead(*reason))),
            Verdict::Retry(progress) => Err(*progress),
        }
    }

    pub(super) fn state(self) -> DeliveryState {
        match self {
            Self::Delivered => DeliveryState::Delivered,
            Self::Settled(Reason::Dead(_)) => DeliveryState::Dead,
            Self::Settled(Reason::Discarded(_)) => DeliveryState::Discarded,
        }
    }

    pub(super) fn reason(self) -> Option<Reason> {
        match self {
            Self::Delivered => None,
            Self::Settled(reason) => Some(reason),
        }
    }

    /// Whether a delivery stands where a verdict leads to.
    pub(super) fn is_of(verdict: &Verdict, state: DeliveryState, reason: Option<Reason>) -> bool {
        match Self::of(verdict) {
            Ok(end) => state == end.state() && reason == end.reason(),
            Err(_) => state == DeliveryState::Pending,
        }
    }

    /// What it counts as.
    pub(super) fn change(self, was_pending: bool) -> Change {
        let mut settled = Settled::default();
        match self.state() {
            DeliveryState::Delivered => settled.delivered = 1,
            DeliveryState::Dead => settled.dead = 1,
            DeliveryState::Discarded | DeliveryState::Pending => settled.discarded = 1,
        }
        Change {
            pending: -i64::from(was_pending),
            settled,
        }
    }
}

/// What stands for a state in a row.
pub(super) fn state_code(state: DeliveryState) -> i16 {
    match state {
        DeliveryState::Pending => 0,
        DeliveryState::Delivered => 1,
        DeliveryState::Dead => 2,
        DeliveryState::Discarded => 3,
    }
}

/// The state that a row has this for; `None` for none.
pub(super) fn state_of(code: i16) -> Option<DeliveryState> {
    Some(match code {
        0 => DeliveryState::Pending,
        1 => DeliveryState::Delivered,
        2 => DeliveryState::Dead,
        3 => DeliveryState::Discarded,
        _ => return None,
    })
}

/// The reason that a row in this state has this word for; the word if it is none.
pub(super) fn reason_of(
    state: DeliveryState,
    word: Option<&str>,
) -> Result<Option<Reason>, String> {
    let Some(word) = word else { return Ok(None) };
    let unknown = || format!("`{word}`");
    Ok(match state {
        DeliveryState::Pending | DeliveryState::Delivered => None,
        DeliveryState::Dead => {
            let reason: DeadReason = word.parse().map_err(|_| unknown())?;
            Some(Reason::Dead(reason))
        }
        DeliveryState::Discarded => {
            let reason: DiscardReason = word.parse().map_err(|_| unknown())?;
            Some(Reason::Discarded(reason))
        }
    })
}
