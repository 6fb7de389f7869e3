//! The default transport, over sockets.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt as _;

use super::{
    AttemptError, AttemptErrorKind as Kind, AttemptRequest, AttemptResponse, HttpTransport,
    NetworkPolicy, Resolve, ResolveFuture, Standing, SystemResolver, TlsOptions, parse_url,
};

mod proxies;

const TIMEOUT: Duration = Duration::from_millis(500);

fn policy() -> NetworkPolicy {
    NetworkPolicy::default()
        .allow_http()
        .allow_network(IpAddr::from([127, 0, 0, 1]))
}

fn transport() -> HttpTransport {
    transport_with(SystemResolver)
}

fn transport_with(resolver: impl Resolve) -> HttpTransport {
    HttpTransport::new(policy(), Arc::new(resolver), &TlsOptions::new()).unwrap()
}

async fn post(transport: &HttpTransport, url: &str) -> Result<AttemptResponse, AttemptError> {
    let body = Bytes::from_static(b"{}");
    let request = AttemptRequest::new(parse_url(url).unwrap(), HeaderMap::new(), body, TIMEOUT);
    transport.clone().oneshot(request).await
}

/// Reads one request; `false` at the end of the connection.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut seen = Vec::new();
    loop {
        let mut byte = [0];
        match stream.read(&mut byte).await {
            Ok(1) => seen.push(byte[0]),
            _ => return false,
        }
        if seen.ends_with(b"\r\n\r\n{}") {
            return true;
        }
    }
}

/// A receiver that answers each request with these bytes, keeps the connection open or not, and
/// counts connections.
#[allow(clippy::disallowed_methods, reason = "a test's own server")]
async fn receiver(answer: &'static [u8], close: bool) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                while read_request(&mut stream).await {
                    if stream.write_all(answer).await.is_err() || close {
                        return;
                    }
                }
            });
        }
    });
    (addr, connections)
}

async fn answered(answer: &'static [u8], close: bool) -> Result<AttemptResponse, AttemptError> {
    let (addr, _) = receiver(answer, close).await;
    post(&transport(), &format!("http://{addr}/hooks?secret=1")).await
}

async fn failed(answer: &'static [u8]) -> Kind {
    answered(answer, true).await.unwrap_err().kind()
}

#[tokio::test]
async fn one_connection_serves_attempts_one_after_another() {
    let (addr, connections) =
        receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", false).await;
    let transport = transport();
    for _ in 0..3 {
        let response = post(&transport, &format!("http://{addr}/")).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.body().as_ref()),
            (200, &b"ok"[..])
        );
        assert_eq!(response.remote_addr(), Some(addr));
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn success_is_decided_on_the_status_line() {
    for (answer, close) in [
        (
            &b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart"[..],
            true,
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", false),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart", false),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            false,
        ),
    ] {
        let response = answered(answer, close).await.unwrap();
        assert!(response.status().is_success());
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (target, connections) =
        receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false).await;
    let answer =
        format!("HTTP/1.1 307 Go\r\nlocation: http://{target}/\r\ncontent-length: 0\r\n\r\n");
    let response = answered(answer.leak().as_bytes(), false).await.unwrap();
    assert_eq!(response.status().as_u16(), 307);
    assert_eq!(connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn the_captured_body_is_bounded() {
    let body = "y".repeat(20_000);
    let answer =
        format!("HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 20000\r\n\r\n{body}");
    let response = answered(answer.leak().as_bytes(), false).await.unwrap();
    assert_eq!(response.body().len(), 16 << 10);
    assert!(response.is_truncated());
    assert_eq!(response.headers()["retry-after"], "7");
}

#[tokio::test]
async fn nothing_is_decompressed() {
    let answer =
        b"HTTP/1.1 500 No\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00";
    let response = answered(answer, false).await.unwrap();
    assert_eq!(response.body().as_ref(), b"\x1f\x8b\x08\x00");
}

#[tokio::test]
async fn what_is_not_http_is_told_from_what_breaks() {
    assert_eq!(failed(b"").await, Kind::Reset);
    assert_eq!(failed(b"HTTP/1.1 2").await, Kind::Reset);
    assert_eq!(failed(b"garbage\r\n\r\n").await, Kind::InvalidResponse);
    assert_eq!(
        failed(b"HTTP/1.1 abc OK\r\n\r\n").await,
        Kind::InvalidResponse
    );
}

#[tokio::test]
async fn silence_is_a_timeout_and_a_closed_port_is_refused() {
    let silent = answered(b"", false).await.unwrap_err();
    assert_eq!(silent.kind(), Kind::Timeout);
    let bound = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = bound.local_addr().unwrap();
    drop(bound);
    let refused = post(&transport(), &format!("http://{addr}/x?secret=1"))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), Kind::Refused);
    assert!(!format!("{refused} {refused:?}").contains("secret"));
}

