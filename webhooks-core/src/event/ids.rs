//! The IDs and keys that an event carries.

use std::fmt;

use uuid::Uuid;

use crate::{
    Error,
    env::Env,
    text::{check_text, excerpt, is_visible_ascii, text_newtype},
};

const VISIBLE: &str = "visible ASCII characters";

text_newtype! {
    /// The delivery ID: what correlates everything that one request caused. It goes out as
    /// `X-Webhooks-Delivery`, may repeat, and is 1–128 visible ASCII characters.
    DeliveryId, check_delivery_id
}

text_newtype! {
    /// A tenant: 1–128 visible ASCII characters.
    Tenant, check_tenant
}

text_newtype! {
    /// An ordering key: deliveries with the same one keep their order. 1–256 visible ASCII
    /// characters.
    OrderingKey, check_ordering_key
}

text_newtype! {
    /// An idempotency key: an event that repeats one is answered with the first receipt. 1–256
    /// visible ASCII characters.
    IdempotencyKey, check_idempotency_key
}

fn check_delivery_id(text: &str) -> Result<(), Error> {
    check_text("delivery ID", text, 128, VISIBLE, is_visible_ascii)
}

fn check_tenant(text: &str) -> Result<(), Error> {
    check_text("tenant", text, 128, VISIBLE, is_visible_ascii)
}

fn check_ordering_key(text: &str) -> Result<(), Error> {
    check_text("ordering key", text, 256, VISIBLE, is_visible_ascii)
}

fn check_idempotency_key(text: &str) -> Result<(), Error> {
    check_text("idempotency key", text, 256, VISIBLE, is_visible_ascii)
}

impl DeliveryId {
    /// A new random one (UUID, version 4).
    #[must_use]
    pub fn generate(env: &Env) -> Self {
        let mut buffer = Uuid::encode_buffer();
        Self((&*env.uuid_v4().hyphenated().encode_lower(&mut buffer)).into())
    }
}

impl OrderingKey {
    /// A hash that decides the lane, and is stored.
    pub(crate) fn stable_hash(&self) -> i64 {
        stable_hash(self.as_str())
    }
}

/// A hash that is the same on every machine and in every version (FNV-1a, 64 bits, folded into the
/// non-negative half).
pub(crate) fn stable_hash(text: &str) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    ((hash ^ (hash >> 32)) & (u64::MAX >> 1)) as i64
}

/// The message ID: the receiver's idempotency key, unique, the same on every retry.
///
/// Printed as `msg_` and the 32 hexadecimal digits of a UUIDv7.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(Uuid);

impl MessageId {
    /// The message ID of this UUID.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID inside.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }

    /// A new one, greater than every one made before it in this process.
    #[must_use]
    pub fn generate(env: &Env) -> Self {
        Self(env.uuid_v7())
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MessageIdText::new(*self).as_str())
    }
}

/// A message ID as text, without an allocation.
pub(crate) struct MessageIdText([u8; 36]);

impl MessageIdText {
    pub(crate) fn new(id: MessageId) -> Self {
        let mut text = *b"msg_00000000000000000000000000000000";
        let (_, digits) = text.split_at_mut(4);
        id.0.as_simple().encode_lower(digits);
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("hexadecimal digits are ASCII")
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for MessageId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.strip_prefix("msg_")
            .filter(|hex| hex.len() == 32)
            .and_then(|hex| Uuid::try_parse(hex).ok())
            .map(Self)
            .ok_or_else(|| {
                let shown = excerpt(text);
                Error::invalid(format!(
                    "message ID `{shown}` is not of the right form: expected `msg_` and 32 hexadecimal \
                     digits"
                ))
            })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for MessageId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_print_and_parse() {
        let text = "msg_018f6f0e2c5b7d3e8a41c0ffee15600d";
        let id: MessageId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        for wrong in [
            "",
            "018f6f0e2c5b7d3e8a41c0ffee15600d",
            "msg_zz",
            "msg_018f6f0e-2c5b-7d3e-8a41-c0ffee15600d",
        ] {
            assert!(
                wrong
                    .parse::<MessageId>()
                    .unwrap_err()
                    .to_string()
                    .contains("msg_")
            );
        }
    }

    #[test]
    fn delivery_ids_are_visible_ascii() {
        assert!(DeliveryId::new("fbc7fbe7-2e9b-4911-a50f-e0452672192c").is_ok());
        assert!(DeliveryId::new("x".repeat(128)).is_ok());
        for wrong in ["", "a b", "é", "tab\t", &"x".repeat(129)] {
            assert!(DeliveryId::new(wrong).is_err());
        }
    }

    #[test]
    fn generated_delivery_ids_are_uuids_of_version_4() {
        let id = DeliveryId::generate(&Env::system());
        assert_eq!(Uuid::try_parse(id.as_str()).unwrap().get_version_num(), 4);
    }

    #[test]
    fn the_hash_of_an_ordering_key_never_changes() {
        assert_eq!(
            OrderingKey::new("customer-17").unwrap().stable_hash(),
            2_174_255_042_260_621_136
        );
    }
}
