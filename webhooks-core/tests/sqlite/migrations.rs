//! Tables that are made, or only looked at.

use tokio::task::JoinSet;
use webhooks_core::{
    ErrorKind,
    store::{SqliteStore, Store as _, sqlite::rusqlite::Connection},
};

use crate::{Place, Receiver, builder, payload};

#[tokio::test]
async fn what_is_pending_is_told_without_touching_anything() {
    let place = Place::new();
    let all = SqliteStore::migrations();
    assert_eq!(place.options().pending_migrations().await.unwrap(), all);
    let error = place.options().validate().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(place.names().is_empty());
    std::fs::write(place.database(), "").unwrap();
    assert_eq!(place.options().pending_migrations().await.unwrap(), all);
    let error = place.options().validate().await.unwrap_err();
    assert!(error.to_string().contains("1 (initial)"), "{error}");
    assert_eq!(place.names(), ["webhooks.db"]);
    assert!(place.contents()["webhooks.db"].is_empty());
}

#[tokio::test]
async fn they_run_once() {
    let place = Place::new();
    let all = SqliteStore::migrations();
    assert_eq!(place.options().run_migrations().await.unwrap(), all);
    assert!(place.options().run_migrations().await.unwrap().is_empty());
    let before = place.contents();
    assert!(
        place
            .options()
            .pending_migrations()
            .await
            .unwrap()
            .is_empty()
    );
    place.options().validate().await.unwrap();
    assert!(place.contents() == before, "{:?}", place.names());
    place.options().migrate(false).open().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_runs_them() {
    let place = Place::new();
    let mut running = JoinSet::new();
    for _ in 0..4 {
        let options = place.options();
        running.spawn(async move { options.run_migrations().await.unwrap().len() });
        let options = place.options();
        running.spawn(async move {
            options.open().await.unwrap().version().await.unwrap();
            0
        });
    }
    let run: usize = running.join_all().await.into_iter().sum();
    assert!(run == 0 || run == SqliteStore::migrations().len(), "{run}");
    place.options().validate().await.unwrap();
    let noted = place.count("SELECT count(*) FROM webhooks_migrations", []);
    assert_eq!(noted, SqliteStore::migrations().len());
}

#[tokio::test]
async fn another_tool_can_run_them() {
    let place = Place::new();
    let connection = Connection::open(place.database()).unwrap();
    for migration in SqliteStore::migrations() {
        connection.execute_batch(migration.sql).unwrap();
    }
    drop(connection);
    place.options().validate().await.unwrap();
    let receiver = Receiver::new();
    let store = place.options().migrate(false).open().await.unwrap();
    let webhooks = builder(store, &receiver).build().await.unwrap();
    webhooks
        .attach("crm", ["*"], crate::config())
        .await
        .unwrap();
    webhooks.emit("a", &payload(0)).await.unwrap();
    receiver.wait_for(1).await;
}
