use sqlx::Executor as _;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use webhooks_core::{
    EmitterId,
    delivery::*,
    env::{Env, Timestamp},
    event::*,
    store::postgres::PostgresOptions,
    store::*,
};
use webhooks_tests::postgres::schema;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn speed() {
    let schema = schema().await.unwrap();
    let env = Env::system();
    let store = PostgresOptions::new(schema.url(), SecretsKey::generate(&env))
        .unwrap()
        .schema(schema.name())
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut c = schema.connect().await;
    let n: usize = std::env::var("EM")
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(100);
    let batch: usize = std::env::var("BATCH")
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(100);
    c.execute(sqlx::AssertSqlSafe(format!("INSERT INTO emitters (id,url,patterns,settings,keys,state,generation,created_at,updated_at) SELECT 'e'||i,'http://x','*','{{}}','x','active',1,0,0 FROM generate_series(0,{}) i", n-1))).await.unwrap();
    let node = NodeId::generate(&env);
    store.renew(node, env.now()).await.unwrap();
    let ids: Vec<EmitterId> = (0..n)
        .map(|i| EmitterId::new(format!("e{i}")).unwrap())
        .collect();
    let leases = store
        .lease(LeaseRequest {
            node,
            emitters: Some(ids.clone()),
            limit: n,
            now: env.now(),
        })
        .await
        .unwrap();
    assert_eq!(leases.len(), n);
    let epoch: std::collections::HashMap<_, _> = leases
        .iter()
        .map(|l| (l.emitter.clone(), l.epoch))
        .collect();
    let body = bytes(512);
    let rounds = std::env::var("ROUNDS")
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(100usize);
    let (mut ta, mut ts) = (Duration::ZERO, Duration::ZERO);
    let mut k = 0;
    for round in 0..rounds {
        let now = env.now();
        let messages: Vec<NewMessage> = (0..batch)
            .map(|_| {
                k += 1;
                let e = &ids[k % n];
                NewMessage {
                    message: Arc::new(Message {
                        id: MessageId::generate(&env),
                        event: EventName::new("order.created").unwrap(),
                        size: 512,
                        body: Some(body.clone().into()),
                        delivery_id: DeliveryId::generate(&env),
                        tenant: None,
                        ordering_key: None,
                        trace_parent: None,
                        created_at: now,
                    }),
                    idempotency: None,
                    deliveries: vec![NewDelivery {
                        emitter: e.clone(),
                        generation: 1,
                        epoch: Some(epoch[e]),
                        due: now,
                    }],
                }
            })
            .collect();
        let t = Instant::now();
        let out = store
            .append(Append {
                node,
                messages: messages.clone(),
                now,
            })
            .await
            .unwrap();
        ta += t.elapsed();
        let settlements: Vec<Settlement> = messages
            .iter()
            .zip(&out)
            .map(|(m, a)| {
                let Appended::Stored(s) = a else { panic!() };
                assert_eq!(s.rows[0].fate, Fate::Straight);
                Settlement {
                    key: DeliveryKey {
                        message_id: m.message.id,
                        emitter: m.deliveries[0].emitter.clone(),
                    },
                    seq: s.rows[0].seq,
                    epoch: m.deliveries[0].epoch.unwrap(),
                    attempt: Arc::new(Attempt {
                        number: 1,
                        started_at: now,
                        duration: Duration::from_millis(3),
                        outcome: AttemptOutcome::Status(200),
                        url: "http://127.0.0.1:1234/hooks".into(),
                        remote_addr: Some("127.0.0.1:1234".parse().unwrap()),
                        response_headers: CapturedHeaders::from_text("content-length: 0\n"),
                        response_body: Default::default(),
                        response_truncated: false,
                    }),
                    verdict: Verdict::Delivered,
                }
            })
            .collect();
        let t = Instant::now();
        let out = store
            .settle(Settle {
                node,
                settlements,
                health: vec![],
                now: env.now(),
            })
            .await
            .unwrap();
        ts += t.elapsed();
        assert!(out.iter().all(|o| *o == SettleOutcome::Settled), "{out:?}");
        if round == 5 {
            ta = Duration::ZERO;
            ts = Duration::ZERO;
        }
    }
    let total = (rounds as u32 - 6) * batch as u32;
    println!(
        "{n} emitters, batch {batch}: append {:?}/row = {:?}/batch, settle {:?}/row = {:?}/batch, {:.0} rows/s",
        ta / total,
        ta / (rounds as u32 - 6),
        ts / total,
        ts / (rounds as u32 - 6),
        total as f64 / (ta + ts).as_secs_f64()
    );
}
fn bytes(n: usize) -> Vec<u8> {
    vec![b'x'; n]
}
