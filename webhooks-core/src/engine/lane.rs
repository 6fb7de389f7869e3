//! One lane: the part of its backlog that is in memory, and which delivery goes next.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use tokio::time::Instant;

use crate::{
    delivery::{Message, Progress, Seq},
    emitter::Ordering,
};

/// One pending delivery in memory.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) seq: Seq,
    pub(crate) message: Arc<Message>,
    pub(crate) progress: Progress,
    pub(crate) due: Instant,
}

impl Entry {
    pub(super) fn bytes(&self) -> usize {
        self.message.body.as_ref().map_or(0, bytes::Bytes::len)
    }

    fn is_begun(&self) -> bool {
        self.progress.attempts_since_queued > 0
    }
}

/// How much of a lane's backlog is in memory; what stepped aside is not counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

/// The delivery in flight.
#[derive(Debug, Clone, Copy)]
struct Flight {
    seq: Seq,
    /// It was discarded meanwhile: a failure is not tried again.
    withdrawn: bool,
}

/// One lane. It has at most one delivery in flight.
#[derive(Debug)]
pub(crate) struct Lane {
    /// In the order of `seq`, but for a head that was begun: it stays the head.
    queue: VecDeque<Entry>,
    /// Relaxed ordering only: what failed and waits, by due time.
    aside: BTreeMap<(Instant, Seq), Entry>,
    in_flight: Option<Flight>,
    bytes: usize,
    /// Everything pending up to this place is in memory.
    cursor: Seq,
    /// Everything pending is in memory.
    complete: bool,
}

impl Lane {
    pub(crate) fn new(complete: bool) -> Self {
        Self {
            queue: VecDeque::new(),
            aside: BTreeMap::new(),
            in_flight: None,
            bytes: 0,
            cursor: 0,
            complete,
        }
    }

    /// Whether there is nothing left to know about it.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.aside.is_empty() && self.in_flight.is_none() && self.complete
    }

    /// The places that are in memory, that in flight included.
    pub(crate) fn seqs(&self) -> impl Iterator<Item = Seq> + '_ {
        let aside = self.aside.keys().map(|(_, seq)| *seq);
        self.queue
            .iter()
            .map(|entry| entry.seq)
            .chain(aside)
            .chain(self.in_flight.map(|flight| flight.seq))
    }

    pub(crate) fn cursor(&self) -> Seq {
        self.cursor
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    pub(crate) fn set_complete(&mut self) {
        self.complete = true;
    }

    /// How many are in line.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn is_full(&self, window: Window) -> bool {
        self.queue.len() >= window.entries || self.bytes >= window.bytes
    }

    /// Whether it should be refilled from the store.
    pub(crate) fn is_hungry(&self, window: Window) -> bool {
        !self.complete && self.queue.len() <= window.entries / 4 && self.bytes <= window.bytes / 2
    }

    /// Whether a refill for another lane may bring some for this one.
    pub(crate) fn has_room(&self, window: Window) -> bool {
        !self.complete && self.queue.len() <= window.entries / 2 && self.bytes <= window.bytes / 2
    }

    /// Inserts by `seq`, never before a head that was begun. What then exceeds the window falls
    /// off the end, to be loaded again later.
    pub(crate) fn insert(&mut self, entry: Entry, window: Window) {
        self.cursor = self.cursor.max(entry.seq);
        self.bytes += entry.bytes();
        match self.queue.back() {
            Some(last) if last.seq > entry.seq => {
                let begun = usize::from(self.queue.front().is_some_and(Entry::is_begun));
                let at = self
                    .queue
                    .partition_point(|other| other.seq < entry.seq)
                    .max(begun);
                self.queue.insert(at, entry);
            }
            _ => self.queue.push_back(entry),
        }
        while self.queue.len() > 1
            && (self.queue.len() > window.entries || self.bytes > window.bytes)
        {
            let Some(cut) = self.queue.pop_back() else {
                break;
            };
            self.bytes -= cut.bytes();
            self.complete = false;
            self.cursor = self.queue.back().map_or(0, |last| last.seq);
        }
    }

    /// Leaves a row in the store: it will be loaded when there is room.
    pub(crate) fn leave_in_store(&mut self) {
        self.complete = false;
    }

    /// The delivery that goes next, and since when or from when it is due; `None` while one is in
    /// flight.
    pub(crate) fn next(&self) -> Option<(Instant, Seq)> {
        if self.in_flight.is_some() {
            return None;
        }
        let head = self.queue.front().map(|entry| (entry.due, entry.seq));
        let aside = self.aside.keys().next().copied();
        match (head, aside) {
            (Some(head), Some(aside)) => Some(head.min(aside)),
            (head, aside) => head.or(aside),
        }
    }

    /// Takes the delivery that [`next`](Self::next) names.
    pub(crate) fn take(&mut self) -> Option<Entry> {
        let (due, seq) = self.next()?;
        let entry = match self.aside.remove(&(due, seq)) {
            Some(entry) => entry,
            None => {
                let head = self.queue.pop_front()?;
                self.bytes -= head.bytes();
                head
            }
        };
        self.in_flight = Some(Flight {
            seq,
            withdrawn: false,
        });
        Some(entry)
    }

    /// The delivery in flight has its outcome; it is `retry` if it is to be tried again.
    pub(crate) fn finished(&mut self, retry: Option<Entry>, ordering: Ordering) {
        let flight = self.in_flight.take();
        let Some(entry) = retry.filter(|_| flight.is_some_and(|flight| !flight.withdrawn)) else {
            return;
        };
        match ordering {
            Ordering::Strict => {
                self.bytes += entry.bytes();
                self.queue.push_front(entry);
            }
            Ordering::Relaxed => drop(self.aside.insert((entry.due, entry.seq), entry)),
        }
    }

    /// Takes a delivery out; one in flight is not tried again. `false` if it is not here.
    pub(crate) fn remove(&mut self, seq: Seq) -> bool {
        if let Some(flight) = self.in_flight.as_mut().filter(|flight| flight.seq == seq) {
            flight.withdrawn = true;
            return true;
        }
        if let Some(at) = self.queue.iter().position(|entry| entry.seq == seq) {
            self.bytes -= self.queue.remove(at).map_or(0, |entry| entry.bytes());
            return true;
        }
        let key = self.aside.keys().find(|(_, other)| *other == seq).copied();
        key.and_then(|key| self.aside.remove(&key)).is_some()
    }

    /// Makes a delivery due at `now`; `false` if it is not here, or in flight.
    pub(crate) fn hasten(&mut self, seq: Seq, now: Instant) -> bool {
        if let Some(entry) = self.queue.iter_mut().find(|entry| entry.seq == seq) {
            entry.due = entry.due.min(now);
            return true;
        }
        let key = self.aside.keys().find(|(_, other)| *other == seq).copied();
        let Some(mut entry) = key.and_then(|key| self.aside.remove(&key)) else {
            return false;
        };
        entry.due = entry.due.min(now);
        self.aside.insert((entry.due, seq), entry);
        true
    }
}

#[cfg(test)]
pub(crate) mod tests;
