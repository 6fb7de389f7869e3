//! Orders and their events in one transaction of PostgreSQL.
//!
//! Run with `DATABASE_URL=postgres://localhost/postgres cargo run -p outbox-postgres`.
//!
//! Read `orders.rs` first, then `app.rs`.

mod app;
mod orders;
mod warehouse;

use std::{error::Error, iter::successors, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use sqlx::PgPool;
use tokio::net::TcpListener;
use webhooks_core::{
    EmitterConfig, Webhooks,
    env::Env,
    store::{SecretsKey, postgres::PostgresOptions},
};

use crate::{orders::Orders, warehouse::Warehouse};

type Failed = Box<dyn Error + Send + Sync>;

const GRACE: Duration = Duration::from_secs(10);

/// Orders and their events in one transaction of PostgreSQL.
#[derive(Parser)]
struct Args {
    /// The database of the orders, and of the webhooks.
    #[arg(long, env, hide_env_values = true, value_name = "URL")]
    database_url: String,
    /// The schema of both; it is made if it is not there.
    #[arg(long, default_value = "webhooks", value_name = "NAME")]
    schema: String,
    /// The key that secrets are sealed with; it is made if it is not there.
    #[arg(long, default_value = "outbox.key", value_name = "PATH")]
    secrets_key_file: PathBuf,
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:3002")]
    listen: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error: &dyn Error = &*error;
            let causes = successors(Some(error), |&cause| cause.source());
            let texts: Vec<String> = causes.map(ToString::to_string).collect();
            eprintln!("outbox-postgres: {}", texts.join(": "));
            ExitCode::FAILURE
        }
    }
}

#[allow(
    clippy::print_stdout,
    reason = "what to do next is what this program has to say"
)]
async fn run(args: Args) -> Result<(), Failed> {
    let listener = TcpListener::bind(&args.listen).await?;
    let at = listener.local_addr()?;
    let options = PostgresOptions::new(&args.database_url, key(&args.secrets_key_file)?)?;
    let store = options.schema(&args.schema)?.connect().await?;
    // Receivers out in the world need neither of the two `allow`s.
    let webhooks = Webhooks::builder()
        .store(store)
        .allow_http()
        .allow_network(std::net::IpAddr::from([127, 0, 0, 1]))
        .build()
        .await?;
    let config = EmitterConfig::new(format!("http://{at}/warehouse"))?;
    let upserted = webhooks.upsert("warehouse", ["order.*"], config).await?;
    let key = upserted.emitter().keys().first();
    let secret = key.ok_or("the warehouse has no key")?.secret().clone();
    let pool = PgPool::connect(&args.database_url).await?;
    let orders = Orders::open(pool, &args.schema).await?;
    println!("listening on http://{at}");
    println!(
        "an order: curl -d '{{\"item\": \"fish\", \"quantity\": 2}}' -H 'content-type: application/json' http://{at}/orders"
    );

    let ending = webhooks.clone();
    let stop = async move {
        let _ = tokio::signal::ctrl_c().await;
        ending.begin_shutdown();
    };
    let app = app::app(webhooks.clone(), orders, Warehouse::new(secret)?);
    axum::serve(listener, app)
        .with_graceful_shutdown(stop)
        .await?;
    webhooks.shutdown(GRACE).await?;
    Ok(())
}

/// The key in this file, which is made if it is not there. On several machines it must be the same.
fn key(path: &PathBuf) -> Result<SecretsKey, webhooks_core::Error> {
    if path.exists() {
        SecretsKey::from_file(path)
    } else {
        SecretsKey::create_file(path, &Env::system())
    }
}
