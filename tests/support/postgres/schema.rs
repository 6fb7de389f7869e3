//! A schema of one's own.

use std::{net::SocketAddr, time::Duration};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use uuid::Uuid;

use super::{apart::apart, server::server};

/// How long it may take to drop one.
const DROP: Duration = Duration::from_secs(10);

/// The name of a schema that only this test has: whoever opens it creates it. What it holds is gone once
/// this is dropped, which waits for that; who has a transaction open in it is disconnected.
pub struct Schema {
    name: String,
    url: &'static str,
}

/// A new schema. `None`, and a line that says why, where there is no PostgreSQL.
///
/// # Panics
/// Instead of `None`, if `WEBHOOKS_REQUIRE_ALL` is set; if `WEBHOOKS_TEST_POSTGRES` names what cannot be
/// used.
pub async fn schema() -> Option<Schema> {
    match server().await {
        Ok(server) => Some(Schema {
            name: format!("webhooks_test_{}", Uuid::new_v4().simple()),
            url: &server.url,
        }),
        Err(lack) => {
            lack.skip();
            None
        }
    }
}

impl Schema {
    /// Its name, which needs no quotes.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL of the database that it is in. It says nothing of the schema.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url
    }

    /// Where the server listens: what a proxy is put in front of.
    ///
    /// # Panics
    /// If it does not listen on TCP.
    pub async fn addr(&self) -> SocketAddr {
        let options: PgConnectOptions = self.url.parse().unwrap();
        let host = options.get_host();
        let by_path = options.get_socket().is_some() || host.starts_with('/');
        assert!(!by_path, "the server is to be reached by TCP");
        // A name may have addresses at which it does not listen.
        for addr in lookup_host((host, options.get_port())).await.unwrap() {
            if TcpStream::connect(addr).await.is_ok() {
                return addr;
            }
        }
        panic!("the server listens at no address of {host}");
    }

    /// A connection on which names without a schema are of this one.
    ///
    /// # Panics
    /// If the server is gone.
    pub async fn connect(&self) -> PgConnection {
        let mut connection = PgConnection::connect(self.url).await.unwrap();
        sqlx::query("SELECT set_config('search_path', $1, false)")
            .bind(&self.name)
            .execute(&mut connection)
            .await
            .unwrap();
        connection
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (url, name) = (self.url, self.name.clone());
        let dropped = apart(move || timeout(DROP, drop_schema(url, name)));
        if !matches!(dropped, Some(Ok(Ok(())))) {
            eprintln!("{} is left behind: {dropped:?}", self.name);
        }
    }
}

/// A transaction that the test has left open would be in the way, and so might be one whose client is on
/// the thread that waits for this: they end.
async fn drop_schema(url: &str, name: String) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query("SET lock_timeout = '5s'")
        .execute(&mut connection)
        .await?;
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE usename = current_user AND backend_type = 'client backend' AND pid IN (
             SELECT locks.pid FROM pg_locks locks
             JOIN pg_class tables ON tables.oid = locks.relation
             JOIN pg_namespace schemas ON schemas.oid = tables.relnamespace
             WHERE schemas.nspname = $1
                 AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         )",
    )
    .bind(&name)
    .execute(&mut connection)
    .await?;
    let drop = AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {name} CASCADE"));
    sqlx::query(drop).execute(&mut connection).await?;
    connection.close().await
}
