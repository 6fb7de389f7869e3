//! The orders, in the same database as the webhooks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, PgPool, Row as _};
use webhooks_axum::Outbox;

/// What a customer orders.
#[derive(Debug, Deserialize)]
pub(crate) struct NewOrder {
    item: String,
    quantity: i32,
}

/// An order that was taken.
#[derive(Debug, Serialize)]
pub(crate) struct Order {
    number: i64,
    item: String,
    quantity: i32,
}

/// Why an order was not taken. Neither it nor its event is there.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// It breaks a rule of the table.
    Refused,
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl From<sqlx::Error> for NotTaken {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(database) if database.is_check_violation() => Self::Refused,
            _ => Self::Failed(error.into()),
        }
    }
}

impl From<webhooks_core::Error> for NotTaken {
    fn from(error: webhooks_core::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// The orders. Clones are one.
#[derive(Clone)]
pub(crate) struct Orders {
    pool: PgPool,
    insert: Arc<str>,
    check: Arc<str>,
    list: Arc<str>,
}

impl Orders {
    /// The orders in this schema, which is there.
    pub(crate) async fn open(pool: PgPool, schema: &str) -> sqlx::Result<Self> {
        let tables = format!(
            "CREATE TABLE IF NOT EXISTS \"{schema}\".orders (
                number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                item text NOT NULL,
                quantity integer NOT NULL,
                is_placed boolean NOT NULL DEFAULT false,
                CHECK (quantity > 0 OR NOT is_placed)
            )"
        );
        sqlx::query(AssertSqlSafe(tables)).execute(&pool).await?;
        let orders = format!("\"{schema}\".orders");
        Ok(Self {
            pool,
            insert: format!(
                "INSERT INTO {orders} (item, quantity) VALUES ($1, $2) RETURNING number"
            )
            .into(),
            check: format!("UPDATE {orders} SET is_placed = true WHERE number = $1").into(),
            list: format!("SELECT number, item, quantity FROM {orders} ORDER BY number").into(),
        })
    }

    /// Stores an order and its event: both or neither.
    pub(crate) async fn place(&self, outbox: &Outbox, order: NewOrder) -> Result<Order, NotTaken> {
        let NewOrder { item, quantity } = order;
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query(AssertSqlSafe(self.insert.clone()))
            .bind(&item)
            .bind(quantity)
            .fetch_one(&mut *transaction)
            .await?;
        let order = Order {
            number: row.try_get(0)?,
            item,
            quantity,
        };
        outbox
            .emit_in(&mut transaction, "order.created", &order)
            .await?;
        // This may fail yet: then there is neither the order nor its event.
        sqlx::query(AssertSqlSafe(self.check.clone()))
            .bind(order.number)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(order)
    }

    /// All orders.
    pub(crate) async fn all(&self) -> sqlx::Result<Vec<Order>> {
        let rows = sqlx::query(AssertSqlSafe(self.list.clone()))
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Order {
                    number: row.try_get(0)?,
                    item: row.try_get(1)?,
                    quantity: row.try_get(2)?,
                })
            })
            .collect()
    }
}
