//! The orders, in the same database as the webhooks.

use std::{path::Path, sync::Arc};

use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, task::spawn_blocking};
use webhooks_axum::Outbox;
use webhooks_core::store::sqlite::rusqlite::{
    Connection, Result as SqliteResult, Transaction, TransactionBehavior, params,
};

use crate::failure::Failure;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS orders (
        number INTEGER PRIMARY KEY,
        item TEXT NOT NULL,
        quantity INTEGER NOT NULL CHECK (quantity > 0)
    );
    CREATE TABLE IF NOT EXISTS stock (
        item TEXT PRIMARY KEY,
        pieces INTEGER NOT NULL CHECK (pieces >= 0)
    );";

/// What a customer orders.
#[derive(Debug, Deserialize)]
pub(crate) struct NewOrder {
    item: String,
    quantity: u32,
}

/// An order that was taken.
#[derive(Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) number: i64,
    pub(crate) item: String,
    pub(crate) quantity: u32,
}

/// The orders. What is done with the database is done on a thread that may wait.
#[derive(Clone)]
pub(crate) struct Orders(Arc<Mutex<Connection>>);

impl Orders {
    /// The orders in this database, which is there.
    pub(crate) fn open(database: &Path) -> SqliteResult<Self> {
        let connection = Connection::open(database)?;
        connection.execute_batch(TABLES)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Stores an order, its event and what is left of the item: all of it or nothing.
    pub(crate) async fn place(&self, outbox: Outbox, order: NewOrder) -> Result<Order, Failure> {
        self.with(move |connection| {
            // Immediate, since it writes: one that reads first could find another writer in its way.
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let order = insert(&transaction, order)?;
            outbox.emit_in(&transaction, "order.created", &order)?;
            // This may fail yet: then there is neither the order nor its event.
            take_from_stock(&transaction, &order)?;
            transaction.commit()?;
            Ok(order)
        })
        .await
    }

    /// The last orders, the newest first.
    pub(crate) async fn last(&self, count: u32) -> Result<Vec<Order>, Failure> {
        self.with(move |connection| {
            let mut last = connection.prepare_cached(
                "SELECT number, item, quantity FROM orders ORDER BY number DESC LIMIT ?1",
            )?;
            let orders = last.query_map([count], |row| {
                Ok(Order {
                    number: row.get(0)?,
                    item: row.get(1)?,
                    quantity: row.get(2)?,
                })
            })?;
            Ok(orders.collect::<SqliteResult<_>>()?)
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let mut connection = self.0.clone().lock_owned().await;
        match spawn_blocking(move || work(&mut connection)).await {
            Ok(done) => done,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

fn insert(transaction: &Transaction<'_>, order: NewOrder) -> SqliteResult<Order> {
    let NewOrder { item, quantity } = order;
    transaction.execute(
        "INSERT INTO orders (item, quantity) VALUES (?1, ?2)",
        params![item, quantity],
    )?;
    Ok(Order {
        number: transaction.last_insert_rowid(),
        item,
        quantity,
    })
}

/// There are a million pieces of whatever is asked for; no more than there are can be taken.
fn take_from_stock(transaction: &Transaction<'_>, order: &Order) -> SqliteResult<()> {
    let sql = "INSERT INTO stock (item, pieces) VALUES (?1, 1000000 - ?2)
        ON CONFLICT (item) DO UPDATE SET pieces = pieces - ?2";
    transaction
        .execute(sql, params![order.item, order.quantity])
        .map(drop)
}
