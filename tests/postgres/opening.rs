//! Connecting to a database, and what is refused.

use webhooks_core::{
    ErrorKind,
    env::Env,
    store::{SecretsKey, Store as _, postgres::PostgresOptions},
};

use crate::place::place;

/// What one of them finds must not be what it knew before it waited for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_make_the_tables_once() {
    let place = place!();
    let opening = (0..8).map(|_| tokio::spawn(place.options().connect()));
    let opening: Vec<_> = opening.collect();
    for opened in opening {
        opened.await.unwrap().unwrap();
    }
    assert_eq!(place.count("SELECT count(*) FROM migrations").await, 1);
}

#[tokio::test]
async fn migrations_are_told_beforehand_and_run_once() {
    let place = place!();
    let missing = place.options().validate().await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Store);
    assert!(missing.to_string().contains("1 (initial)"), "{missing}");
    let unmigrated = place.options().migrate(false).connect().await;
    assert_eq!(unmigrated.unwrap_err().kind(), ErrorKind::Store);
    let planned = place.options().pending_migrations().await.unwrap();
    assert_eq!(planned.len(), 1);
    assert_eq!(place.options().run_migrations().await.unwrap(), planned);
    assert_eq!(place.options().run_migrations().await.unwrap(), []);
    place.options().validate().await.unwrap();
    let store = place.options().migrate(false).connect().await.unwrap();
    assert_eq!(store.version().await.unwrap(), 0);
}

#[tokio::test]
async fn another_secrets_key_is_refused_by_name() {
    let place = place!();
    place.store().await;
    let key = SecretsKey::generate(&Env::system());
    let options = PostgresOptions::new(place.schema.url(), key.clone()).unwrap();
    let options = options.schema(place.schema.name()).unwrap();
    for refused in [
        options.clone().connect().await.map(drop).unwrap_err(),
        options.run_migrations().await.map(drop).unwrap_err(),
    ] {
        assert_eq!(refused.kind(), ErrorKind::SecretsKey);
        for id in [place.key.id().to_string(), key.id().to_string()] {
            assert!(refused.to_string().contains(&id), "{refused}");
        }
    }
}

#[tokio::test]
async fn tables_of_a_later_version_are_refused() {
    let place = place!();
    place.store().await;
    let mut connection = place.connection().await;
    sqlx::query("INSERT INTO migrations (number, name, applied_at) VALUES (99, 'later', 0)")
        .execute(&mut connection)
        .await
        .unwrap();
    let refused = place.options().connect().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Store);
    assert!(refused.to_string().contains("99"), "{refused}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let key = SecretsKey::generate(&Env::system());
    let url = "postgres://someone:secret@127.0.0.1:1/nowhere";
    let options = PostgresOptions::new(url, key.clone()).unwrap();
    let shown = format!("{options:?}");
    assert!(!shown.contains("secret@"), "{shown}");
    let refused = options.connect().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Store);
    assert!(refused.is_retryable());
    let text = format!("{refused} {refused:?}");
    assert!(text.contains("127.0.0.1:1"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    for url in ["mysql://localhost/x", "postgres://host:port/x", ""] {
        let refused = PostgresOptions::new(url, key.clone()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidConfig, "{url}");
    }
    for schema in ["", "pg_mine", "With Space", "9", &"x".repeat(49)] {
        let options = PostgresOptions::new("postgres://localhost/x", key.clone()).unwrap();
        let refused = options.schema(schema).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidConfig, "{schema}");
    }
}
