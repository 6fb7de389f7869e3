//! The quick start does what it promises.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

const SHOP: &str = env!("CARGO_BIN_EXE_shop");

/// The running shop; ends when dropped.
struct Shop(Child);

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The last word of a printed line: a URL.
fn url(line: &str) -> &str {
    line.rsplit(' ').next().unwrap()
}

#[test]
fn the_demo_tells_its_story_to_the_end() {
    let told = Command::new(SHOP).arg("--demo").output().unwrap();
    let story = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success(), "{story}");
    assert!(story.ends_with("All as expected.\n"), "{story}");
}

#[tokio::test]
async fn each_line_that_the_shop_prints_leads_somewhere() {
    let mut child = Command::new(SHOP)
        .args(["--listen", "127.0.0.1:0"])
        .args(["--receiver-listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let printed = BufReader::new(child.stdout.take().unwrap()).lines();
    let _shop = Shop(child);
    let lines: Vec<String> = printed.take(4).map(Result::unwrap).collect();
    let [page, receiver, order, delivery] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |url: &str| {
        let answer = client.get(url).send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    };
    assert!(get(url(page)).await.contains("<form"));

    assert!(order.contains("-d item=fish -d quantity=2 "), "{order}");
    let form = client
        .post(url(order))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("item=fish&quantity=2");
    assert_eq!(form.send().await.unwrap().status(), 201);
    let arrived = async {
        while !get(url(receiver)).await.contains(r#""item":"fish""#) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), arrived)
        .await
        .unwrap();

    let (_, header) = delivery.split_once("-H 'authorization: ").unwrap();
    let (credentials, _) = header.split_once('\'').unwrap();
    let asked = client
        .get(url(delivery))
        .header("authorization", credentials);
    let page = asked.send().await.unwrap().error_for_status().unwrap();
    assert!(page.text().await.unwrap().contains("order.created"));
}
