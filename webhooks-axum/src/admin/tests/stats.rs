//! What is counted.

use super::*;

fn counts(pending: u64, discarded: u64) -> Value {
    let counts = json!({ "pending": pending, "delivered": 0, "dead": 0, "discarded": discarded });
    json!({ "all": counts, "last_hour": counts, "last_day": counts })
}

fn with_emitters(mut in_all: Value, emitters: Value) -> Value {
    in_all["emitters"] = emitters;
    in_all
}

#[tokio::test]
async fn queues_are_counted_in_all_and_each() {
    let app = app().await;
    let none = with_emitters(counts(0, 0), json!({}));
    assert_eq!(get(&app, "/stats").await, (200, none));
    for id in ["crm", "idle"] {
        let body = with(&json!({ "id": id, "events": [format!("{id}.*")] }));
        assert_eq!(post(&app, "/emitters", body).await.0, 201);
    }
    assert_eq!(post(&app, "/emitters/crm/pause", json!({})).await.0, 200);
    for _ in 0..3 {
        let event = json!({ "event": "crm.new", "payload": {} });
        assert_eq!(post(&app, "/events", event).await.0, 202);
    }
    let emitters = json!({ "crm": counts(3, 0), "idle": counts(0, 0) });
    let paused = with_emitters(counts(3, 0), emitters);
    assert_eq!(get(&app, "/stats").await, (200, paused));

    let discard = json!({ "backlog": "discard" });
    assert_eq!(post(&app, "/emitters/crm/pause", discard).await.0, 200);
    assert_eq!(get(&app, "/stats").await.1["emitters"]["crm"], counts(0, 3));
    let detached = send(&app, Method::DELETE, "/emitters/crm", None).await;
    assert_eq!(detached.0, 204);
    let gone = with_emitters(counts(0, 3), json!({ "idle": counts(0, 0) }));
    assert_eq!(get(&app, "/stats").await, (200, gone));
}

#[tokio::test]
async fn attempts_show_by_what_became_of_their_delivery() {
    let app = app().await;
    let retry = json!({ "policy": "exponential", "max_attempts": 1 });
    let body = with(&json!({ "retry": retry }));
    assert_eq!(post(&app, "/emitters", body).await.0, 201);
    let event = json!({ "event": "order.created", "payload": {} });
    assert_eq!(post(&app, "/events", event).await.0, 202);
    let settled = async {
        while get(&app, "/stats").await.1["all"]["pending"] != 0 {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(10);
    tokio::time::timeout(patience, settled).await.unwrap();
    let (_, stats) = get(&app, "/stats").await;
    let dead = json!({ "pending": 0, "delivered": 0, "dead": 1, "discarded": 0 });
    for part in [&stats, &stats["emitters"]["crm"]] {
        for time in ["all", "last_hour", "last_day"] {
            assert_eq!(part[time], dead, "{time}");
        }
    }
}

#[tokio::test]
async fn only_get_is_taken_and_a_token_wanted() {
    let app = app().await;
    assert_eq!(post(&app, "/stats", json!({})).await.0, 405);
    let request = Request::get("/a/b/api/stats").body(Body::empty());
    assert_eq!(answer(&app, request.unwrap()).await.0, 401);
}
