//! Comparing what has a place in the order of an emitter.

use super::{
    both::Both,
    run::{Found, Run, same},
};
use crate::{emitter::EmitterId, store::DeliveryRecord};

impl Run {
    pub(super) fn same_seq(&mut self, emitter: &EmitterId, seq: Both<u64>) -> Found {
        let mapping = self.seqs.entry(emitter.clone()).or_default();
        if mapping.agrees(seq) {
            return Ok(());
        }
        Err(format!(
            "the order of `{emitter}` differs: place {} of the store's is {} of the model's",
            seq.store, seq.model
        ))
    }

    pub(super) fn same_record(&mut self, store: &DeliveryRecord, model: &DeliveryRecord) -> Found {
        let seq = Both {
            store: store.seq,
            model: model.seq,
        };
        let store = DeliveryRecord {
            seq: model.seq,
            ..store.clone()
        };
        same("delivery", &store, model)?;
        self.same_seq(&model.key.emitter, seq)
    }

    pub(super) fn same_records(
        &mut self,
        store: &[DeliveryRecord],
        model: &[DeliveryRecord],
    ) -> Found {
        let keys = |records: &[DeliveryRecord]| -> Vec<_> {
            records.iter().map(|record| record.key.clone()).collect()
        };
        same("listed deliveries", &keys(store), &keys(model))?;
        let mut pairs = store.iter().zip(model);
        pairs.try_for_each(|(store, model)| self.same_record(store, model))
    }
}
