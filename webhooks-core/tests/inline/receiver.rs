//! The receiver, which outlives the processes.

use std::sync::{Arc, Mutex};

use http::StatusCode;
use webhooks_core::transport::{AttemptRequest, AttemptResponse, BoxTransport};

/// Refuses the first requests, and takes the others. Clones are one.
#[derive(Clone)]
pub(crate) struct Receiver {
    refuses: usize,
    arrived: Arc<Mutex<Vec<usize>>>,
}

impl Receiver {
    pub(crate) fn refusing(refuses: usize) -> Self {
        Self {
            refuses,
            arrived: Arc::default(),
        }
    }

    pub(crate) fn transport(&self) -> BoxTransport {
        let receiver = self.clone();
        BoxTransport::new(tower::service_fn(move |request: AttemptRequest| {
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            let number = usize::try_from(body["n"].as_u64().unwrap()).unwrap();
            let mut arrived = receiver.arrived.lock().unwrap();
            arrived.push(number);
            let status = if arrived.len() > receiver.refuses {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            std::future::ready(Ok(AttemptResponse::new(status)))
        }))
    }

    /// The numbers in what has arrived.
    pub(crate) fn arrived(&self) -> Vec<usize> {
        self.arrived.lock().unwrap().clone()
    }

    /// The numbers in what has arrived, each once, in the order in which they came first.
    pub(crate) fn first_arrivals(&self) -> Vec<usize> {
        let mut first = Vec::new();
        for number in self.arrived() {
            if !first.contains(&number) {
                first.push(number);
            }
        }
        first
    }
}
