//! Attaches and restarts of one emitter at once.

use tokio::task::JoinSet;
use webhooks_core::{Backlog, ErrorKind};
use webhooks_tests::Receiver;

use crate::{builder, config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_attaches_at_once_one_wins_and_its_configuration_counts() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    for round in 0..20 {
        let id = format!("crm-{round}");
        let mut attaches = JoinSet::new();
        for n in 0..8 {
            let (webhooks, id) = (webhooks.clone(), id.clone());
            let config = config(&receiver).description(n.to_string());
            attaches.spawn(async move { (n, webhooks.attach(id, ["*"], config).await) });
        }
        let (won, lost): (Vec<_>, Vec<_>) = attaches
            .join_all()
            .await
            .into_iter()
            .partition(|(_, result)| result.is_ok());
        assert_eq!((won.len(), lost.len()), (1, 7));
        for (_, result) in lost {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::AlreadyExists);
        }
        let winner = webhooks.emitter(&id).unwrap();
        let description = winner.settings().description.clone();
        assert_eq!(description, Some(won[0].0.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_restarts_at_once_exactly_one_wins() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    for round in 0..50 {
        let backlog = [Backlog::Keep, Backlog::Discard][round % 2];
        webhooks.pause("crm", backlog).await.unwrap();
        let restart = || {
            let webhooks = webhooks.clone();
            tokio::spawn(async move { webhooks.restart("crm").await })
        };
        let (first, second) = (restart(), restart());
        let results = [first.await.unwrap(), second.await.unwrap()];
        let lost: Vec<ErrorKind> = results
            .iter()
            .filter_map(|result| Some(result.as_ref().err()?.kind()))
            .collect();
        assert_eq!(lost, [ErrorKind::AlreadyRunning]);
        assert!(webhooks.is_started("crm"));
    }
}
