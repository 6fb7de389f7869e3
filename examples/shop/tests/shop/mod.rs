//! The shop as a process.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

pub(crate) const SHOP: &str = env!("CARGO_BIN_EXE_shop");

/// The running shop, and what it printed; it is killed when dropped.
pub(crate) struct Shop {
    process: Child,
    client: reqwest::Client,
    credentials: String,
    pub(crate) page: String,
    pub(crate) receiver: String,
    pub(crate) order: String,
    pub(crate) deliveries: String,
}

impl Shop {
    /// Starts it in this directory, on the database that is there or not.
    pub(crate) fn start(directory: &Path) -> Self {
        let mut process = Command::new(SHOP)
            .args(["--listen", "127.0.0.1:0"])
            .args(["--receiver-listen", "127.0.0.1:0"])
            .current_dir(directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let printed = BufReader::new(process.stdout.take().unwrap()).lines();
        let lines: Vec<String> = printed.take(5).map(Result::unwrap).collect();
        let [page, receiver, order, delivery, database] = lines.as_slice() else {
            let _ = process.kill();
            panic!("{lines:?}");
        };
        assert_eq!(database, "all of it is in shop.db");
        let (_, header) = delivery.split_once("-H 'authorization: ").unwrap();
        let (credentials, _) = header.split_once('\'').unwrap();
        Self {
            process,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            credentials: credentials.to_owned(),
            page: url(page),
            receiver: url(receiver),
            order: order.clone(),
            deliveries: url(delivery),
        }
    }

    /// Kills it, with SIGKILL.
    pub(crate) fn kill(self) {
        drop(self);
    }

    pub(crate) async fn get(&self, url: &str) -> String {
        let asked = self.client.get(url);
        let answer = asked.header("authorization", &self.credentials).send();
        let answer = answer.await.unwrap().error_for_status().unwrap();
        answer.text().await.unwrap()
    }

    /// What arrived at the receiver, a line each.
    pub(crate) async fn arrivals(&self) -> Vec<String> {
        let list = self.get(&self.receiver).await;
        list.lines().map(ToOwned::to_owned).collect()
    }

    /// Orders two of this; returns the status.
    pub(crate) async fn order(&self, item: &str) -> u16 {
        let form = [("item", item), ("quantity", "2")];
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self
            .client
            .post(url(&self.order))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        request.send().await.unwrap().status().as_u16()
    }

    /// Has the admin API pause or restart the emitter; returns the status.
    pub(crate) async fn administer(&self, verb: &str) -> u16 {
        let api = self.deliveries.strip_suffix("/deliveries").unwrap();
        let request = self
            .client
            .post(format!("{api}/emitters/receiver/{verb}"))
            .header("authorization", &self.credentials);
        request.send().await.unwrap().status().as_u16()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The last word of a printed line: a URL.
fn url(line: &str) -> String {
    line.rsplit(' ').next().unwrap().to_owned()
}
