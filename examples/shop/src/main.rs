//! A shop whose orders become webhooks, the admin API of these, and a receiver that verifies them.
//!
//! Run with `cargo run -p shop`, or `cargo run -p shop -- --demo` for the whole story in seconds.

mod app;
mod demo;
mod receiver;

use std::{error::Error, future::IntoFuture as _, process::ExitCode, time::Duration};

use clap::Parser;
use tokio::net::TcpListener;
use webhooks_axum::AdminAuth;
use webhooks_core::{EmitterConfig, RetryPolicy, Webhooks, env::Env, sign::Secret};

use crate::receiver::Receiver;

const GRACE: Duration = Duration::from_secs(10);

/// A shop whose orders become webhooks.
#[derive(Debug, Parser)]
struct Args {
    /// Tells the whole story by itself, and exits 0 only if every step was as expected.
    #[arg(long)]
    demo: bool,
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
            eprintln!("shop: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The webhooks of the shop, with one emitter: the receiver on this machine.
async fn webhooks(port: u16, secret: &Secret) -> Result<Webhooks, webhooks_core::Error> {
    // Receivers out in the world need neither of the two `allow`s.
    let webhooks = Webhooks::builder()
        .allow_http()
        .allow_network(std::net::IpAddr::from([127, 0, 0, 1]))
        .build()
        .await?;
    let config = EmitterConfig::new(format!("http://127.0.0.1:{port}/hooks"))?
        .secret(secret.clone())
        .retry(RetryPolicy::exponential(
            Duration::from_millis(200),
            Duration::from_secs(5),
        ));
    webhooks.attach("receiver", ["order.*"], config).await?;
    Ok(webhooks)
}

async fn listen(at: &str) -> Result<TcpListener, String> {
    let bound = TcpListener::bind(at).await;
    bound.map_err(|error| format!("cannot listen on {at}: {error}"))
}

#[allow(
    clippy::print_stdout,
    reason = "what to open is what this program has to say"
)]
async fn serve(args: &Args) -> Result<(), Box<dyn Error + Send + Sync>> {
    let env = Env::system();
    let (secret, token) = (Secret::generate(&env), env.uuid_v4());
    let receiver = Receiver::new(secret.clone())?;
    let inbox = listen(&args.receiver_listen).await?;
    let shop = listen(&args.listen).await?;
    let webhooks = webhooks(inbox.local_addr()?.port(), &secret).await?;
    let at = shop.local_addr()?;
    println!("the shop:      http://{at}/");
    println!("the receiver:  http://{}/", inbox.local_addr()?);
    println!("an order:      curl -d item=fish -d quantity=2 http://{at}/orders");
    println!(
        "its delivery:  curl -H 'authorization: Bearer {token}' http://{at}/webhooks/api/deliveries"
    );

    let ending = webhooks.clone();
    let stop = async move {
        let _ = tokio::signal::ctrl_c().await;
        ending.begin_shutdown();
    };
    let received = axum::serve(inbox, receiver.router()).into_future();
    let app = app::app(webhooks.clone(), AdminAuth::bearer(token.to_string()));
    let served = axum::serve(shop, app).with_graceful_shutdown(stop);
    tokio::select! {
        biased;
        ended = served.into_future() => ended?,
        ended = received => ended?,
    }
    let report = webhooks.shutdown(GRACE).await?;
    println!("{} deliveries were left", report.pending);
    Ok(())
}
