//! What happened, told to whoever listens.

use std::{
    pin::Pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tokio::sync::mpsc;

use crate::{
    delivery::{AttemptOutcome, DeliveryKey},
    emitter::{EmitterId, EmitterState},
    event::{DeliveryId, EventName, Payload},
    store::{Receipt, Verdict},
};

/// Something that happened on this node.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Happening {
    /// An event was emitted, and is stored if it had a listener.
    Emitted {
        /// Its name.
        event: EventName,
        /// Its payload.
        payload: Payload,
        /// What `emit` returned.
        receipt: Receipt,
    },
    /// An attempt ended.
    Attempted {
        /// The delivery.
        key: DeliveryKey,
        /// The event's name.
        event: EventName,
        /// The delivery ID.
        delivery_id: DeliveryId,
        /// Which attempt it was, from 1.
        number: u32,
        /// The status, or why there was none.
        outcome: AttemptOutcome,
        /// What it means for the delivery.
        verdict: Verdict,
    },
    /// An emitter was attached, changed, paused, restarted or disabled.
    Emitter {
        /// The emitter.
        id: EmitterId,
        /// Its state now; `None` once it is detached.
        state: Option<EmitterState>,
    },
    /// The listener was too slow: so many happenings are missing here.
    Missed(usize),
}

/// A stream of what happens on this node, from the moment of the call on; it ends with
/// `begin_shutdown`.
///
/// A listener that does not keep up misses happenings, and is told how many; it holds nobody up.
#[derive(Debug)]
#[must_use = "a subscription does nothing until it is polled"]
pub struct Subscription {
    receiver: mpsc::Receiver<Happening>,
}

impl Subscription {
    /// What happened next; `None` at the end. Cancel safe: nothing is lost when the future is
    /// dropped.
    pub async fn next(&mut self) -> Option<Happening> {
        self.receiver.recv().await
    }
}

#[cfg(feature = "test-util")]
impl Subscription {
    /// What happened and was not looked at yet; `None` if there is nothing now.
    pub(crate) fn try_next(&mut self) -> Option<Happening> {
        self.receiver.try_recv().ok()
    }
}

impl futures_core::Stream for Subscription {
    type Item = Happening;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Happening>> {
        self.receiver.poll_recv(cx)
    }
}

/// So many happenings wait for a listener before it misses some.
pub(super) const CAPACITY: usize = 1_024;

#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    /// How many listen: nobody is the usual case, and costs no lock.
    count: AtomicUsize,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    subscribers: Vec<Subscriber>,
    closed: bool,
}

#[derive(Debug)]
struct Subscriber {
    sender: mpsc::Sender<Happening>,
    missed: usize,
}

impl Subscribers {
    pub(crate) fn subscribe(&self, capacity: usize) -> Subscription {
        let (sender, receiver) = mpsc::channel(capacity);
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if !list.closed {
            list.subscribers.push(Subscriber { sender, missed: 0 });
            self.count.store(list.subscribers.len(), Ordering::Release);
        }
        Subscription { receiver }
    }

    pub(crate) fn tell(&self, happening: impl FnOnce() -> Happening) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let happening = happening();
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.subscribers
            .retain_mut(|subscriber| subscriber.tell(&happening));
        self.count.store(list.subscribers.len(), Ordering::Release);
    }

    /// Ends all streams, also those that are asked for later.
    pub(crate) fn close(&self) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.closed = true;
        list.subscribers.clear();
        self.count.store(0, Ordering::Release);
    }
}

impl Subscriber {
    /// `false` once nobody listens any more.
    fn tell(&mut self, happening: &Happening) -> bool {
        if self.missed > 0 && self.sender.try_send(Happening::Missed(self.missed)).is_ok() {
            self.missed = 0;
        }
        match self.sender.try_send(happening.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.missed += 1;
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}
