//! Webhooks for tests.

use std::time::Duration;

use super::FakeReceiver;
use crate::{Error, Happening, Payload, Receipt, Subscription, Webhooks, event::EventName};

const LOOK: Duration = Duration::from_millis(5);

/// Webhooks whose attempts go to a receiver in memory, and that remember what was emitted.
#[derive(Debug)]
pub struct TestWebhooks {
    webhooks: Webhooks,
    receiver: FakeReceiver,
    happenings: Subscription,
    emitted: Vec<Emitted>,
}

/// An event that was emitted, whether anybody listened or not.
#[derive(Debug, Clone)]
pub struct Emitted {
    /// Its name.
    pub event: EventName,
    /// Its payload.
    pub payload: Payload,
    /// What `emit` returned.
    pub receipt: Receipt,
}

impl Emitted {
    /// The payload as a value.
    ///
    /// # Panics
    /// If the payload holds numbers that `serde_json::Value` cannot.
    #[must_use]
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_slice(self.payload.as_bytes()).expect("a payload that a `Value` can hold")
    }
}

impl Webhooks {
    /// Webhooks for tests: in memory, with a receiver in memory.
    ///
    /// # Errors
    /// None in practice: those of [`WebhooksBuilder::build`](crate::WebhooksBuilder::build).
    pub async fn test() -> Result<TestWebhooks, Error> {
        let receiver = FakeReceiver::default();
        let webhooks = Self::builder().transport(receiver.clone()).build().await?;
        let happenings = webhooks.engine().subscribe_to_all();
        Ok(TestWebhooks {
            webhooks,
            receiver,
            happenings,
            emitted: Vec::new(),
        })
    }
}

impl TestWebhooks {
    /// The webhooks, to be given to the application.
    #[must_use]
    pub fn webhooks(&self) -> Webhooks {
        self.webhooks.clone()
    }

    /// The receiver of all attempts.
    #[must_use]
    pub fn receiver(&self) -> &FakeReceiver {
        &self.receiver
    }

    /// What was emitted so far, in order.
    pub fn emitted(&mut self) -> &[Emitted] {
        while let Some(happening) = self.happenings.try_next() {
            if let Happening::Emitted {
                event,
                payload,
                receipt,
            } = happening
            {
                self.emitted.push(Emitted {
                    event,
                    payload,
                    receipt,
                });
            }
        }
        &self.emitted
    }

    /// Waits until nothing is pending for any emitter that runs.
    ///
    /// # Errors
    /// That of the store.
    pub async fn drain(&self) -> Result<(), Error> {
        loop {
            let pending = self.webhooks.standing(self.webhooks.emitters()).await?;
            if pending.iter().all(|standing| standing.pending == 0) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Asserts that an event of this name, and of this payload where one is given, was emitted.
///
/// # Panics
/// If there was none; the message lists what was emitted.
#[macro_export]
macro_rules! assert_emitted {
    ($test:expr, $event:expr) => {{
        let emitted = $test.emitted();
        assert!(
            emitted.iter().any(|one| one.event == $event),
            "no `{}` was emitted, but {:?}", $event,
            emitted.iter().map(|one| one.event.as_str()).collect::<Vec<_>>(),
        );
    }};
    ($test:expr, $event:expr, $($payload:tt)+) => {{
        let expected = ::serde_json::json!($($payload)+);
        let emitted = $test.emitted();
        assert!(
            emitted.iter().any(|one| one.event == $event && one.value() == expected),
            "no `{}` with {expected} was emitted, but {:?}", $event,
            emitted.iter().map(|one| (one.event.as_str(), one.value())).collect::<Vec<_>>(),
        );
    }};
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::EmitterConfig;

    #[tokio::test(start_paused = true)]
    async fn drain_waits_for_retries_without_taking_time() {
        let mut test = Webhooks::test().await.unwrap();
        let webhooks = test.webhooks();
        let config = EmitterConfig::new("https://crm.example/hooks").unwrap();
        webhooks.attach("crm", ["*"], config).await.unwrap();
        test.receiver().answer_with([StatusCode::BAD_GATEWAY; 5]);
        webhooks.emit("a", &json!({ "n": 1 })).await.unwrap();
        test.drain().await.unwrap();
        assert_eq!(test.receiver().requests().len(), 6);
        crate::assert_emitted!(test, "a");
        crate::assert_emitted!(test, "a", { "n": 1 });
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_emitted_is_remembered_however_much_it_is() {
        let mut test = Webhooks::test().await.unwrap();
        let webhooks = test.webhooks();
        let config = EmitterConfig::new("https://crm.example/hooks").unwrap();
        webhooks.attach("crm", ["*"], config).await.unwrap();
        for n in 0..2_000 {
            webhooks.emit("a", &json!({ "n": n })).await.unwrap();
        }
        test.drain().await.unwrap();
        assert_eq!(test.emitted().len(), 2_000);
        crate::assert_emitted!(test, "a", { "n": 1_999 });
    }

    #[tokio::test]
    #[should_panic(expected = "no `b` was emitted")]
    async fn what_was_not_emitted_is_missed() {
        let mut test = Webhooks::test().await.unwrap();
        test.webhooks().emit("a", &json!({})).await.unwrap();
        crate::assert_emitted!(test, "b");
    }
}
