//! The client that the transport uses, without anything around it.

use tokio::task::JoinSet;

use crate::{
    BYTES, Failed,
    cpu::{Measured, Run},
    sink::Sink,
};

/// As many requests, over as many connections.
pub(crate) async fn rate(
    sink: &Sink,
    parallel: usize,
    requests: usize,
) -> Result<Measured, Failed> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .tcp_nodelay(true)
        .build()?;
    let (run, last) = (Run::start()?, sink.expect(requests / parallel * parallel));
    let mut tasks = JoinSet::new();
    for _ in 0..parallel {
        let (client, url) = (client.clone(), sink.url());
        tasks.spawn(async move {
            for _ in 0..requests / parallel {
                let body = vec![b'x'; BYTES];
                client.post(&url).body(body).send().await?.bytes().await?;
            }
            Ok::<(), reqwest::Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    run.end(requests / parallel * parallel, last.arrival().await?)
}
