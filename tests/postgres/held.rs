//! What the server is held up at.

use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::place::{Place, wait_until};

/// Holds up, inside the server, whoever writes such a row, until it is released or dropped.
pub(crate) struct Held {
    connection: PgConnection,
    watching: tokio::sync::Mutex<PgConnection>,
    key: String,
}

impl Held {
    /// `occasion` is `INSERT ON table` or the like. Nobody may write to the table just now.
    pub(crate) async fn at(place: &Place, name: &str, occasion: &str, when: &str) -> Self {
        let mut connection = place.connection().await;
        let key = format!("hashtextextended('{}.{name}', 0)", place.schema.name());
        let create = format!(
            "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_advisory_xact_lock({key}); RETURN NEW; END $$;
             CREATE TRIGGER {name} BEFORE {occasion} FOR EACH ROW WHEN ({when})
             EXECUTE FUNCTION {name}();
             SELECT pg_advisory_lock({key})"
        );
        let create = sqlx::raw_sql(AssertSqlSafe(create));
        create.execute(&mut connection).await.unwrap();
        Self {
            connection,
            watching: place.connection().await.into(),
            key,
        }
    }

    /// Waits until somebody is held up.
    pub(crate) async fn wait(&self) {
        let waiters = format!(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
             AND (classid::bigint << 32 | objid::bigint) = {}",
            self.key
        );
        wait_until("somebody is held up", async || {
            let mut watching = self.watching.lock().await;
            let waiters = sqlx::query(AssertSqlSafe(waiters.clone()));
            let found = waiters.fetch_one(&mut *watching).await.unwrap();
            found.get::<i64, _>(0) > 0
        })
        .await;
    }

    /// Lets everybody pass from now on.
    pub(crate) async fn release(mut self) {
        let release = format!("SELECT pg_advisory_unlock({})", self.key);
        let release = sqlx::raw_sql(AssertSqlSafe(release));
        release.execute(&mut self.connection).await.unwrap();
    }
}
