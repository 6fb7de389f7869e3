//! A bad line to a server.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, atomic::Ordering},
};

use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use url::Url;

use super::{
    faults::{Faults, Passage, Side, State},
    link::link,
};
use crate::PATIENCE;

/// What stands between a node and its server, on a loopback port of its own: all is well until a test
/// says otherwise. Ends when dropped, and all its connections with it.
///
/// What a method says is so once it returns: nothing passes that is sent later.
pub struct Proxy {
    addr: SocketAddr,
    faults: Arc<Faults>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// One in front of this server.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let faults = Arc::<Faults>::default();
        let task = tokio::spawn(accept(listener, target, Arc::clone(&faults)));
        Self { addr, faults, task }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What leads to the same database through this: the URL with another host and port.
    ///
    /// # Panics
    /// If it is no URL of a host.
    #[must_use]
    pub fn url(&self, base: &str) -> String {
        let mut url = Url::parse(base).unwrap();
        url.set_ip_host(self.addr.ip()).unwrap();
        url.set_port(Some(self.addr.port())).unwrap();
        url.into()
    }

    /// Holds back what either side sends. Connections stay open, and new ones are accepted.
    pub fn stall(&self) {
        self.change(|state| state.stalled = true);
    }

    /// Ends a [`stall`](Self::stall): what was held back passes on.
    pub fn resume(&self) {
        self.change(|state| state.stalled = false);
    }

    /// Cuts all connections, on either side with an RST.
    pub fn reset(&self) {
        self.change(|state| state.resets += 1);
    }

    /// Closes new connections at once. Those that are open stay so.
    pub fn refuse(&self) {
        self.change(|state| state.refusing = true);
    }

    /// Ends a [`refuse`](Self::refuse).
    pub fn accept(&self) {
        self.change(|state| state.refusing = false);
    }

    /// Cuts one connection, new or open: the first for which the server sends more than `bytes` from now
    /// on. So many still reach the client. Replaces a cut on this side that has not happened yet.
    pub fn cut_after(&self, bytes: usize) {
        self.faults.cut(Side::Server, bytes);
    }

    /// As [`cut_after`](Self::cut_after), for what a client sends: so many bytes still reach the server.
    pub fn cut_after_from_client(&self, bytes: usize) {
        self.faults.cut(Side::Client, bytes);
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        *self.faults.open.borrow()
    }

    /// How many connections have been let through, open or not.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.faults.accepted.load(Ordering::SeqCst)
    }

    /// Waits until exactly so many connections are open.
    ///
    /// # Panics
    /// After ten seconds.
    pub async fn wait_for_connections(&self, count: usize) {
        let what = format!("{count} connections are open");
        wait(&self.faults.open, &what, |open| *open == count).await;
    }

    /// Waits until something is held back by a [`stall`](Self::stall).
    ///
    /// # Panics
    /// After ten seconds.
    pub async fn wait_for_held(&self) {
        wait(&self.faults.held, "bytes are held back", |held| *held > 0).await;
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.faults.state.send_modify(change);
    }
}

async fn wait(
    watched: &watch::Sender<usize>,
    what: &str,
    is_so: impl FnMut(&usize) -> bool + Send,
) {
    let mut watched = watched.subscribe();
    let waited = timeout(PATIENCE, watched.wait_for(is_so)).await;
    assert!(waited.is_ok(), "not so in time: {what}");
}

async fn accept(listener: TcpListener, target: SocketAddr, faults: Arc<Faults>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        if faults.state.borrow().refusing {
            let _ = client.set_zero_linger();
            continue;
        }
        faults.open.send_modify(|open| *open += 1);
        let passage = Passage::new(&faults);
        let faults = Arc::clone(&faults);
        connections.spawn(async move {
            link(client, target, passage).await;
            faults.open.send_modify(|open| *open -= 1);
        });
    }
}
