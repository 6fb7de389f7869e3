//! The receiver.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{PATIENCE, Reply, reply::Then};

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its path and query.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
    /// How many requests were being answered when it arrived, itself included.
    pub in_flight: usize,
}

impl Received {
    /// The value of a header.
    ///
    /// # Panics
    /// Without one of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.find(name)
            .unwrap_or_else(|| panic!("no header {name}"))
    }

    /// The value of a header, if there is one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

type Script = Arc<dyn Fn(&Received, usize) -> Reply + Send + Sync>;

#[derive(Clone)]
struct Shared {
    script: Script,
    received: Arc<Mutex<Vec<Received>>>,
    count: watch::Sender<usize>,
    in_flight: Arc<AtomicUsize>,
    /// How many connections are open.
    open: watch::Sender<usize>,
}

/// A receiver on a loopback port of its own; ends when dropped.
pub struct Receiver {
    addr: SocketAddr,
    shared: Shared,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// One that answers 200 to everything.
    pub async fn start() -> Self {
        Self::scripted(|_, _| Reply::status(200)).await
    }

    /// One that answers as `script` says, by the request and how many came before it.
    pub async fn scripted(
        script: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Shared {
            script: Arc::new(script),
            received: Arc::default(),
            count: watch::Sender::new(0),
            in_flight: Arc::default(),
            open: watch::Sender::new(0),
        };
        let task = tokio::spawn(accept(listener, shared.clone()));
        Self { addr, shared, task }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A URL of this receiver.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// What has arrived so far.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The bodies of what has arrived so far.
    #[must_use]
    pub fn bodies(&self) -> Vec<String> {
        self.received()
            .into_iter()
            .map(|received| received.body)
            .collect()
    }

    /// How many requests have arrived, as it changes.
    #[must_use]
    pub fn arrivals(&self) -> watch::Receiver<usize> {
        self.shared.count.subscribe()
    }

    /// Waits until `count` requests have arrived; returns all.
    ///
    /// # Panics
    /// After ten seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut counted = self.arrivals();
        let waited = timeout(PATIENCE, counted.wait_for(|seen| *seen >= count)).await;
        let received = self.received();
        assert!(
            waited.is_ok(),
            "{} of {count} requests have arrived",
            received.len()
        );
        received
    }

    /// Waits until all that was sent by senders that are gone by now has been read.
    ///
    /// # Panics
    /// After ten seconds: a sender lives, or a reply waits for a gate.
    pub async fn quiet(&self) {
        // They are accepted in their order: once this one has ended, all that were there before have
        // begun.
        let mut last = TcpStream::connect(self.addr).await.unwrap();
        last.shutdown().await.unwrap();
        last.read_to_end(&mut Vec::new()).await.unwrap();
        let mut open = self.shared.open.subscribe();
        let waited = timeout(PATIENCE, open.wait_for(|open| *open == 0)).await;
        assert!(waited.is_ok(), "some connections are still open");
    }
}

async fn accept(listener: TcpListener, shared: Shared) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.open.send_modify(|open| *open += 1);
        let shared = shared.clone();
        connections.spawn(async move {
            serve(stream, shared.clone()).await;
            shared.open.send_modify(|open| *open -= 1);
        });
    }
}

async fn serve(mut stream: TcpStream, shared: Shared) {
    let mut buffer = Vec::new();
    while let Some(mut received) = read(&mut stream, &mut buffer).await {
        received.in_flight = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        let before = {
            let mut all = shared.received.lock().unwrap();
            all.push(received.clone());
            all.len() - 1
        };
        let reply = (shared.script)(&received, before);
        shared.count.send_modify(|count| *count += 1);
        if let Some(gate) = &reply.gate {
            gate.pass().await;
        }
        if !reply.delay.is_zero() {
            sleep(reply.delay).await;
        }
        if reply.then == Then::Hang {
            let _ = stream.write_all(&reply.bytes).await;
            std::future::pending::<()>().await;
        }
        // Before the answer leaves: the sender may be faster than this task.
        shared.in_flight.fetch_sub(1, Ordering::SeqCst);
        let written = stream.write_all(&reply.bytes).await;
        match reply.then {
            Then::Next if written.is_ok() => {}
            Then::Reset => {
                let _ = stream.set_zero_linger();
                return;
            }
            _ => return,
        }
    }
}

/// Reads one request with a content length; what is behind it stays in `buffer`.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    let head = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(buffer[..head].to_vec()).ok()?;
    let mut lines = text.split("\r\n");
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let end = head + 4 + length.map_or(Some(0), |(_, value)| value.parse::<usize>().ok())?;
    while buffer.len() < end {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(buffer[head + 4..end].to_vec()).ok()?;
    buffer.drain(..end);
    Some(Received {
        path,
        headers,
        body,
        in_flight: 0,
    })
}
