//! Helpers for the tests of applications (feature `test-util`).
//!
//! - [`Webhooks::test`](crate::Webhooks::test) gives webhooks whose attempts go to a
//!   [`FakeReceiver`] in memory, and that remember what was emitted.
//! - [`assert_emitted!`](crate::assert_emitted) looks for an event among what was emitted.
//! - [`drain`](TestWebhooks::drain) waits until nothing is pending; under paused time retries take
//!   no real time.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), webhooks_core::Error> {
//! use webhooks_core::{EmitterConfig, Webhooks, assert_emitted};
//!
//! let mut test = Webhooks::test().await?;
//! let webhooks = test.webhooks();
//! webhooks.attach("crm", ["order.*"], EmitterConfig::new("https://crm.example/hooks")?).await?;
//! webhooks.emit("order.created", &serde_json::json!({"id": 17})).await?;
//!
//! test.drain().await?;
//! assert_emitted!(test, "order.created", {"id": 17});
//! assert_eq!(test.receiver().requests()[0].event, "order.created");
//! # Ok(())
//! # }
//! ```

mod receiver;
mod webhooks;

pub use self::{
    receiver::{FakeReceiver, FakeRequest},
    webhooks::{Emitted, TestWebhooks},
};
