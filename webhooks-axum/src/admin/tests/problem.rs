//! What of an error goes to the log, and what goes out.

use std::{
    error::Error as StdError,
    fmt::{Debug, Write as _},
    io,
    sync::{Arc, Mutex},
};

use axum::response::IntoResponse as _;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};
use webhooks_core::{Error, ErrorKind};

use super::super::Problem;

/// Writes down the fields of events, and of errors their causes.
#[derive(Default, Clone)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        let mut next = Some(value);
        while let Some(error) = next {
            write!(self.0.lock().unwrap(), "{field}={error} ").unwrap();
            next = error.source();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn what_failed_in_here_goes_to_the_log_with_its_cause_and_not_out() {
    let log = Log::default();
    let error = Error::new(ErrorKind::Store, "the store is away")
        .with_source(io::Error::other("the disk is full"));
    let problem = tracing::subscriber::with_default(log.clone(), || Problem::from(error));
    let logged = log.0.lock().unwrap().clone();
    assert!(logged.contains("the store is away"), "{logged}");
    assert!(logged.contains("the disk is full"), "{logged}");
    let response = problem.into_response();
    assert_eq!(response.status(), 503);
    let body = axum::body::to_bytes(response.into_body(), 1 << 10).await;
    let body = String::from_utf8(body.unwrap().to_vec()).unwrap();
    assert!(!body.contains("disk") && !body.contains("away"), "{body}");
}
