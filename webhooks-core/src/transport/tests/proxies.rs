//! Proxies from the environment: they would dial what the guard never saw.
//!
//! A process cannot change its own environment safely, so the test runs itself in another one.

use std::process::Command;

use super::*;

const TARGET: &str = "WEBHOOKS_TEST_TARGET";
const INNER: &str = "transport::tests::proxies::posts_to_the_target";

#[tokio::test]
async fn proxies_from_the_environment_are_ignored() {
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    let (target, reached) = receiver(answer, false).await;
    let (proxy, proxied) = receiver(answer, false).await;
    let mut command = Command::new(std::env::current_exe().unwrap());
    // Clients heed no `HTTP_PROXY` where they take themselves for CGI scripts.
    command
        .args(["--exact", "--ignored", "--nocapture", INNER])
        .env(TARGET, target.to_string())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("REQUEST_METHOD");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        let proxy = format!("http://{proxy}");
        command
            .env(name, &proxy)
            .env(name.to_ascii_lowercase(), proxy);
    }
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
    assert_eq!(proxied.load(Ordering::Relaxed), 0);
    assert_eq!(reached.load(Ordering::Relaxed), 3);
}

#[tokio::test]
#[ignore = "run by the test above, in an environment with proxies"]
async fn posts_to_the_target() {
    let target: SocketAddr = std::env::var(TARGET).unwrap().parse().unwrap();
    let resolver = Fixed(vec![target.ip()]);
    let by_name = format!("http://crm.internal:{}/", target.port());
    for url in [format!("http://{target}/"), by_name] {
        let transport = transport_with(Fixed(resolver.0.clone()));
        let response = post(&transport, &url).await.unwrap();
        assert_eq!(response.remote_addr(), Some(target), "{url}");
    }
    // The receiver knows no TLS, and waits for more.
    let transport = transport_with(resolver);
    let tls = post(&transport, &format!("https://{target}/")).await;
    assert_eq!(tls.unwrap_err().kind(), Kind::Timeout);
}