/// Answers every name with these addresses.
struct Fixed(Vec<IpAddr>);

impl Resolve for Fixed {
    fn resolve(&self, _: &str) -> ResolveFuture {
        let addresses = self.0.clone();
        Box::pin(async move { Ok(addresses) })
    }
}

#[tokio::test]
async fn an_answer_with_one_forbidden_address_is_refused_as_a_whole() {
    let public: IpAddr = [8, 8, 8, 8].into();
    for (addresses, kind) in [
        (vec![[127, 0, 0, 2].into()], Kind::ForbiddenAddress),
        (
            vec![public, [169, 254, 169, 254].into()],
            Kind::ForbiddenAddress,
        ),
        (vec![], Kind::Dns),
    ] {
        let transport = transport_with(Fixed(addresses));
        assert_eq!(
            post(&transport, "https://crm.example/")
                .await
                .unwrap_err()
                .kind(),
            kind
        );
    }
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_dialled() {
    let (addr, connections) =
        receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false).await;
    let resolver = Fixed(vec![addr.ip()]);
    let transport = transport_with(resolver);
    let url = format!("http://a.localhost:{}/", addr.port());
    let response = post(&transport, &url).await.unwrap();
    assert_eq!(response.remote_addr(), Some(addr));
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    // The same name, answered with a public address: that port is not open there.
    let elsewhere = Fixed(vec![[8, 8, 8, 8].into()]);
    let transport = transport_with(elsewhere);
    assert_eq!(
        post(&transport, &url).await.unwrap_err().kind(),
        Kind::ForbiddenAddress
    );
}

#[tokio::test]
async fn the_port_of_a_name_is_judged_by_the_address_that_is_dialled() {
    let (addr, _) = receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false).await;
    let url = format!("http://crm.internal:{}/", addr.port());
    let inside = transport_with(Fixed(vec![addr.ip()]));
    let response = post(&inside, &url).await.unwrap();
    assert_eq!(response.remote_addr(), Some(addr));
    let outside = transport_with(Fixed(vec![[8, 8, 8, 8].into()]));
    let refused = post(&outside, &url).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::ForbiddenAddress);
}

#[tokio::test]
async fn the_url_is_checked_at_every_attempt() {
    for (url, kind) in [
        ("http://10.0.0.1/", Kind::ForbiddenAddress),
        ("http://[::1]:8080/", Kind::ForbiddenAddress),
    ] {
        assert_eq!(
            post(&transport(), url).await.unwrap_err().kind(),
            kind,
            "{url}"
        );
    }
    let strict = NetworkPolicy::default();
    let transport =
        HttpTransport::new(strict, Arc::new(SystemResolver), &TlsOptions::new()).unwrap();
    let refused = post(&transport, "http://crm.example/").await.unwrap_err();
    assert_eq!(refused.kind(), Kind::InvalidRequest);
}

#[tokio::test]
async fn hung_look_ups_of_failing_emitters_outlive_their_attempts_and_leave_room_for_others() {
    /// Never answers for `hung…`, fails at once for others.
    struct Hung;
    impl Resolve for Hung {
        fn resolve(&self, host: &str) -> ResolveFuture {
            if host.starts_with("hung") {
                return Box::pin(std::future::pending());
            }
            Box::pin(async { Err(std::io::Error::other("no such name")) })
        }
    }
    let transport = transport_with(Hung);
    let attempt = |name: String, standing, timeout| {
        let url = parse_url(&format!("https://{name}.example/")).unwrap();
        let request = AttemptRequest::new(url, HeaderMap::new(), Bytes::new(), timeout);
        let sent = transport.clone().oneshot(request.standing(standing));
        async move { sent.await.unwrap_err().kind() }
    };
    let short = Duration::from_millis(50);
    let mut hung = tokio::task::JoinSet::new();
    for at in 0..32 {
        hung.spawn(attempt(format!("hung{at}"), Standing::Unproven, short));
    }
    while let Some(kind) = hung.join_next().await {
        assert_eq!(kind.unwrap(), Kind::Timeout);
    }
    let unproven = attempt("good".into(), Standing::Unproven, short).await;
    assert_eq!(unproven, Kind::Timeout, "the permits are not given back");
    let proven = attempt("good".into(), Standing::Proven, TIMEOUT).await;
    assert_eq!(proven, Kind::Dns, "the standing reaches the resolver");
}
