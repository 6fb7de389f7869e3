//! A shop whose orders become webhooks, the admin API of these, and a receiver that verifies them.
//!
//! Run with `cargo run -p shop`, or `cargo run -p shop -- --demo` for the whole story in seconds.
//!
//! Read `shop.rs` first, then `orders.rs` and `app.rs`.

mod app;
mod demo;
mod failure;
mod orders;
mod receiver;
mod shop;

use std::{
    error::Error, future::IntoFuture as _, iter::successors, path::PathBuf, process::ExitCode,
    time::Duration,
};

use clap::Parser;
use tokio::net::TcpListener;
use webhooks_axum::AdminAuth;
use webhooks_core::env::Env;

use crate::{receiver::Receiver, shop::Shop};

type Failed = Box<dyn Error + Send + Sync>;

const GRACE: Duration = Duration::from_secs(10);

/// A shop whose orders become webhooks.
#[derive(Debug, Parser)]
struct Args {
    /// Tells the whole story by itself, and exits 0 only if every step was as expected.
    #[arg(long)]
    demo: bool,
    /// Where orders and webhooks are kept; it is made if it is not there.
    #[arg(long, default_value = "shop.db", value_name = "PATH")]
    database: PathBuf,
    /// Where the shop listens.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: String,
    /// Where the receiver listens.
    #[arg(long, default_value = "127.0.0.1:3001")]
    receiver_listen: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let done = if args.demo {
        demo::run().await
    } else {
        serve(&args).await
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error: &dyn Error = &*error;
            let causes = successors(Some(error), |&cause| cause.source());
            let texts: Vec<String> = causes.map(ToString::to_string).collect();
            eprintln!("shop: {}", texts.join(": "));
            ExitCode::FAILURE
        }
    }
}

async fn listen(at: &str) -> Result<TcpListener, String> {
    let bound = TcpListener::bind(at).await;
    bound.map_err(|error| format!("cannot listen on {at}: {error}"))
}

#[allow(
    clippy::print_stdout,
    reason = "what to open is what this program has to say"
)]
async fn serve(args: &Args) -> Result<(), Failed> {
    let inbox = listen(&args.receiver_listen).await?;
    let listener = listen(&args.listen).await?;
    let Shop {
        webhooks,
        orders,
        secret,
    } = Shop::open(&args.database, inbox.local_addr()?.port()).await?;
    let receiver = Receiver::new(secret)?;
    let token = Env::system().uuid_v4();
    let at = listener.local_addr()?;
    println!("the shop:      http://{at}/");
    println!("the receiver:  http://{}/", inbox.local_addr()?);
    println!("an order:      curl -d item=fish -d quantity=2 http://{at}/orders");
    println!(
        "its delivery:  curl -H 'authorization: Bearer {token}' http://{at}/webhooks/api/deliveries"
    );
    println!("all of it is in {}", args.database.display());

    let ending = webhooks.clone();
    let stop = async move {
        let _ = tokio::signal::ctrl_c().await;
        ending.begin_shutdown();
    };
    let received = axum::serve(inbox, receiver.router()).into_future();
    let auth = AdminAuth::bearer(token.to_string());
    let app = app::app(webhooks.clone(), orders, auth);
    let served = axum::serve(listener, app).with_graceful_shutdown(stop);
    tokio::select! {
        biased;
        ended = served.into_future() => ended?,
        ended = received => ended?,
    }
    let report = webhooks.shutdown(GRACE).await?;
    println!("{} deliveries go out after the next start", report.pending);
    Ok(())
}
