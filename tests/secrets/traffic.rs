//! Everything that is done with the secrets.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpListener};
use webhooks_core::{
    Backlog, EmitterConfig, Jitter, RetryPolicy, Webhooks,
    delivery::DeliveryKey,
    emitter::EmitterInput,
    env::Env,
    sign::{Schemes, Secret},
    store::{DeliveryFilter, SecretsKey, SqliteStore, Store as _, sqlite::SqliteOptions},
};
use webhooks_tests::{Receiver, Reply};

use crate::{
    Api, Needles, Seen,
    api::json,
    needles::{AUTHORIZATION, TEAM},
};

fn config(url: impl AsRef<str>, secret: Secret) -> EmitterConfig {
    let soon = Duration::from_millis(1);
    let retry = RetryPolicy::exponential(soon, soon)
        .jitter(Jitter::None)
        .max_attempts(2);
    EmitterConfig::new(url)
        .unwrap()
        .secret(secret)
        .retry(retry)
        .header("authorization", AUTHORIZATION)
        .unwrap()
        .header("x-team", TEAM)
        .unwrap()
}

/// Waits until nothing is pending.
async fn settled(webhooks: &Webhooks) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while webhooks.stats().await.unwrap().all.pending > 0 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "something stays pending"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Where whatever comes is answered in plain text at once.
async fn speaking_no_tls() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 no\r\n\r\n").await;
        }
    });
    addr
}

async fn keys(webhooks: &Webhooks) -> Vec<DeliveryKey> {
    let filter = DeliveryFilter {
        limit: 250,
        ..DeliveryFilter::default()
    };
    let items = webhooks.deliveries(filter).await.unwrap().items;
    items.into_iter().map(|record| record.key).collect()
}

/// Receivers that take it, fail, redirect, speak no TLS, and are not there; a redelivery; a new secret.
pub(crate) async fn of_the_application(webhooks: &Webhooks, seen: &Seen, needles: &Needles) {
    let good = Receiver::start().await;
    let failing = Receiver::scripted(|_, _| Reply::status(500)).await;
    let elsewhere = good.url("/elsewhere");
    let redirecting =
        Receiver::scripted(move |_, _| Reply::with_headers(302, &[("location", &elsewhere)])).await;
    let garbage = Receiver::scripted(|_, _| Reply::raw("no HTTP at all\r\n\r\n")).await;
    // A port where nobody listens any more.
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let secret = needles.secret(b"decoded-bytes-of-a-key-1");
    let mut happenings = webhooks.subscribe();
    for (id, url) in [
        ("good", good.url("/hooks?q=1")),
        ("failing", failing.url("/hooks")),
        ("redirecting", redirecting.url("/hooks")),
        ("garbage", garbage.url("/hooks")),
        (
            "no-tls",
            format!("https://{}/hooks", speaking_no_tls().await),
        ),
        ("refusing", format!("http://{gone}/hooks")),
    ] {
        let config = config(url, secret.clone());
        seen.debug(&config);
        let emitter = webhooks.attach(id, ["*"], config).await.unwrap();
        seen.debug(&emitter);
        seen.debug(&emitter.keys());
        seen.debug(&emitter.settings());
    }
    seen.debug(&secret);
    seen.debug(&webhooks.emit("a", &json!({ "n": 1 })).await.unwrap());
    settled(webhooks).await;
    for key in keys(webhooks).await {
        seen.debug(&webhooks.redeliver(key.clone(), false).await.unwrap());
        seen.debug(&webhooks.redeliver(key, true).await);
    }
    let new = needles.secret(b"decoded-bytes-of-a-key-2");
    let upserted = webhooks.upsert("good", ["*"], config(good.url("/new"), new));
    seen.debug(&upserted.await.unwrap());
    webhooks.pause("failing", Backlog::Keep).await.unwrap();
    webhooks.emit("b", &json!({ "n": 2 })).await.unwrap();
    webhooks.restart("failing").await.unwrap();
    settled(webhooks).await;
    webhooks.pause("garbage", Backlog::Discard).await.unwrap();
    webhooks.detach("no-tls").await.unwrap();
    webhooks.begin_shutdown();
    while let Some(happening) = happenings.next().await {
        seen.debug(&happening);
    }
}

/// Emitters that come through the API: the answer to a new one has its secret, no other has.
pub(crate) async fn of_the_api(api: &Api, seen: &Seen, needles: &Needles) {
    let headers = json!({ "authorization": AUTHORIZATION, "x-team": TEAM });
    let given = needles.secret(b"decoded-bytes-of-a-key-3");
    let body = |secret: Option<&Secret>| {
        let mut body =
            json!({ "url": "http://127.0.0.1:9/", "events": ["api"], "headers": headers });
        if let Some(secret) = secret {
            body["secret"] = secret.expose().into();
        }
        body
    };
    for (id, secret) in [("given", Some(&given)), ("generated", None)] {
        let mut body = body(secret);
        body["id"] = id.into();
        let (status, answer) = api.ask(Method::POST, "/emitters", body.to_string()).await;
        assert_eq!(status, 201, "{answer}");
        let told = json(&answer)["secret"].as_str().unwrap().to_owned();
        needles.secret_text(&told);
        assert!(secret.is_none_or(|secret| secret.expose() == told));
        let rest = answer.replace(&told, "");
        seen.text(rest);
    }
    let next = needles.secret(b"decoded-bytes-of-a-key-4");
    for secret in [None, Some(&given), Some(&next)] {
        let body = body(secret).to_string();
        seen.debug(&serde_json::from_str::<EmitterInput>(&body).map(drop));
        let (status, answer) = api.ask(Method::PUT, "/emitters/given", body).await;
        assert_eq!(status, 200, "{answer}");
        seen.text(answer);
    }
    for path in ["/emitters/given/pause", "/emitters/given/restart"] {
        let (status, answer) = api.ask(Method::POST, path, String::new()).await;
        assert_eq!(status, 200, "{answer}");
        seen.text(answer);
    }
}

