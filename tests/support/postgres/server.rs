//! The server that the tests of this process share.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use sqlx::{Connection as _, PgConnection, query_scalar};
use tokio::{task::spawn_blocking, time::timeout};
use url::Url;

use super::{apart::apart, cluster::Cluster, lack::Lack};

/// What names the server to use.
const VARIABLE: &str = "WEBHOOKS_TEST_POSTGRES";

/// How long a server may take to let one in.
const ANSWER: Duration = Duration::from_secs(5);

/// A server on which schemas can be made.
pub(super) struct Server {
    pub(super) url: String,
    /// Never dropped: its keeper sees the end of the process.
    _cluster: Option<Cluster>,
}

/// The server, looked for once in a process.
pub(super) async fn server() -> Result<&'static Server, &'static Lack> {
    static SERVER: OnceLock<Result<Server, Lack>> = OnceLock::new();
    let find = || {
        let found = apart(|| Search::of_this_machine().run());
        found.unwrap_or_else(|| Err(Lack::Unusable("the search for PostgreSQL panicked".into())))
    };
    let searching = spawn_blocking(move || SERVER.get_or_init(find).as_ref());
    searching.await.unwrap()
}

/// Where a server may be.
struct Search {
    named: Option<String>,
    local: SocketAddr,
    private: fn() -> Result<Cluster, String>,
}

impl Search {
    fn of_this_machine() -> Self {
        Self {
            named: std::env::var(VARIABLE).ok(),
            local: SocketAddr::from((Ipv4Addr::LOCALHOST, 5432)),
            // What is on its disk need not survive this machine.
            private: || Cluster::open(&["fsync = off"]),
        }
    }

    async fn run(self) -> Result<Server, Lack> {
        if let Some(url) = self.named {
            return match usable(&url, ANSWER).await {
                Ok(()) => Ok(Server::at(url)),
                Err(why) => Err(Lack::Unusable(format!("{VARIABLE} is of no use: {why}"))),
            };
        }
        let mut refusal = String::new();
        for user in users() {
            let url = url(self.local, &user);
            match usable(&url, ANSWER).await {
                Ok(()) => return Ok(Server::at(url)),
                Err(why) => refusal = why,
            }
        }
        match (self.private)() {
            Ok(cluster) => Ok(Server {
                url: cluster.url().to_owned(),
                _cluster: Some(cluster),
            }),
            Err(why) => Err(Lack::postgres(format!(
                "{VARIABLE} names none; {}: {refusal}; {why}",
                self.local
            ))),
        }
    }
}

impl Server {
    fn at(url: String) -> Self {
        Self {
            url,
            _cluster: None,
        }
    }
}

/// Who may be let in without a password.
fn users() -> Vec<String> {
    let of_the_system = || {
        let output = Command::new("id").arg("-un").output().ok()?.stdout;
        Some(String::from_utf8(output).ok()?.trim_end().to_owned())
    };
    let named = std::env::var("PGUSER").ok();
    let mut users: Vec<String> = [named, of_the_system(), Some("postgres".into())]
        .into_iter()
        .flatten()
        .filter(|user| !user.is_empty())
        .collect();
    users.dedup();
    users
}

fn url(addr: SocketAddr, user: &str) -> String {
    let mut url = Url::parse("postgres://127.0.0.1/postgres?sslmode=disable").unwrap();
    url.set_username(user).unwrap();
    url.set_ip_host(addr.ip()).unwrap();
    url.set_port(Some(addr.port())).unwrap();
    url.into()
}

/// Whether this lets one in, in time, and allows schemas.
async fn usable(url: &str, patience: Duration) -> Result<(), String> {
    match timeout(patience, allows_schemas(url)).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err("it allows no schemas".into()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer in {patience:?}")),
    }
}

async fn allows_schemas(url: &str) -> sqlx::Result<bool> {
    let mut connection = PgConnection::connect(url).await?;
    let allowed = query_scalar("SELECT has_database_privilege(current_database(), 'CREATE')")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(allowed)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Nothing answers at port 1, and there are no programs.
    fn nowhere() -> Search {
        Search {
            named: None,
            local: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
            private: || Err("no programs".into()),
        }
    }

    #[tokio::test]
    async fn where_there_is_none_everything_that_was_tried_is_told() {
        let Lack::Missing(_, what) = nowhere().run().await.err().unwrap() else {
            panic!("it is missing");
        };
        for part in [VARIABLE, "127.0.0.1:1: ", "no programs"] {
            assert!(what.contains(part), "{what}");
        }
    }

    #[tokio::test]
    async fn where_none_answers_a_private_one_is_made() {
        let search = Search {
            private: || Cluster::open(&["fsync = off"]),
            ..nowhere()
        };
        match search.run().await {
            Ok(server) => usable(&server.url, ANSWER).await.unwrap(),
            Err(lack) => lack.skip(),
        }
    }

    #[tokio::test]
    async fn one_that_is_named_and_unusable_is_no_reason_to_look_further() {
        let named = Some("postgres://user:secret@127.0.0.1:1/postgres".into());
        let search = Search {
            named,
            private: || unreachable!(),
            ..nowhere()
        };
        let Lack::Unusable(what) = search.run().await.err().unwrap() else {
            panic!("it is unusable");
        };
        assert!(
            what.contains(VARIABLE) && !what.contains("secret"),
            "{what}"
        );
    }

    #[tokio::test]
    async fn what_never_answers_is_not_waited_for_forever() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = url(listener.local_addr().unwrap(), "user");
        let patience = Duration::from_millis(50);
        let why = usable(&url, patience).await.unwrap_err();
        assert_eq!(why, "no answer in 50ms");
    }

    #[test]
    fn a_user_may_have_any_name() {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 5432));
        let url = url(addr, "a@b");
        assert_eq!(
            url,
            "postgres://a%40b@127.0.0.1:5432/postgres?sslmode=disable"
        );
    }
}
