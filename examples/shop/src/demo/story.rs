//! What the story is told with: requests, and what is expected of them.

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    Failed,
    receiver::{Arrival, Receiver},
};

/// No step takes longer, or it failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Story {
    client: reqwest::Client,
    /// Where the shop is.
    pub(super) shop: String,
    /// The token of the admin API.
    token: String,
    receiver: Receiver,
    /// How many requests have arrived.
    seen: usize,
}

impl Story {
    pub(super) fn new(
        shop: String,
        token: String,
        receiver: Receiver,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: reqwest::Client::builder().no_proxy().build()?,
            shop,
            token,
            receiver,
            seen: 0,
        })
    }

    /// Orders fish, with `id` as the request's ID, and wants this status.
    pub(super) async fn order(&self, id: &str, quantity: u32, status: u16) -> Result<(), Failed> {
        let form = format!("item=fish&quantity={quantity}");
        self.post("/orders", id, form, status).await
    }

    /// Sends a form, with `id` as the request's ID, and wants this status.
    pub(super) async fn post(
        &self,
        path: &str,
        id: &str,
        form: String,
        status: u16,
    ) -> Result<(), Failed> {
        println!("     POST {path}, x-request-id: {id}, {form}");
        let request = self
            .client
            .post(format!("{}{path}", self.shop))
            .header("x-request-id", id)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = request.send().await?;
        let answered = answer.status().as_u16();
        println!("     {answered}: {}", answer.text().await?.trim());
        if answered == status {
            return Ok(());
        }
        Err(format!("the shop answered {answered} instead of {status}").into())
    }

    /// Wants the page to list so many orders.
    pub(super) async fn lists(&self, orders: usize) -> Result<(), Failed> {
        let page = self.client.get(format!("{}/", self.shop)).send().await?;
        let page = page.error_for_status()?.text().await?;
        let listed = page.matches("<tr><td>").count();
        println!("     GET /: {listed} orders");
        if listed == orders {
            return Ok(());
        }
        Err(format!("the page lists {listed} orders instead of {orders}").into())
    }

    /// Has the admin API pause or restart the emitter.
    pub(super) async fn administer(&self, verb: &str) -> Result<(), Failed> {
        let path = format!("/webhooks/api/emitters/receiver/{verb}");
        let request = self.client.post(format!("{}{path}", self.shop));
        let answered = request.bearer_auth(&self.token).send().await?;
        println!("     POST {path}: {}", answered.status().as_u16());
        answered.error_for_status()?;
        Ok(())
    }

    /// Has the receiver fail so many times.
    pub(super) fn fail_next(&self, requests: usize) {
        self.receiver.fail_next(requests);
    }

    /// Wants just these requests to arrive next: delivery ID, attempt, and what they are answered.
    pub(super) async fn expect(&mut self, next: &[(&str, &str, u16)]) -> Result<(), Failed> {
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
            println!("     received {delivery_id}, attempt {attempt}, {status}: {body}");
            if (delivery_id.as_str(), attempt.as_str(), *status) != *expected {
                return Err(format!("{expected:?} was expected").into());
            }
        }
        self.seen += next.len();
        self.expect_nothing()
    }

    /// Wants no more to have arrived than was expected.
    pub(super) fn expect_nothing(&self) -> Result<(), Failed> {
        match self.receiver.arrivals().get(self.seen) {
            None => Ok(()),
            Some(more) => Err(format!("{more:?} was not expected").into()),
        }
    }
}
