//! A receiver in the same process, that counts.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use tokio::{net::TcpListener, sync::watch};

use crate::Failed;

/// How many have arrived, and when the last did.
type Arrived = Arc<watch::Sender<(usize, Option<Instant>)>>;

/// A receiver in the same process, that counts.
pub(crate) struct Sink {
    pub(crate) addr: SocketAddr,
    arrived: Arrived,
}

impl Sink {
    pub(crate) async fn start() -> Result<Self, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let arrived = Arc::new(watch::Sender::new((0, None)));
        let app = Router::new()
            .route("/", post(count))
            .with_state(arrived.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { addr, arrived })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// How many have arrived.
    pub(crate) fn count(&self) -> usize {
        self.arrived.borrow().0
    }

    /// Waits until so many have arrived in all; when the last of them did.
    pub(crate) async fn wait_for(&self, count: usize) -> Result<Instant, Failed> {
        let mut arrived = self.arrived.subscribe();
        let last = arrived.wait_for(|(seen, _)| *seen >= count).await?.1;
        last.ok_or_else(|| "nothing has arrived".into())
    }
}

async fn count(State(arrived): State<Arrived>, _: Bytes) -> StatusCode {
    arrived.send_modify(|(count, last)| {
        *count += 1;
        *last = Some(Instant::now());
    });
    StatusCode::OK
}
