//! A receiver in the same process, that counts.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use tokio::{net::TcpListener, sync::oneshot, time::sleep};

use crate::Failed;

/// A receiver in the same process, that counts.
pub(crate) struct Sink {
    pub(crate) addr: SocketAddr,
    arrived: Arc<Arrived>,
}

/// It wakes nobody before the last: waking would cost what is measured.
#[derive(Default)]
struct Arrived {
    count: AtomicUsize,
    last: AtomicUsize,
    waiting: Mutex<Option<oneshot::Sender<Instant>>>,
}

/// Resolves when the last of the expected requests has arrived.
pub(crate) struct Last(oneshot::Receiver<Instant>);

impl Sink {
    pub(crate) async fn start() -> Result<Self, Failed> {
        Self::that_takes(Duration::ZERO).await
    }

    /// One that works for so long on each request.
    pub(crate) async fn that_takes(time: Duration) -> Result<Self, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let arrived = Arc::new(Arrived::default());
        let counted = arrived.clone();
        let count = async move |_: Bytes| {
            counted.one_more();
            if !time.is_zero() {
                sleep(time).await;
            }
            StatusCode::OK
        };
        let app = Router::new().route("/", post(count));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { addr, arrived })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// Expects so many requests from now on, of which none is under way yet.
    pub(crate) fn expect(&self, requests: usize) -> Last {
        let (sender, receiver) = oneshot::channel();
        *self.arrived.waiting() = Some(sender);
        let now = self.arrived.count.load(SeqCst);
        self.arrived.last.store(now + requests, SeqCst);
        Last(receiver)
    }
}

impl Last {
    /// When the last of them arrived.
    pub(crate) async fn arrival(self) -> Result<Instant, Failed> {
        Ok(self.0.await?)
    }
}

impl Arrived {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Option<oneshot::Sender<Instant>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn one_more(&self) {
        if self.count.fetch_add(1, SeqCst) + 1 == self.last.load(SeqCst)
            && let Some(waiting) = self.waiting().take()
        {
            // Nobody waits any more if the run was given up.
            let _ = waiting.send(Instant::now());
        }
    }
}
