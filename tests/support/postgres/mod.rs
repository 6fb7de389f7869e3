//! PostgreSQL for tests: a schema of one's own, a cluster of one's own, and a bad line to either.
//!
//! - A [`Schema`] is on the server that `WEBHOOKS_TEST_POSTGRES` names, else on one that answers at
//!   127.0.0.1:5432, else in a private cluster that the tests of a process share.
//! - A [`Cluster`] is always private: it may be stopped as a crash would stop it.
//! - A [`Proxy`] stalls, cuts and refuses what goes between a node and its server.
//! - A [`Pooler`] is a PgBouncer of one's own, with transactions pooled.
//! - Where there is no PostgreSQL, one line says so and the test is skipped;
//!   with `WEBHOOKS_REQUIRE_ALL` it fails.

mod apart;
mod binaries;
mod cluster;
mod faults;
mod keeper;
mod lack;
mod link;
mod pooler;
mod proxy;
mod schema;
mod server;

pub use self::{
    cluster::Cluster,
    pooler::Pooler,
    proxy::Proxy,
    schema::{Schema, schema},
};
