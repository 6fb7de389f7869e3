//! The engine as a small server, for services in any language.
//!
//! Run with `cargo run -p standalone -- --help`.

mod app;
mod args;
mod events;
mod keygen;
mod store;

use std::{
    error::Error, future::IntoFuture as _, io::Write as _, iter::successors, process::ExitCode,
    time::Duration,
};

use clap::Parser as _;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::{Instant, sleep_until},
};
use tracing_subscriber::EnvFilter;
use webhooks_axum::AdminAuth;
use webhooks_core::{Webhooks, env::Env, sign::Secret};

use crate::args::{Args, Command};

type Failed = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&args.log))
        .with_writer(std::io::stderr)
        // With stderr on a full disk, saying that would panic.
        .log_internal_errors(false)
        .init();
    let done = match &args.command {
        Some(Command::Keygen(keygen)) => say(keygen.run()),
        Some(Command::Migrate { dry_run }) => say(args.store.migrate(*dry_run).await),
        Some(Command::Validate) => say(args.store.validate().await),
        None => run(args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("standalone: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Prints what was done.
fn say(done: Result<String, Failed>) -> Result<(), Failed> {
    writeln!(std::io::stdout(), "{}", done?)?;
    Ok(())
}

/// One line: what went wrong, and why.
fn with_causes(error: &dyn Error) -> String {
    let causes = successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

#[allow(
    clippy::print_stdout,
    reason = "the first line says where it listens: it is the contract"
)]
async fn run(args: Args) -> Result<(), Failed> {
    let webhooks = webhooks(&args).await?;
    let (token, generated) = match args.admin_token {
        Some(token) => (token, false),
        None => (
            Secret::generate(&Env::system())
                .expose()
                .replace("whsec_", "admin_"),
            true,
        ),
    };
    let app = app::app(webhooks.clone(), AdminAuth::bearer(token.clone()));
    let listener = TcpListener::bind(&args.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
    println!("listening on http://{}", listener.local_addr()?);
    if generated {
        println!("admin token: {token}");
    }
    std::io::stdout().flush()?;

    // The grace covers open requests and attempts together.
    let (ending, mut ended) = watch::channel(None);
    let grace = Duration::from_millis(args.grace_ms);
    let signalled = stop_signal(webhooks.clone(), ending, grace)?;
    let served = axum::serve(listener, app).with_graceful_shutdown(signalled);
    let over = async {
        let deadline = match ended.wait_for(Option::is_some).await {
            Ok(deadline) => *deadline,
            Err(_) => None,
        };
        sleep_until(deadline.unwrap_or_else(Instant::now)).await;
    };
    tokio::select! {
        biased;
        served = served.into_future() => served?,
        () = over => {}
    }
    let deadline = ended.borrow().unwrap_or_else(Instant::now);
    webhooks
        .shutdown(deadline.saturating_duration_since(Instant::now()))
        .await?;
    Ok(())
}

async fn webhooks(args: &Args) -> Result<Webhooks, Failed> {
    let mut builder = args.store.open(Webhooks::builder()).await?;
    if args.allow_http {
        builder = builder.allow_http();
    }
    for network in &args.allow_network {
        builder = builder.allow_network(*network);
    }
    Ok(builder.build().await?)
}

/// Waits for SIGTERM or SIGINT, and sets the end of the grace.
fn stop_signal(
    webhooks: Webhooks,
    ending: watch::Sender<Option<Instant>>,
    grace: Duration,
) -> Result<impl Future<Output = ()> + Send + 'static, Failed> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    Ok(async move {
        tokio::select! {
            biased;
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        ending.send_replace(Some(Instant::now() + grace));
        webhooks.begin_shutdown();
    })
}
