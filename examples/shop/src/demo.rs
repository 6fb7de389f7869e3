//! The whole story, told as it happens.
#![allow(clippy::print_stdout, reason = "telling is what it is for")]

use std::{error::Error, future::IntoFuture as _, time::Duration};

use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use webhooks_axum::AdminAuth;
use webhooks_core::{env::Env, sign::Secret};

use crate::{
    app,
    receiver::{Arrival, Receiver},
};

type Failed = Box<dyn Error + Send + Sync>;

/// No step takes longer, or it failed.
const PATIENCE: Duration = Duration::from_secs(10);

struct Story {
    client: reqwest::Client,
    /// Where the shop is.
    shop: String,
    /// The token of the admin API.
    token: String,
    receiver: Receiver,
    /// How many requests have arrived.
    seen: usize,
}

pub(crate) async fn run() -> Result<(), Failed> {
    let env = Env::system();
    let (secret, token) = (Secret::generate(&env), env.uuid_v4().to_string());
    let receiver = Receiver::new(secret.clone())?;
    let inbox = TcpListener::bind("127.0.0.1:0").await?;
    let shop = TcpListener::bind("127.0.0.1:0").await?;
    let webhooks = crate::webhooks(inbox.local_addr()?.port(), &secret).await?;
    let at = format!("http://{}", shop.local_addr()?);
    let mut servers = JoinSet::new();
    servers.spawn(axum::serve(inbox, receiver.router()).into_future());
    let app = app::app(webhooks.clone(), AdminAuth::bearer(&token));
    servers.spawn(axum::serve(shop, app).into_future());
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut story = Story {
        client,
        shop: at,
        token,
        receiver,
        seen: 0,
    };

    println!("1. An order becomes a signed webhook; the request's ID is its delivery ID.");
    story.order("first", 1, 201).await?;
    story.expect(&[("first", "1", 204)]).await?;

    println!("2. The receiver fails twice and recovers; the order behind waits its turn.");
    story.receiver.fail_next(2);
    story.order("second", 2, 201).await?;
    story.order("third", 3, 201).await?;
    story
        .expect(&[
            ("second", "1", 500),
            ("second", "2", 500),
            ("second", "3", 204),
            ("third", "1", 204),
        ])
        .await?;

    println!("3. An order that is refused leaves no webhook: its staged event is dropped.");
    story.order("refused", 0, 422).await?;

    println!("4. Paused, events queue; after the restart they go out in order.");
    story.administer("pause").await?;
    story.order("fourth", 4, 201).await?;
    story.order("fifth", 5, 201).await?;
    if story.receiver.arrivals().len() != story.seen {
        return Err("something arrived while the emitter was paused".into());
    }
    story.administer("restart").await?;
    story
        .expect(&[("fourth", "1", 204), ("fifth", "1", 204)])
        .await?;

    let report = webhooks.shutdown(PATIENCE).await?;
    if report.pending > 0 || story.receiver.arrivals().len() != story.seen {
        return Err(format!("in the end something is left or came twice: {report:?}").into());
    }
    println!("All as expected.");
    Ok(())
}

impl Story {
    /// Orders, with `id` as the request's ID, and wants this status.
    async fn order(&self, id: &str, quantity: u32, status: u16) -> Result<(), Failed> {
        let request = self
            .client
            .post(format!("{}/orders", self.shop))
            .header("x-request-id", id)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("item=fish&quantity={quantity}"));
        let answered = request.send().await?.status().as_u16();
        println!("     POST /orders, x-request-id: {id}, quantity {quantity}: {answered}");
        if answered == status {
            return Ok(());
        }
        Err(format!("the shop answered {answered} instead of {status}").into())
    }

    /// Has the admin API pause or restart the emitter.
    async fn administer(&self, verb: &str) -> Result<(), Failed> {
        let path = format!("/webhooks/api/emitters/receiver/{verb}");
        let request = self.client.post(format!("{}{path}", self.shop));
        let answered = request.bearer_auth(&self.token).send().await?;
        println!("     POST {path}: {}", answered.status().as_u16());
        answered.error_for_status()?;
        Ok(())
    }

    /// Wants just these requests to arrive next: delivery ID, attempt, and what they are answered.
    async fn expect(&mut self, next: &[(&str, &str, u16)]) -> Result<(), Failed> {
        let arrived = timeout(PATIENCE, self.receiver.wait_for(self.seen + next.len()))
            .await
            .map_err(|_| format!("{next:?} did not arrive"))?;
        for (expected, arrival) in next.iter().zip(&arrived[self.seen..]) {
            let Arrival {
                delivery_id,
                attempt,
                status,
                body,
            } = arrival;
            println!("     received {delivery_id}, attempt {attempt}, verified, {status}: {body}");
            if (delivery_id.as_str(), attempt.as_str(), *status) != *expected {
                return Err(format!("{expected:?} was expected").into());
            }
        }
        self.seen += next.len();
        Ok(())
    }
}
