//! A look at whether anything is to be done.

use sqlx::PgConnection;

use super::super::{
    failure::Failure,
    rows,
    tx::{Context, ask, get},
};

/// The version of the emitter table, and whether an emitter that runs is marked.
pub(in super::super) async fn look(
    connection: &mut PgConnection,
    cx: &Context,
) -> Result<(u64, bool), Failure> {
    let row = ask(&cx.sql.any_mark).fetch_one(connection).await?;
    Ok((rows::number(&row, 0)?, get(&row, 1)?))
}
