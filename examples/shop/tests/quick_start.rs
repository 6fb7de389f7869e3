//! The quick start does what it promises.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shop;

use std::{process::Command, time::Duration};

use self::shop::{SHOP, Shop};

/// Asks again until the answer is right.
async fn until(mut right: impl AsyncFnMut() -> bool) {
    let asked = async {
        while !right().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked)
        .await
        .unwrap();
}

#[test]
fn the_demo_tells_its_story_to_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let told = Command::new(SHOP)
        .arg("--demo")
        .current_dir(directory.path())
        .output()
        .unwrap();
    let story = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success(), "{story}");
    assert!(story.ends_with("All as expected.\n"), "{story}");
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 0, "its database is a temporary one");
}

#[tokio::test]
async fn each_line_that_the_shop_prints_leads_somewhere() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::start(directory.path());
    assert!(shop.get(&shop.page).await.contains("<form"));
    assert!(directory.path().join("shop.db").exists());

    let order = &shop.order;
    assert!(order.contains("-d item=fish -d quantity=2 "), "{order}");
    assert_eq!(shop.order("fish").await, 201);
    until(async || {
        let arrived = shop.get(&shop.receiver).await;
        arrived.contains("204  ") && arrived.contains(r#""item":"fish""#)
    })
    .await;
    assert!(shop.get(&shop.deliveries).await.contains("order.created"));
}

#[tokio::test]
async fn orders_and_queue_outlive_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Shop::start(directory.path());
    assert_eq!(shop.order("first").await, 201);
    until(async || shop.get(&shop.receiver).await.contains("first")).await;
    assert_eq!(shop.administer("pause").await, 200);
    for item in ["second", "third", "<i>&"] {
        assert_eq!(shop.order(item).await, 201);
    }
    shop.kill();

    let shop = Shop::start(directory.path());
    let page = shop.get(&shop.page).await;
    for listed in ["first", "second", "third", "&lt;i>&amp;"] {
        assert!(page.contains(&format!("<td>{listed}</td>")), "{page}");
    }
    assert_eq!(shop.get(&shop.receiver).await, "", "it is paused still");
    assert_eq!(shop.administer("restart").await, 200);
    until(async || shop.arrivals().await.len() == 3).await;
    let arrived = shop.arrivals().await;
    for (arrival, item) in arrived.iter().zip(["second", "third", "<i>&"]) {
        assert!(arrival.starts_with("204  attempt 1  "), "{arrival}");
        assert!(
            arrival.contains(&format!(r#""item":"{item}""#)),
            "{arrival}"
        );
    }
}

/// An order that was acknowledged has a delivery, at whatever moment the shop is killed.
#[tokio::test]
async fn what_is_acknowledged_is_delivered_through_kills_between_orders() {
    let directory = tempfile::tempdir().unwrap();
    let mut taken = Vec::new();
    for life in 0..3 {
        let shop = Shop::start(directory.path());
        for n in 0..4 {
            let item = format!("item-{life}-{n}");
            assert_eq!(shop.order(&item).await, 201);
            taken.push(item);
        }
        shop.kill();
    }
    let shop = Shop::start(directory.path());
    let page = shop.get(&shop.page).await;
    assert_eq!(page.matches("<tr><td>").count(), taken.len());
    let delivered = format!("{}?state=delivered&limit=250", shop.deliveries);
    until(async || {
        let log = shop.get(&delivered).await;
        log.matches(r#""message_id""#).count() == taken.len()
    })
    .await;
}
