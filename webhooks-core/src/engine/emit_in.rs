//! Emitting inside a transaction of the application's.
//!
//! What is stored there is not known to be there before the commit, and nobody tells when that is: the
//! mark that the append leaves brings it to work, on whichever node owns the emitter.

use rusqlite::Connection;

use super::{core::Engine, emit::mismatch};
use crate::{
    Error, ErrorKind,
    event::Event,
    store::{
        Append, Appended, Fate, Receipt,
        sqlite::{require_transaction, rusqlite},
    },
};

impl Engine {
    pub(crate) fn emit_in_sqlite(
        &self,
        connection: &Connection,
        event: Event,
    ) -> Result<Receipt, Error> {
        self.gate.check()?;
        event.payload.check_size(self.options.payload_limit)?;
        if event.idempotency_key.is_some() {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "an event that is emitted in a transaction has no idempotency key: the transaction decides what happens once",
            ));
        }
        let Some(store) = self.store.as_sqlite() else {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "the store is not in SQLite: events can be emitted in a transaction of the store's own database only",
            ));
        };
        // Also where nobody listens: the first listener must not be what brings a mistake to light.
        require_transaction(connection)?;
        let emitters = self.registry.matching(&event.name, event.tenant.as_ref());
        let draft = self.draft(event, emitters);
        if !draft.is_stored() {
            return Ok(draft.receipt(0));
        }
        let batch = Append {
            node: self.node(),
            messages: vec![draft.to_store()],
            now: self.env().now(),
        };
        match store.append_in(connection, &batch)?.pop() {
            Some(Appended::Stored(stored)) => {
                let queued = |fate: Fate| matches!(fate, Fate::Straight | Fate::Withheld);
                let count = stored.rows.iter().filter(|row| queued(row.fate)).count();
                Ok(draft.receipt(count))
            }
            Some(Appended::Duplicate(first)) => Ok(first),
            Some(Appended::IdempotencyMismatch) => Err(mismatch()),
            None => Ok(draft.receipt(0)),
        }
    }
}
