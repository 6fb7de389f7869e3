//! One delivery as lists have it.

use sqlx::PgConnection;

use super::super::{
    failure::Failure,
    rows,
    tx::{Context, ask},
};
use crate::{delivery::DeliveryKey, store::DeliveryRecord};

/// One delivery as it stands.
pub(super) async fn record(
    connection: &mut PgConnection,
    cx: &Context,
    key: &DeliveryKey,
) -> Result<Option<DeliveryRecord>, Failure> {
    let row = ask(&cx.sql.delivery)
        .bind(key.message_id.as_uuid())
        .bind(key.emitter.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(|row| rows::record(&row)).transpose()
}
