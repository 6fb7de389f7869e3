//! Idempotency keys.

use rusqlite::params;

use super::super::{failure::Failure, rows, tx::Tx};
use crate::{
    env::Timestamp,
    event::{DeliveryId, IdempotencyKey, Tenant},
    store::{IDEMPOTENCY_LIFETIME, Receipt},
};

/// What a key stands for.
pub(super) struct Known {
    pub(super) fingerprint: [u8; 32],
    pub(super) receipt: Receipt,
}

fn scope(tenant: Option<&Tenant>) -> &str {
    tenant.map_or("", Tenant::as_str)
}

/// What the key stands for, if that is not too old.
pub(super) fn find(
    tx: &Tx<'_>,
    tenant: Option<&Tenant>,
    key: &IdempotencyKey,
    now: Timestamp,
) -> Result<Option<Known>, Failure> {
    let mut statement = tx.prepare(&tx.sql().idempotency_find)?;
    let too_old = now.saturating_sub(IDEMPOTENCY_LIFETIME).as_micros();
    let mut found = statement.query(params![scope(tenant), key.as_str(), too_old])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    let delivery_id: String = row.get(1)?;
    Ok(Some(Known {
        fingerprint: row.get(0)?,
        receipt: Receipt {
            delivery_id: rows::parsed("a delivery ID", DeliveryId::new(delivery_id))?,
            message_id: rows::message_id(row, 2)?,
            deliveries: row.get::<_, i64>(3)? as usize,
        },
    }))
}

/// Remembers a key.
pub(super) fn put(
    tx: &Tx<'_>,
    tenant: Option<&Tenant>,
    key: &IdempotencyKey,
    fingerprint: &[u8; 32],
    receipt: &Receipt,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        &tx.sql().idempotency_put,
        params![
            scope(tenant),
            key.as_str(),
            fingerprint,
            now.as_micros(),
            receipt.delivery_id.as_str(),
            receipt.message_id.as_uuid().as_bytes(),
            receipt.deliveries as i64,
        ],
    )?;
    Ok(())
}
