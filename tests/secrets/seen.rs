//! Whatever came out somewhere.

use std::{
    error::Error as _,
    fmt::Debug,
    sync::{Arc, Mutex},
};

use tower::Layer;
use webhooks_core::{
    Error,
    transport::{AttemptRequest, BoxTransport},
};

/// Whatever came out somewhere. Clones are one.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    texts: Arc<Mutex<Vec<String>>>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Seen {
    pub(crate) fn text(&self, text: impl Into<String>) {
        self.texts.lock().unwrap().push(text.into());
    }

    pub(crate) fn debug(&self, value: &impl Debug) {
        self.text(format!("{value:?}"));
        self.text(format!("{value:#?}"));
    }

    /// An error with all its sources, in both ways.
    pub(crate) fn error(&self, error: &Error) {
        self.debug(error);
        self.text(error.to_string());
        let mut source = error.source();
        while let Some(error) = source {
            self.text(format!("{error} {error:?}"));
            source = error.source();
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.texts.lock().unwrap().clone()
    }

    /// The values of all headers that were sent.
    pub(crate) fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }

    /// A layer that sees each attempt.
    pub(crate) fn of_attempts(
        &self,
    ) -> impl Layer<
        BoxTransport,
        Service = tower::util::MapRequest<
            BoxTransport,
            impl Fn(AttemptRequest) -> AttemptRequest + Clone + Send + Sync + use<>,
        >,
    > + Send
    + use<> {
        let seen = self.clone();
        tower::util::MapRequestLayer::new(move |request: AttemptRequest| {
            seen.debug(&request);
            let values = request.headers().values();
            let values = values.filter_map(|value| value.to_str().ok());
            let mut sent = seen.sent.lock().unwrap();
            sent.extend(values.map(str::to_owned));
            drop(sent);
            request
        })
    }
}