/// What is refused does not say what it was.
pub(crate) async fn errors(
    webhooks: &Webhooks,
    api: &Api,
    options: &SqliteOptions,
    seen: &Seen,
    needles: &Needles,
) {
    let secret = needles.secret(b"decoded-bytes-of-a-key-5");
    let text = secret.expose();
    let url = "http://127.0.0.1:9/";
    seen.error(&Secret::new(format!("{text}\n")).unwrap_err());
    seen.error(&Secret::new(text.repeat(20)).unwrap_err());
    let header = |name: &str, value: &str| EmitterConfig::new(url).unwrap().header(name, value);
    seen.error(&header("x-team", &format!("{TEAM}\n")).unwrap_err());
    seen.error(&header("x team", TEAM).unwrap_err());
    for (id, config) in [
        ("good", config(url, secret.clone())),
        ("given", config(url, secret.clone()).lanes(0)),
        (
            "host",
            config(url, secret.clone()).header("host", TEAM).unwrap(),
        ),
        ("far", config("http://10.0.0.1/", secret.clone())),
    ] {
        seen.error(&webhooks.attach(id, ["*"], config).await.unwrap_err());
    }
    let short = Secret::new("the-value-of-x-team").unwrap();
    let suits_not = config(url, short).signing(Schemes::default());
    seen.error(
        &webhooks
            .attach("short", ["*"], suits_not)
            .await
            .unwrap_err(),
    );
    let another = options
        .clone()
        .secrets_key(SecretsKey::generate(&Env::system()));
    seen.debug(&another);
    seen.error(&another.open().await.unwrap_err());
    let good = json!({ "id": "new", "url": url, "events": ["*"], "secret": text, "headers": { "x-team": TEAM } });
    let with = |name: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body[name] = value;
        body.to_string()
    };
    let bodies = [
        with("id", "given".into()),
        with("secret", json!([text])),
        with("secret", json!({ text: 1 })),
        with("secret", format!("{text}\n").into()),
        with("secret", "the-value-of-x-team".into()),
        with("headers", json!({ "x-team": format!("{TEAM}\n") })),
        with("headers", json!({ "x-team": [TEAM] })),
        with("headers", json!({ "host": TEAM })),
        with("headers", TEAM.into()),
        with("unknown", text.into()),
        with("url", "http://10.0.0.1/".into()),
        good.to_string().trim_end_matches('}').to_owned(),
        good.to_string() + text,
        text.to_owned(),
    ];
    for body in bodies {
        seen.debug(&serde_json::from_str::<EmitterInput>(&body).err());
        let (status, answer) = api.ask(Method::POST, "/emitters", body.clone()).await;
        assert!((400..500).contains(&status), "{status}: {answer}");
        seen.text(answer);
        let (_, answer) = api.ask(Method::PUT, "/emitters/given", body).await;
        seen.text(answer);
    }
}

pub(crate) async fn every_read_route(webhooks: &Webhooks, api: &Api, seen: &Seen) {
    let mut paths: Vec<String> = [
        "/emitters",
        "/emitters?limit=2",
        "/deliveries",
        "/deliveries?state=dead",
        "/health",
    ]
    .map(str::to_owned)
    .to_vec();
    for emitter in webhooks.all_emitters() {
        paths.push(format!("/emitters/{}", emitter.id()));
        paths.push(format!("/deliveries?emitter={}", emitter.id()));
    }
    for key in keys(webhooks).await {
        let (message, emitter) = (key.message_id, key.emitter);
        paths.push(format!("/messages/{message}"));
        paths.push(format!("/messages/{message}/deliveries/{emitter}"));
    }
    assert!(paths.len() > 40, "{paths:?}");
    for path in paths {
        seen.text(api.get(&path).await);
    }
}

pub(crate) async fn debug_of_what_is_read(webhooks: &Webhooks, store: &SqliteStore, seen: &Seen) {
    seen.debug(&store.emitters().await.unwrap());
    seen.debug(&webhooks.all_emitters());
    seen.debug(&webhooks.stats().await.unwrap());
    seen.debug(&webhooks.standing(webhooks.emitters()).await.unwrap());
    for key in keys(webhooks).await {
        let detail = webhooks.delivery(key.clone()).await.unwrap().unwrap();
        for attempt in &detail.attempts {
            seen.debug(attempt);
            seen.debug(&attempt.response_headers);
        }
        seen.debug(&detail);
        seen.debug(&webhooks.message(key.message_id).await.unwrap());
    }
}
