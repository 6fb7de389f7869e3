//! Callers that emit in transactions of their own.

use std::time::Duration;

use tokio::time::sleep;
use webhooks_core::{
    Error, Event,
    delivery::DeliveryState,
    store::{Receipt, conformance::Chance},
};
use webhooks_tests::history::{Answer, Moment, inside};

use crate::{backing::Transaction, bug::Bug, emit::Emitted, work::Caller};

/// At most so many events in one.
const EVENTS: usize = 3;

/// A transaction of an application's.
#[derive(Debug, Clone)]
pub(crate) struct Transacted {
    /// What is emitted, each after a pause.
    events: Vec<(Duration, Emitted)>,
    /// How long it stays open after that.
    open: Duration,
    end: End,
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Commit,
    /// Nobody hears that it is committed.
    Unheard,
    RollBack,
}

/// An event that was emitted in a transaction which is open.
struct Open {
    id: String,
    called: Moment,
    emitted: Emitted,
    receipt: Receipt,
}

impl Transacted {
    pub(crate) fn draw(n: usize, emitters: usize, chance: &mut Chance) -> Self {
        let longest = chance.one_of(&[1_000, 1_000_000, 15_000_000]);
        let pause = |chance: &mut Chance| Duration::from_micros(chance.below(longest) as u64);
        let count = 1 + chance.below(EVENTS);
        let events = (0..count).map(|nth| {
            let emitted = Emitted::draw(n, emitters, chance);
            (pause(chance), emitted.in_transaction(nth))
        });
        Self {
            events: events.collect(),
            open: pause(chance),
            end: chance.one_of(&[End::Commit, End::Commit, End::Unheard, End::RollBack]),
        }
    }
}

impl Caller {
    pub(crate) async fn transact(&self, transacted: Transacted) {
        // SQLite has one writer, and here nobody waits for it: no time passes.
        let takes_time = self.store.handle.is_model();
        let wait = async |time| {
            if takes_time {
                sleep(time).await;
            }
        };
        let transaction = self.store.handle.begin();
        let mut open = Vec::new();
        for (pause, emitted) in transacted.events {
            wait(pause).await;
            let (id, called) = self.called(&emitted);
            match self.emit_in(&transaction, emitted.event(&id)) {
                Ok(receipt) => open.push(Open {
                    id,
                    called,
                    emitted,
                    receipt,
                }),
                Err(_) => self.answered(&id, &Answer::Refused),
            }
        }
        wait(transacted.open).await;
        let is_rolled_back = transacted.end == End::RollBack;
        if is_rolled_back && !self.store.has(Bug::RollbacksAreStored) {
            self.world.cover("transaction rolled back");
            drop(transaction);
        } else {
            self.commit(transaction, &open).await;
        }
        for open in &open {
            match transacted.end {
                End::Unheard => self.world.cover("transaction without an answer"),
                End::RollBack => self.answered(&open.id, &Answer::Refused),
                End::Commit => {
                    self.queued(open);
                    let message = open.receipt.message_id.to_string();
                    let answer = Answer::Receipt(self.world.now(), Some(message));
                    self.answered(&open.id, &answer);
                }
            }
        }
    }

    fn emit_in(&self, transaction: &Transaction, event: Event) -> Result<Receipt, Error> {
        match transaction {
            Transaction::Model(transaction) => self.webhooks.emit_in(transaction, event),
            Transaction::Sqlite(connection) => self.webhooks.emit_in(connection, event),
        }
    }

    async fn commit(&self, transaction: Transaction, open: &[Open]) {
        self.world.cover("transaction committed");
        match transaction {
            Transaction::Model(transaction) => {
                let mut queued = 0;
                for (batch, appended) in transaction.commit(self.world.wall()) {
                    queued += self.store.append_seen(&batch, &appended);
                }
                self.store.count(queued).await;
            }
            Transaction::Sqlite(connection) => {
                connection.execute_batch("COMMIT").unwrap();
                for open in open {
                    self.look_for(open).await;
                }
            }
        }
    }

    /// Takes down what the store has of an event. What came for an old generation was discarded at once.
    async fn look_for(&self, open: &Open) {
        let message = self.store.inner.message(open.receipt.message_id).await;
        let Ok(Some(detail)) = message else {
            return;
        };
        let ordering = detail.message.ordering_key.as_ref();
        let ordering = ordering.map(|key| key.as_str());
        let queued = detail.deliveries.iter();
        for record in queued.filter(|record| record.state == DeliveryState::Pending) {
            self.store.queued(&record.key, record.seq, 0, ordering);
        }
    }

    /// A receipt of an event in a transaction says how many emitters listened when it was emitted; some may
    /// be gone, or discard what is older, by the time of the commit.
    fn queued(&self, open: &Open) {
        if !self.store.handle.is_model() {
            return;
        }
        let message = open.receipt.message_id.to_string();
        let deliveries = {
            let seen = self.world.seen();
            let rows = seen.history.inside.rows.iter();
            rows.filter(|row| row.key.1 == message).count()
        };
        assert!(deliveries <= open.receipt.deliveries);
        let receipt = inside::Receipt {
            call: (open.called, self.world.now()),
            message,
            deliveries,
            listeners: open.emitted.listeners(self.world.plan()),
        };
        self.world.record(&receipt, |history| {
            history.inside.receipts.push(receipt.clone());
        });
    }
}
