//! The client that the transport uses, without anything around it.

use std::time::{Duration, Instant};

use reqwest::{
    Body, Client, Method, Request, Url,
    header::{HeaderMap, HeaderValue},
};
use tokio::task::JoinSet;

use crate::{
    BYTES, Failed,
    cpu::{Measured, Run},
    latency::Latencies,
    sink::Sink,
};

/// What a webhook carries beside its body, so that both clients send the same bytes.
const HEADERS: [(&str, &str); 9] = [
    ("content-type", "application/json"),
    ("user-agent", "webhooks/0.1.0"),
    ("webhook-id", "msg_019a0000000070008000000000000000"),
    ("webhook-timestamp", "1790000000"),
    (
        "webhook-signature",
        "v1,MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    ),
    ("x-webhooks-event", "a"),
    ("x-webhooks-attempt", "1"),
    (
        "x-webhooks-delivery",
        "01234567-89ab-4cde-8f01-23456789abcd",
    ),
    (
        "x-webhooks-signature",
        "sha256:0123456789abcdefghijklmnopqrstuv0123456789abcdefghij",
    ),
];

/// One connection's worth of the client.
#[derive(Clone)]
struct Bare {
    client: Client,
    url: Url,
    headers: HeaderMap,
}

impl Bare {
    fn new(sink: &Sink, headers: bool) -> Result<Self, Failed> {
        let with: &[_] = if headers { &HEADERS } else { &[] };
        let mut headers = HeaderMap::new();
        for (name, value) in with {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        Ok(Self {
            client: Client::builder().no_proxy().tcp_nodelay(true).build()?,
            url: sink.url().parse()?,
            headers,
        })
    }

    async fn send(&self) -> Result<(), reqwest::Error> {
        let mut request = Request::new(Method::POST, self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = Some(Body::from(vec![b'x'; BYTES]));
        self.client.execute(request).await?.bytes().await?;
        Ok(())
    }
}

/// As many requests, over as many connections, with the headers of a webhook or without.
pub(crate) async fn rate(
    sink: &Sink,
    parallel: usize,
    requests: usize,
    headers: bool,
) -> Result<Measured, Failed> {
    let bare = Bare::new(sink, headers)?;
    let each = requests / parallel;
    let (run, last) = (Run::start()?, sink.expect(each * parallel));
    let mut tasks = JoinSet::new();
    for _ in 0..parallel {
        let bare = bare.clone();
        tasks.spawn(async move {
            for _ in 0..each {
                bare.send().await?;
            }
            Ok::<(), reqwest::Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    run.end(each * parallel, last.arrival().await?)
}

/// From the call of the client to the receiver's handler, one request at a time.
pub(crate) async fn latency(sink: &Sink) -> Result<Latencies, Failed> {
    let bare = Bare::new(sink, true)?;
    let mut latencies = Latencies::default();
    for _ in 0..Latencies::COUNT {
        let (start, last) = (Instant::now(), sink.expect(1));
        bare.send().await?;
        latencies.add(start, last.arrival().await?);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(latencies)
}
