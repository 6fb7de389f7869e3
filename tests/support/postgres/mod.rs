//! PostgreSQL for tests: a schema and a cluster of one's own.
//!
//! - A [`Schema`] is on the server that `WEBHOOKS_TEST_POSTGRES` names, else on one that answers at
//!   127.0.0.1:5432, else in a private cluster that the tests of a process share.
//! - A [`Cluster`] is always private: it may be stopped as a crash would stop it.
//! - Where there is no PostgreSQL, one line says so and the test is skipped;
//!   with `WEBHOOKS_REQUIRE_ALL` it fails.

mod apart;
mod binaries;
mod cluster;
mod keeper;
mod lack;
mod schema;
mod server;

pub use self::{
    cluster::Cluster,
    schema::{Schema, schema},
};
