use super::super::{failure::Failure, tx::Context};
use crate::store::*;
use crate::{delivery::DeliveryKey, emitter::EmitterId, env::Timestamp, event::MessageId};
use sqlx::PgConnection as C;
pub async fn version(_: &mut C, _: &Context) -> Result<u64, Failure> {
    todo!()
}
pub async fn table(_: &mut C, _: &Context) -> Result<EmitterTable, Failure> {
    todo!()
}
pub async fn put(_: &mut C, _: &Context, _: &PutEmitter) -> Result<PutOutcome, Failure> {
    todo!()
}
pub async fn set_state(_: &mut C, _: &Context, _: &SetState) -> Result<StateOutcome, Failure> {
    todo!()
}
pub async fn remove(_: &mut C, _: &Context, _: &EmitterId, _: Timestamp) -> Result<bool, Failure> {
    todo!()
}
pub async fn standing(
    _: &mut C,
    _: &Context,
    _: &[EmitterId],
) -> Result<Vec<EmitterStanding>, Failure> {
    todo!()
}
pub async fn deliveries(
    _: &mut C,
    _: &Context,
    _: &DeliveryFilter,
) -> Result<Page<DeliveryRecord>, Failure> {
    todo!()
}
pub async fn delivery(
    _: &mut C,
    _: &Context,
    _: &DeliveryKey,
) -> Result<Option<DeliveryDetail>, Failure> {
    todo!()
}
pub async fn message_detail(
    _: &mut C,
    _: &Context,
    _: MessageId,
) -> Result<Option<MessageDetail>, Failure> {
    todo!()
}
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
pub async fn go_on_discarding(
    _: &mut C,
    _: &Context,
    _: Option<&EmitterId>,
) -> Result<bool, Failure> {
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
pub async fn stats(_: &mut C, _: &Context, _: Timestamp) -> Result<Stats, Failure> {
    todo!()
}
#[derive(Default, Clone)]
pub struct Places;
pub struct ReplayJob;
pub struct PruneJob;
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
impl PruneJob {
    pub fn new(_: Prune, _: Places) -> Self {
        Self
    }
    pub async fn step(
        &mut self,
        _: &mut C,
        _: &Context,
    ) -> Result<Option<(Pruned, Places)>, Failure> {
        todo!()
    }
}
