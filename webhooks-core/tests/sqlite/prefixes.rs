//! Tables of two stores and of the application in one file.

use webhooks_core::{ErrorKind, store::sqlite::SqliteOptions};

use crate::{Place, Receiver, builder, config, numbers, payload};

#[test]
fn a_prefix_is_a_short_name_in_lower_case() {
    let prefix = |prefix: &str| SqliteOptions::new("webhooks.db").table_prefix(prefix);
    for right in ["a", "x_", "outbound_", "w2_", &"a".repeat(32)] {
        assert!(prefix(right).is_ok(), "{right}");
    }
    let wrong = [
        "",
        "_",
        "1a",
        "A_",
        "a-b",
        "a b",
        "a\"b",
        "é_",
        "sqlite_",
        "sqlite_x",
        &"a".repeat(33),
    ];
    for wrong in wrong {
        let error = prefix(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{wrong}");
    }
}

#[tokio::test]
async fn two_stores_and_the_application_share_a_file() {
    let place = Place::new();
    let orders = place.connection();
    orders
        .execute_batch("CREATE TABLE messages (id INTEGER); INSERT INTO messages VALUES (17)")
        .unwrap();
    let mut running = Vec::new();
    // One is the beginning of the other.
    for (n, prefix) in ["a_", "a_b_"].into_iter().enumerate() {
        let options = place.options().table_prefix(prefix).unwrap();
        let receiver = Receiver::new();
        let store = options.open().await.unwrap();
        let webhooks = builder(store, &receiver).build().await.unwrap();
        webhooks.attach("crm", ["*"], config()).await.unwrap();
        webhooks.emit("a", &payload(n)).await.unwrap();
        orders.execute_batch("BEGIN IMMEDIATE").unwrap();
        let event = webhooks_core::Event::new("a", &payload(10 + n)).unwrap();
        let receipt = webhooks.emit_in(&orders, event).unwrap();
        assert_eq!(receipt.deliveries, 1);
        orders.execute_batch("COMMIT").unwrap();
        running.push((webhooks, receiver));
    }
    for (n, (webhooks, receiver)) in running.iter().enumerate() {
        assert_eq!(receiver.wait_for(2).await, numbers([n, 10 + n]));
        webhooks.shutdown(crate::PATIENCE).await.unwrap();
    }
    let count = |table: &str| place.count(&format!("SELECT count(*) FROM {table}"), []);
    assert_eq!(count("a_messages"), 2);
    assert_eq!(count("a_b_messages"), 2);
    let value = place.count("SELECT id FROM messages", []);
    assert_eq!(value, 17);
    let of_default = place.count(
        "SELECT count(*) FROM sqlite_master WHERE name LIKE 'webhooks%'",
        [],
    );
    assert_eq!(of_default, 0);
}
