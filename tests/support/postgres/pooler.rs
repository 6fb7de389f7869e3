//! A pooler of one's own.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Stdio},
    thread,
    time::Duration,
};

use tokio::{task::spawn_blocking, time::Instant};
use url::Url;

use super::{Schema, binaries, cluster::port, keeper::shell, lack::Lack};
use crate::PATIENCE;

/// A PgBouncer in front of a schema's server: it hands out another connection for each transaction, and
/// fewer of them than nodes have. It is gone when dropped, and when this process ends.
pub struct Pooler {
    child: Child,
    /// Its life.
    input: Option<ChildStdin>,
    url: String,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}

impl Pooler {
    /// `None`, and a line that says why, where this machine has no PgBouncer.
    ///
    /// # Panics
    /// Instead of `None`, if `WEBHOOKS_REQUIRE_ALL` is set; if there is one and it does not start.
    pub async fn start(schema: &Schema) -> Option<Self> {
        let Some(program) = binaries::find_pooler() else {
            let why = "not in /usr/sbin or on the PATH: Debian's package `pgbouncer` has it";
            Lack::Missing("PgBouncer", why.into()).skip();
            return None;
        };
        let base = schema.url().to_owned();
        let server = schema.addr().await;
        let starting = spawn_blocking(move || Self::open(&program, &base, server));
        Some(starting.await.unwrap())
    }

    /// What leads to the schema's database through this.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn open(program: &Path, base: &str, server: SocketAddr) -> Self {
        let mut url = Url::parse(base).unwrap();
        let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
        let port = std::iter::repeat_with(port).find(free).unwrap();
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut child = shell()
            .args(["-c", include_str!("pooler.sh"), "pooler"])
            .arg(program)
            .args(configuration(&url, server, port))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        url.set_ip_host(addr.ip()).unwrap();
        url.set_port(Some(port)).unwrap();
        let mut said = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        output.read_line(&mut said).unwrap();
        let pooler = Self {
            input: child.stdin.take(),
            child,
            url: url.into(),
        };
        let log = PathBuf::from(said.trim_end()).join("log");
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(addr).is_err() {
            let log = || fs::read_to_string(&log).unwrap_or_default();
            assert!(
                Instant::now() < deadline,
                "PgBouncer does not start: {}",
                log()
            );
            thread::sleep(Duration::from_millis(10));
        }
        pooler
    }
}

/// The lines of its configuration. Connections are handed out in turn: hardly two transactions of a client
/// have the same.
fn configuration(url: &Url, server: SocketAddr, port: u16) -> Vec<String> {
    let (host, server_port, user) = (server.ip(), server.port(), url.username());
    let mut database = format!("* = host={host} port={server_port} user={user}");
    if let Some(password) = url.password() {
        database.push_str(&format!(" password={password}"));
    }
    let listen = format!("listen_port = {port}");
    [
        "[databases]",
        &database,
        "[pgbouncer]",
        "listen_addr = 127.0.0.1",
        &listen,
        "unix_socket_dir =",
        "auth_type = any",
        "pool_mode = transaction",
        "default_pool_size = 5",
        "server_round_robin = 1",
        "ignore_startup_parameters = extra_float_digits",
    ]
    .map(String::from)
    .to_vec()
}
