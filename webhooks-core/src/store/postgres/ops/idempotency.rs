//! Idempotency keys.

use sqlx::{PgConnection, Postgres, postgres::PgArguments, query::Query};
use uuid::Uuid;

use super::super::{
    failure::Failure,
    rows,
    tx::{Context, ask, get},
};
use crate::{
    env::Timestamp,
    event::{DeliveryId, IdempotencyKey, Tenant},
    store::{IDEMPOTENCY_LIFETIME, NewMessage, Receipt},
};

/// What a key stands for.
pub(super) struct Known {
    pub(super) fingerprint: [u8; 32],
    pub(super) receipt: Receipt,
}

/// Whose key it is.
pub(super) fn scope(tenant: Option<&Tenant>) -> &str {
    tenant.map_or("", Tenant::as_str)
}

fn columns<'a>(messages: &[&'a NewMessage]) -> (Vec<&'a str>, Vec<&'a str>) {
    let tenant = |new: &&'a NewMessage| scope(new.message.tenant.as_ref());
    let key = |new: &&'a NewMessage| {
        let key = new.idempotency.as_ref().map(|(key, _)| key);
        key.map_or("", IdempotencyKey::as_str)
    };
    (
        messages.iter().map(tenant).collect(),
        messages.iter().map(key).collect(),
    )
}

/// Binds what is to be remembered: `tenant, key, fingerprint, delivery_id, message_id`.
pub(super) fn bind_keys<'q>(
    query: Query<'q, Postgres, PgArguments>,
    messages: &[&NewMessage],
) -> Query<'q, Postgres, PgArguments> {
    let (tenants, keys) = columns(messages);
    let fingerprints: Vec<&[u8]> = messages
        .iter()
        .filter_map(|new| new.idempotency.as_ref())
        .map(|(_, fingerprint)| fingerprint.as_slice())
        .collect();
    let delivery_ids: Vec<&str> = messages
        .iter()
        .map(|new| new.message.delivery_id.as_str())
        .collect();
    let ids: Vec<Uuid> = messages
        .iter()
        .map(|new| new.message.id.as_uuid())
        .collect();
    query
        .bind(tenants)
        .bind(keys)
        .bind(fingerprints)
        .bind(delivery_ids)
        .bind(ids)
}

/// What the keys of these messages stand for, where that is not too old.
pub(super) async fn find(
    connection: &mut PgConnection,
    cx: &Context,
    messages: &[&NewMessage],
    now: Timestamp,
) -> Result<Vec<Option<Known>>, Failure> {
    let mut known: Vec<Option<Known>> = messages.iter().map(|_| None).collect();
    if messages.iter().all(|new| new.idempotency.is_none()) {
        return Ok(known);
    }
    let (tenants, keys) = columns(messages);
    let found = ask(&cx.sql.idempotency_find)
        .bind(tenants)
        .bind(keys)
        .bind(now.saturating_sub(IDEMPOTENCY_LIFETIME).as_micros())
        .fetch_all(connection)
        .await?;
    for row in &found {
        let place: i64 = get(row, 0)?;
        known[place as usize - 1] = Some(Known {
            fingerprint: rows::parsed("a fingerprint", get::<&[u8]>(row, 1)?.try_into())?,
            receipt: Receipt {
                delivery_id: rows::parsed("a delivery ID", DeliveryId::new(get::<&str>(row, 2)?))?,
                message_id: rows::message_id(row, 3)?,
                deliveries: rows::number(row, 4)? as usize,
            },
        });
    }
    Ok(known)
}
