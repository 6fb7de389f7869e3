//! What is refused when a database is opened, and that nothing is touched then.

use webhooks_core::{
    Error, ErrorKind,
    env::Env,
    store::{
        SecretsKey, Store as _,
        sqlite::{SqliteOptions, rusqlite::Connection},
    },
};

use crate::{Place, Receiver, attached, payload};

/// A place whose database holds an emitter and a message, and is closed.
async fn used() -> Place {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    webhooks.emit("a", &payload(0)).await.unwrap();
    webhooks.shutdown(crate::PATIENCE).await.unwrap();
    drop(webhooks);
    crate::wait_until(|| place.names().len() == 2).await;
    place
}

/// The same as a crash leaves it: with what was written last in the WAL alone.
async fn crashed() -> Place {
    let place = Place::new();
    let webhooks = attached(&place, &Receiver::new()).await;
    webhooks.emit("a", &payload(0)).await.unwrap();
    let crashed = place.crashed();
    assert!(crashed.names().contains(&"webhooks.db-wal".to_owned()));
    crashed
}

/// Opens what cannot be opened; every file is as it was then, and none is new.
async fn refused(place: &Place, options: SqliteOptions) -> Error {
    let before = place.contents();
    let error = options.clone().open().await.unwrap_err();
    let again = options.open().await.unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
    let mut after = place.contents();
    if !before.contains_key("webhooks.db-shm") && before.contains_key("webhooks.db-wal") {
        // What the readers of a WAL share, which nobody needs: it is made anew.
        after.remove("webhooks.db-shm");
    }
    let names = |files: &std::collections::BTreeMap<String, Vec<u8>>| -> Vec<String> {
        files.keys().cloned().collect()
    };
    assert_eq!(names(&after), names(&before), "{error}");
    for (name, bytes) in &after {
        assert!(before[name] == *bytes, "{name} is another: {error}");
    }
    error
}

async fn refused_as_it_is(place: &Place) -> Error {
    refused(place, place.options()).await
}

fn another_key() -> SecretsKey {
    SecretsKey::generate(&Env::system())
}

#[tokio::test]
async fn a_damaged_page() {
    let place = used().await;
    let mut bytes = std::fs::read(place.database()).unwrap();
    for byte in &mut bytes[4_096..8_192] {
        *byte = 0x5a;
    }
    std::fs::write(place.database(), bytes).unwrap();
    let error = refused_as_it_is(&place).await;
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("damaged"), "{error}");
    assert!(error.to_string().contains("webhooks.db"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_cut_short() {
    let place = used().await;
    let bytes = std::fs::read(place.database()).unwrap();
    std::fs::write(place.database(), &bytes[..bytes.len() / 2]).unwrap();
    let error = refused_as_it_is(&place).await;
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[tokio::test]
async fn what_is_no_database() {
    for text in [
        "no database at all".to_owned(),
        "no database ".repeat(1_000),
    ] {
        let place = Place::new();
        std::fs::write(place.database(), text).unwrap();
        let error = refused_as_it_is(&place).await;
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(
            error.to_string().contains("not an SQLite database"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn tables_of_a_later_version() {
    let place = used().await;
    let connection = Connection::open(place.database()).unwrap();
    let later = "INSERT INTO webhooks_migrations (number, name, applied_at) VALUES (999, 'x', 0)";
    connection.execute(later, []).unwrap();
    drop(connection);
    let error = refused_as_it_is(&place).await;
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("version 999"), "{error}");
    for error in [
        place.options().validate().await.unwrap_err(),
        place.options().pending_migrations().await.unwrap_err(),
        place.options().run_migrations().await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("version 999"), "{error}");
    }
}

#[tokio::test]
async fn another_key_than_the_one_that_sealed() {
    for place in [used().await, crashed().await] {
        let key = another_key();
        let error = refused(&place, place.options().secrets_key(key.clone())).await;
        assert_eq!(error.kind(), ErrorKind::SecretsKey);
        assert!(error.to_string().contains(&key.id().to_string()), "{error}");
        let path = place.file("webhooks.db.key");
        let right = SecretsKey::from_file(&path).unwrap();
        assert!(
            error.to_string().contains(&right.id().to_string()),
            "{error}"
        );
        std::fs::remove_file(&path).unwrap();
        SecretsKey::create_file(&path, &Env::system()).unwrap();
        let error = refused_as_it_is(&place).await;
        assert_eq!(error.kind(), ErrorKind::SecretsKey);
        let store = place.options().secrets_key(right).open().await.unwrap();
        assert_eq!(store.emitters().await.unwrap().emitters.len(), 1);
    }
}

#[tokio::test]
async fn a_key_that_is_gone_or_malformed() {
    let place = used().await;
    let path = place.file("webhooks.db.key");
    std::fs::write(&path, "no key").unwrap();
    let error = refused_as_it_is(&place).await;
    assert_eq!(error.kind(), ErrorKind::SecretsKey);
    std::fs::remove_file(&path).unwrap();
    let error = refused_as_it_is(&place).await;
    assert_eq!(error.kind(), ErrorKind::SecretsKey);
    assert!(error.to_string().contains("webhooks.db.key"), "{error}");
}

#[tokio::test]
async fn a_malformed_key_for_a_new_database() {
    let place = Place::new();
    std::fs::write(place.file("my.key"), "no key").unwrap();
    let options = place.options().secrets_key_file(place.file("my.key"));
    let error = refused(&place, options.clone()).await;
    assert_eq!(error.kind(), ErrorKind::SecretsKey);
    options.run_migrations().await.unwrap_err();
    assert_eq!(place.names(), ["my.key"]);
}

#[tokio::test]
async fn a_database_without_tables_that_are_not_to_be_made() {
    let options = |place: &Place| place.options().migrate(false);
    let absent = Place::new();
    let empty = Place::new();
    std::fs::write(empty.database(), "").unwrap();
    let of_the_application = Place::new();
    let connection = Connection::open(of_the_application.database()).unwrap();
    connection
        .execute("CREATE TABLE orders (id INTEGER)", [])
        .unwrap();
    drop(connection);
    for place in [absent, empty, of_the_application] {
        let error = refused(&place, options(&place)).await;
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(error.to_string().contains("run the migrations"), "{error}");
    }
}

#[tokio::test]
async fn a_path_that_no_file_can_have() {
    let place = Place::new();
    for path in [
        "",
        ":memory:",
        "file:webhooks.db",
        "file::memory:?cache=shared",
    ] {
        let error = refused(&place, SqliteOptions::new(path)).await;
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{path}");
    }
    let nowhere = SqliteOptions::new(place.file("nowhere").join("webhooks.db"));
    let error = refused(&place, nowhere).await;
    assert_eq!(error.kind(), ErrorKind::Store);
    let directory = place.file("directory");
    std::fs::create_dir(&directory).unwrap();
    let error = SqliteOptions::new(&directory).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("directory"), "{error}");
}

#[tokio::test]
async fn a_database_that_is_held_for_too_long() {
    let place = used().await;
    let holder = place.connection();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let options = place
        .options()
        .busy_timeout(std::time::Duration::from_millis(50));
    let error = options.clone().open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.is_retryable());
    holder.execute_batch("ROLLBACK").unwrap();
    options.open().await.unwrap();
}
