//! The whole story, told as it happens.
#![allow(clippy::print_stdout, reason = "telling is what it is for")]

mod process;
mod story;

use std::future::IntoFuture as _;

use tokio::{net::TcpListener, task::JoinSet};
use webhooks_core::env::Env;

use self::{
    process::Process,
    story::{PATIENCE, Story},
};
use crate::{Failed, receiver::Receiver};

pub(crate) async fn run() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let database = directory.path().join("shop.db");
    let token = Env::system().uuid_v4().to_string();
    let inbox = TcpListener::bind("127.0.0.1:0").await?;
    let port = inbox.local_addr()?.port();
    let shop = Process::start(database.clone(), port, &token).await?;
    // It verifies with the secret of the shop's first start until the end.
    let receiver = Receiver::new(shop.secret.clone())?;
    let mut servers = JoinSet::new();
    servers.spawn(axum::serve(inbox, receiver.router()).into_future());
    let mut story = Story::new(format!("http://{}", shop.address), token.clone(), receiver)?;

    println!(
        "1. An order and its event are stored in one transaction; the event goes out, signed."
    );
    println!("   The request's ID is its delivery ID.");
    story.order("first", 1, 201).await?;
    story.expect(&[("first", "1", 204)]).await?;

    println!("2. The receiver fails twice and recovers; the order behind waits its turn.");
    story.fail_next(2);
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

    println!("3. An order that is rolled back leaves neither an order nor an event.");
    story.order("too-many", 2_000_000, 422).await?;
    story.lists(3).await?;

    println!("4. A question is staged: its event goes out, but not that of one that is refused.");
    let ask = async |id, text: &str, status| {
        let form = format!("text={text}");
        story.post("/questions", id, form, status).await
    };
    ask("nothing", "", 422).await?;
    ask("fresh", "Is+it+fresh?", 202).await?;
    story.expect(&[("fresh", "1", 204)]).await?;

    println!("5. Paused, events queue. The shop is killed, and started again on the same file.");
    story.administer("pause").await?;
    story.order("fourth", 4, 201).await?;
    story.order("fifth", 5, 201).await?;
    shop.kill().await?;
    let shop = Process::start(database, port, &token).await?;
    story.shop = format!("http://{}", shop.address);

    println!("6. Orders and queue are there, it is paused still; then they go out, in order.");
    story.lists(5).await?;
    story.expect_nothing()?;
    story.administer("restart").await?;
    story
        .expect(&[("fourth", "1", 204), ("fifth", "1", 204)])
        .await?;

    let report = shop.webhooks.shutdown(PATIENCE).await?;
    story.expect_nothing()?;
    if report.pending > 0 {
        return Err(format!("in the end something is left: {report:?}").into());
    }
    println!("All as expected.");
    Ok(())
}
