//! Events and their deliveries.

use super::*;

#[tokio::test]
async fn lists_page_newest_first_and_filter() {
    let app = app().await;
    for n in 0..5 {
        let body =
            with(&json!({ "id": format!("e{n}"), "tenant": if n < 2 { Some("t") } else { None } }));
        assert_eq!(post(&app, "/emitters", body).await.0, 201);
    }
    let mut seen = Vec::new();
    let mut path = "/emitters?limit=2".to_owned();
    loop {
        let (_, page) = get(&app, &path).await;
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].clone()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/emitters?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(json!(seen), json!(["e4", "e3", "e2", "e1", "e0"]));
    let count = async |query: &str| {
        get(&app, &format!("/emitters?{query}")).await.1["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count("tenant=t").await, 2);
    assert_eq!(count("event=order.created").await, 5);
    assert_eq!(count("event=invoice.paid").await, 0);
    assert_eq!(count("state=paused").await, 0);
    for wrong in ["state=x", "limit=0", "limit=251", "cursor=x", "color=red"] {
        assert_eq!(
            get(&app, &format!("/emitters?{wrong}")).await.0,
            422,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn events_are_queued_and_their_deliveries_can_be_discarded_and_redelivered() {
    let app = app().await;
    assert_eq!(post(&app, "/emitters", crm()).await.0, 201);
    assert_eq!(
        send(&app, Method::POST, "/emitters/crm/pause", None)
            .await
            .0,
        200
    );
    let event = json!({ "event": "order.created", "payload": { "b": 1 }, "delivery_id": "d-1" });
    let (status, receipt) = post(&app, "/events", event).await;
    assert_eq!((status, &receipt["deliveries"]), (202, &json!(1)));
    let id = receipt["message_id"].as_str().unwrap();

    let (_, page) = get(
        &app,
        "/deliveries?delivery_id=d-1&state=pending&emitter=crm",
    )
    .await;
    assert_eq!(page["items"][0]["message_id"], id);
    let (_, message) = get(&app, &format!("/messages/{id}")).await;
    assert_eq!(
        (&message["payload"], &message["size"]),
        (&json!({ "b": 1 }), &json!(7))
    );
    let path = format!("/messages/{id}/deliveries/crm");
    assert_eq!(get(&app, &path).await.1["attempts"], json!([]));
    let (status, discarded) = send(&app, Method::POST, &format!("{path}/discard"), None).await;
    assert_eq!((status, &discarded["reason"]), (200, &json!("skipped")));
    let (status, problem) = send(&app, Method::POST, &format!("{path}/discard"), None).await;
    assert_eq!((status, &problem["type"]), (409, &json!("not_pending")));
    let (status, again) = send(&app, Method::POST, &format!("{path}/redeliver"), None).await;
    assert_eq!((status, &again["state"]), (202, &json!("pending")));
    let (_, fresh) = post(
        &app,
        &format!("{path}/redeliver"),
        json!({ "fresh_id": true }),
    )
    .await;
    assert_eq!(
        fresh["message_id"], id,
        "a pending one is due now, and no other is made"
    );
    for unknown in ["/messages/msg_0", "/messages/x/deliveries/crm"] {
        assert_eq!(get(&app, unknown).await.0, 404);
    }
}

#[tokio::test]
async fn pages_of_deliveries_stay_as_they_were_while_events_arrive() {
    let app = app().await;
    assert_eq!(post(&app, "/emitters", crm()).await.0, 201);
    assert_eq!(post(&app, "/emitters/crm/pause", json!({})).await.0, 200);
    let emit = async |id: String| {
        let event = json!({ "event": "order.created", "payload": {}, "delivery_id": id });
        assert_eq!(post(&app, "/events", event).await.0, 202);
    };
    for n in 0..6 {
        emit(n.to_string()).await;
    }
    let mut seen = Vec::new();
    let mut path = "/deliveries?limit=2".to_owned();
    let mut pages = 0;
    loop {
        let (_, page) = get(&app, &path).await;
        pages += 1;
        for item in page["items"].as_array().unwrap() {
            seen.push(item["delivery_id"].clone());
        }
        emit(format!("new-{pages}")).await;
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/deliveries?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(json!(seen), json!(["5", "4", "3", "2", "1", "0"]));
    assert_eq!(pages, 3, "the last page is known to be the last");
    let (_, whole) = get(&app, "/deliveries?limit=250").await;
    assert_eq!(whole["items"].as_array().unwrap().len(), 9);
    assert_eq!(whole["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_delivery_id_is_visible_ascii_or_a_new_uuid_whatever_the_request() {
    let app = app().await;
    let event = |id: Value| json!({ "event": "a", "payload": {}, "delivery_id": id });
    let longest = "x".repeat(128);
    for right in ["d", "~!", &longest] {
        let (status, receipt) = post(&app, "/events", event(json!(right))).await;
        assert_eq!((status, &receipt["delivery_id"]), (202, &json!(right)));
    }
    let too_long = "x".repeat(129);
    for wrong in ["", " ", "a b", "\u{e9}", "a\n", &too_long] {
        let (status, problem) = post(&app, "/events", event(json!(wrong))).await;
        assert_eq!((status, &problem["type"]), (422, &json!("invalid_value")));
    }
    let request = Request::post("/a/b/api/events")
        .header("authorization", "Bearer token")
        .header("content-type", "application/json")
        .header("x-request-id", "mine")
        .body(Body::from(r#"{"event":"a","payload":{}}"#));
    let (_, receipt) = answer(&app, request.unwrap()).await;
    assert_eq!(receipt["delivery_id"].as_str().unwrap().len(), 36);
}
