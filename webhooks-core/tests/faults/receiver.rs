//! The receiver.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::StatusCode;
use tokio::time::sleep;
use webhooks_core::transport::{AttemptRequest, AttemptResponse, BoxTransport};

type Answer = dyn Fn(usize, usize) -> u16 + Send + Sync;

/// Answers by the number in a body and how often that came before; takes down what arrives.
#[derive(Clone)]
pub(crate) struct Receiver {
    answer: Arc<Answer>,
    arrived: Arc<Mutex<Vec<(String, StatusCode)>>>,
}

impl Receiver {
    pub(crate) fn answering(answer: impl Fn(usize, usize) -> u16 + Send + Sync + 'static) -> Self {
        Self {
            answer: Arc::new(answer),
            arrived: Arc::default(),
        }
    }

    pub(crate) fn transport(&self) -> BoxTransport {
        let receiver = self.clone();
        BoxTransport::new(tower::service_fn(move |request: AttemptRequest| {
            let sent = String::from_utf8(request.body().to_vec()).unwrap();
            let status = receiver.arrive(sent);
            async move {
                sleep(Duration::from_millis(1)).await;
                Ok(AttemptResponse::new(status))
            }
        }))
    }

    fn arrive(&self, sent: String) -> StatusCode {
        let number: serde_json::Value = serde_json::from_str(&sent).unwrap();
        let number = usize::try_from(number["n"].as_u64().unwrap()).unwrap();
        let mut arrived = self.arrived.lock().unwrap();
        let before = arrived.iter().filter(|(known, _)| *known == sent).count();
        let status = StatusCode::from_u16((self.answer)(number, before)).unwrap();
        arrived.push((sent, status));
        status
    }

    /// The bodies in the order in which they came first.
    pub(crate) fn first_arrivals(&self) -> Vec<String> {
        let mut first = Vec::new();
        for (body, _) in self.arrived.lock().unwrap().iter() {
            if !first.contains(body) {
                first.push(body.clone());
            }
        }
        first
    }

    /// How often each body was taken.
    pub(crate) fn taken(&self) -> BTreeMap<String, usize> {
        let mut taken = BTreeMap::new();
        for (body, status) in self.arrived.lock().unwrap().iter() {
            if status.is_success() {
                *taken.entry(body.clone()).or_default() += 1;
            }
        }
        taken
    }
}
