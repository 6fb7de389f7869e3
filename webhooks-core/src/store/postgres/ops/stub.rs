use super::super::{failure::Failure, tx::Context};
use crate::store::*;
use crate::{delivery::DeliveryKey, emitter::EmitterId, env::Timestamp, event::MessageId};
use sqlx::PgConnection as C;
pub async fn redeliver(_: &mut C, _: &Context, _: &Redeliver) -> Result<RedeliverOutcome, Failure> {
    todo!()
}
pub async fn discard(
    _: &mut C,
    _: &Context,
    _: &DeliveryKey,
    _: Timestamp,
) -> Result<DiscardOutcome, Failure> {
    todo!()
}
pub async fn erase_payload(
    _: &mut C,
    _: &Context,
    _: MessageId,
    _: Timestamp,
) -> Result<bool, Failure> {
    todo!()
}
pub struct ReplayJob;
impl ReplayJob {
    pub fn new(_: Replay) -> Self {
        Self
    }
    pub async fn step(
        &mut self,
        _: &mut C,
        _: &Context,
        _: Option<&(dyn Fn() -> MessageId + Send + Sync)>,
    ) -> Result<Option<u64>, Failure> {
        todo!()
    }
}
use super::super::tx::{Tx, ask, get};
use super::super::{rows, sql::Statement};
use crate::emitter::*;
use crate::sign::*;
use http::HeaderMap;
use sqlx::Row as _;
use std::sync::Arc;
fn st(t: &str, cx: &Context) -> Statement {
    let p = &cx.sql.version.text;
    let schema = p.split('"').nth(1).unwrap();
    Statement {
        text: t.replace("webhooks.", &format!("\"{schema}\".")).into(),
        is_prepared: true,
    }
}
const COLS: &str = "id, url, patterns, tenant, settings, headers, keys, state, state_detail, generation, created_at, updated_at";
fn read(cx: &Context, row: &sqlx::postgres::PgRow) -> Result<Emitter, Failure> {
    let id = rows::emitter_id(row, 0)?;
    let headers = match get::<Option<Vec<u8>>>(row, 5)? {
        None => HeaderMap::new(),
        Some(x) => headers_from_stored(&cx.sealer.open(&id, "headers", &x)?)?,
    };
    let keys = keys_from_stored(&cx.sealer.open(&id, "keys", &get::<Vec<u8>>(row, 6)?)?)?;
    let tenant: Option<String> = get(row, 3)?;
    let detail: Option<String> = get(row, 8)?;
    Ok(Emitter {
        url: get::<String>(row, 1)?.into(),
        patterns: patterns_from_stored(&get::<String>(row, 2)?)?,
        tenant: rows::optional("t", tenant.as_deref(), str::parse)?,
        settings: Arc::new(Settings::from_stored(&get::<String>(row, 4)?, headers)?),
        keys: keys.into(),
        state: EmitterState::from_stored(&get::<String>(row, 7)?, detail.as_deref())?,
        generation: rows::number(row, 9)?,
        created_at: rows::time(row, 10)?,
        updated_at: rows::time(row, 11)?,
        id,
    })
}
pub async fn version(c: &mut C, cx: &Context) -> Result<u64, Failure> {
    let r = ask(&cx.sql.version).fetch_one(c).await?;
    rows::number(&r, 0)
}
pub async fn table(c: &mut C, cx: &Context) -> Result<EmitterTable, Failure> {
    let version = version(c, cx).await?;
    let mut e = vec![];
    for r in ask(&st(
        &format!("SELECT {COLS} FROM webhooks.emitters ORDER BY id"),
        cx,
    ))
    .fetch_all(c)
    .await?
    {
        e.push(Arc::new(read(cx, &r)?));
    }
    Ok(EmitterTable {
        version,
        emitters: e,
    })
}
async fn find(tx: &mut Tx<'_>, id: &EmitterId) -> Result<Option<Emitter>, Failure> {
    let cx = tx.cx;
    ask(&st("SELECT value FROM webhooks.version FOR UPDATE", cx))
        .fetch_one(tx.connection())
        .await?;
    let r = ask(&st(
        &format!("SELECT {COLS} FROM webhooks.emitters WHERE id=$1"),
        cx,
    ))
    .bind(id.as_str())
    .fetch_optional(tx.connection())
    .await?;
    r.map(|r| read(cx, &r)).transpose()
}
async fn bump(tx: &mut Tx<'_>) -> Result<(), Failure> {
    let s = st("UPDATE webhooks.version SET value=value+1", tx.cx);
    ask(&s).execute(tx.connection()).await?;
    tx.tell_others();
    Ok(())
}
fn sealed(cx: &Context, e: &Emitter) -> (Option<Vec<u8>>, Vec<u8>) {
    let h = &e.settings.headers;
    (
        (!h.is_empty()).then(|| {
            cx.sealer
                .seal(&e.id, "headers", &headers_to_stored(h), &cx.env)
        }),
        cx.sealer
            .seal(&e.id, "keys", &keys_to_stored(&e.keys), &cx.env),
    )
}
pub async fn put(c: &mut C, cx: &Context, put: &PutEmitter) -> Result<PutOutcome, Failure> {
    let mut tx = Tx::begin(c, cx, put.now).await?;
    if let Some(f) = find(&mut tx, &put.emitter.id).await? {
        return Ok(PutOutcome::Exists(Arc::new(f)));
    }
    let e = Emitter {
        generation: tx.next_generation().await?,
        ..put.emitter.clone()
    };
    let (w, d) = e.state.to_stored();
    let (h, k) = sealed(cx, &e);
    ask(&st(
        &format!(
            "INSERT INTO webhooks.emitters ({COLS}) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)"
        ),
        cx,
    ))
    .bind(e.id.as_str())
    .bind(&*e.url)
    .bind(patterns_to_stored(&e.patterns))
    .bind(e.tenant.as_ref().map(|t| t.as_str()))
    .bind(e.settings.to_stored())
    .bind(h)
    .bind(k)
    .bind(w)
    .bind(d)
    .bind(e.generation as i64)
    .bind(e.created_at.as_micros())
    .bind(e.updated_at.as_micros())
    .execute(tx.connection())
    .await?;
    bump(&mut tx).await?;
    tx.commit().await?;
    Ok(PutOutcome::Created(Arc::new(e)))
}
pub async fn set_state(c: &mut C, cx: &Context, ch: &SetState) -> Result<StateOutcome, Failure> {
    let mut tx = Tx::begin(c, cx, ch.now).await?;
    let Some(f) = find(&mut tx, &ch.emitter).await? else {
        return Ok(StateOutcome::NotFound);
    };
    let state = match ch.change {
        StateChange::Pause(b) => EmitterState::Paused(b),
        StateChange::Restart => EmitterState::Active,
        StateChange::Disable(r) => EmitterState::Disabled(r),
    };
    let (w, d) = state.to_stored();
    ask(&st(
        "UPDATE webhooks.emitters SET state=$2, state_detail=$3, updated_at=$4 WHERE id=$1",
        cx,
    ))
    .bind(ch.emitter.as_str())
    .bind(w)
    .bind(d)
    .bind(ch.now.as_micros())
    .execute(tx.connection())
    .await?;
    if ch.change == StateChange::Restart {
        tx.mark_unowned(&ch.emitter).await?;
    }
    bump(&mut tx).await?;
    tx.commit().await?;
    Ok(StateOutcome::Changed(Arc::new(Emitter { state, ..f })))
}
pub async fn remove(_: &mut C, _: &Context, _: &EmitterId, _: Timestamp) -> Result<bool, Failure> {
    todo!()
}
pub async fn standing(
    _: &mut C,
    _: &Context,
    ids: &[EmitterId],
) -> Result<Vec<EmitterStanding>, Failure> {
    Ok(ids.iter().map(|_| Default::default()).collect())
}
pub async fn go_on_discarding(
    _: &mut C,
    _: &Context,
    _: Option<&EmitterId>,
) -> Result<bool, Failure> {
    Ok(false)
}
