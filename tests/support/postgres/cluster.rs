//! A cluster of one's own.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use sqlx::{Connection as _, PgConnection};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{
    binaries::{self, DEBIAN},
    keeper::Keeper,
    lack::Lack,
};

/// What is so in every cluster: it is reached by TCP only, since the path of a socket in a temporary
/// directory may be too long.
const SETTINGS: [&str; 3] = [
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    "max_connections = 200",
];

/// How many ports are tried: another process may take one before the server does.
const PORTS: usize = 5;

/// A PostgreSQL cluster that only this test has. It is gone when dropped, which waits for its
/// end, and when this process ends, even if it is killed.
#[derive(Debug)]
pub struct Cluster {
    keeper: Arc<Mutex<Keeper>>,
    addr: SocketAddr,
    url: String,
    directory: PathBuf,
}

impl Cluster {
    /// One as it comes: it flushes what it commits. `None`, and a line that says why, where this machine
    /// can have none.
    ///
    /// # Panics
    /// Instead of `None`, if `WEBHOOKS_REQUIRE_ALL` is set.
    pub async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// One with these lines in its `postgresql.conf`, such as `fsync = off`.
    ///
    /// # Panics
    /// As [`start`](Self::start) does.
    pub async fn start_with(settings: &[&str]) -> Option<Self> {
        let settings: Vec<String> = settings.iter().copied().map(String::from).collect();
        let opening = spawn_blocking(move || Self::open(&settings));
        match opening.await.unwrap() {
            Ok(cluster) => Some(cluster),
            Err(what) => {
                Lack::postgres(what).skip();
                None
            }
        }
    }

    /// As [`start_with`](Self::start_with), where one may block.
    pub(super) fn open<S: AsRef<str>>(settings: &[S]) -> Result<Self, String> {
        let programs = binaries::find().ok_or_else(|| {
            format!(
                "no server's programs in {DEBIAN}, at `pg_config --bindir` or on the PATH: \
                 Debian's package `postgresql` has them"
            )
        })?;
        let own = settings.iter().map(AsRef::as_ref);
        let settings: Vec<String> = SETTINGS.into_iter().chain(own).map(String::from).collect();
        let mut keeper = Keeper::start(&programs, &settings)?;
        keeper.ask("initialise")?;
        let port = listen(&mut keeper)?;
        Ok(Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable"),
            directory: keeper.directory().to_owned(),
            keeper: Arc::new(Mutex::new(keeper)),
        })
    }

    /// The URL of its database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The directory that holds it, and its log.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A connection to its database.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    /// Stops it as a crash would: nobody is told, nothing is written that was not.
    ///
    /// # Panics
    /// If it does not stop.
    pub async fn stop_immediate(&self) {
        self.ask(vec!["stop".into()]).await;
    }

    /// Starts it again, where it was; returns when it accepts connections.
    ///
    /// # Panics
    /// If it runs, or does not start.
    pub async fn start_again(&self) {
        self.ask(vec![format!("start {}", self.addr.port())]).await;
    }

    /// Both at once; returns when it accepts connections.
    ///
    /// # Panics
    /// If it does not stop or start.
    pub async fn restart_immediate(&self) {
        let start = format!("start {}", self.addr.port());
        self.ask(vec!["stop".into(), start]).await;
    }

    /// Not to be cancelled half-way: who does not await it any more still has it done.
    async fn ask(&self, commands: Vec<String>) {
        let keeper = Arc::clone(&self.keeper);
        let asking = spawn_blocking(move || {
            let mut keeper = keeper.lock().unwrap();
            commands.iter().try_for_each(|command| keeper.ask(command))
        });
        if let Err(failure) = asking.await.unwrap() {
            panic!("{failure}");
        }
    }
}

/// Starts the server at a port that is free.
fn listen(keeper: &mut Keeper) -> Result<u16, String> {
    let mut failure = String::from("no port is free");
    for port in std::iter::repeat_with(port).take(PORTS) {
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
            continue;
        }
        match keeper.ask(&format!("start {port}")) {
            Ok(()) => return Ok(port),
            Err(log) => failure = log,
        }
    }
    Err(failure)
}

/// A port below those that the system hands out by itself: while the server is down, no other process
/// gets its port, and no client that tries it again and again meets itself there.
pub(super) fn port() -> u16 {
    let [high, low, ..] = Uuid::new_v4().into_bytes();
    10_000 + u16::from_be_bytes([high, low]) % 20_000
}
