//! Loading what is pending.

use super::{
    both::Both,
    run::{Found, Run, heard, pick, same},
    settle::Job,
    step::Pick,
};
use crate::store::{Load, Loaded, PendingRow, lane_of};

impl Run {
    /// All of it is compared with the model's; that of some lanes with what it should be of all.
    pub(super) async fn load(
        &mut self,
        lease: Pick,
        behind: Option<Pick>,
        lanes: u32,
        only: Option<Vec<u32>>,
        (limit, max_bytes): (usize, usize),
    ) -> Found {
        let Some(at) = pick(&self.leases, lease) else {
            return Ok(());
        };
        let held = self.leases[at].clone();
        let seqs: Vec<Both<u64>> = self
            .seqs
            .get(&held.emitter)
            .map_or_else(Vec::new, |known| known.pairs().collect());
        let after = behind.and_then(|back| pick(&seqs, back).map(|at| seqs[at]));
        let after = after.unwrap_or(Both { store: 0, model: 0 });
        let request = Load {
            node: held.node,
            emitter: held.emitter.clone(),
            epoch: held.epoch.store,
            after: after.store,
            lanes,
            only: None,
            limit,
            max_bytes,
            now: self.now(),
        };
        let of_model = self.model.load(&Load {
            epoch: held.epoch.model,
            after: after.model,
            limit: usize::MAX,
            max_bytes: usize::MAX,
            ..request.clone()
        });
        self.cover("load", &of_model);
        let all = self.pages(request.clone()).await?;
        let (all, model) = match (all, of_model) {
            (Err(Loaded::NotOwner), Loaded::NotOwner) | (Err(Loaded::Marked), Loaded::Marked) => {
                return Ok(());
            }
            (Ok(all), Loaded::Rows { rows, .. }) => (all, rows),
            (store, model) => {
                return Err(format!(
                    "`load` differs\n  store: {store:?}\n  model: {model:?}"
                ));
            }
        };
        same("loaded rows", &all.len(), &model.len())?;
        for (store, model) in all.iter().zip(&model) {
            same("loaded message", &store.message, &model.message)?;
            same("progress", &store.progress, &model.progress)?;
            let seq = Both {
                store: store.seq,
                model: model.seq,
            };
            self.same_seq(&held.emitter, seq)?;
            self.jobs.push(Job {
                key: crate::delivery::DeliveryKey {
                    message_id: store.message.id,
                    emitter: held.emitter.clone(),
                },
                seq,
                held: held.clone(),
                progress: store.progress,
            });
        }
        let Some(only) = only else {
            return Ok(());
        };
        let meant = |row: &&PendingRow| only.contains(&lane_of(row.seq, &row.message, lanes));
        let expected: Vec<u64> = all.iter().filter(meant).map(|row| row.seq).collect();
        let some = Load {
            only: Some(only.clone()),
            ..request
        };
        let found = match self.pages(some).await? {
            Ok(found) => found,
            Err(other) => return Err(format!("what was just loaded is {other:?}")),
        };
        let found: Vec<u64> = found.iter().map(|row| row.seq).collect();
        same("rows of some lanes", &found, &expected)
    }

    /// All pages of a load, or the other answer.
    async fn pages(&self, mut request: Load) -> Found<Result<Vec<PendingRow>, Loaded>> {
        let mut all = Vec::new();
        loop {
            let answer = self.world.store.load(vec![request.clone()]);
            let mut answer = heard("load", answer).await?;
            same("answers to load", &answer.len(), &1)?;
            let (rows, more) = match answer.remove(0) {
                Loaded::Rows { rows, more } => (rows, more),
                other => return Ok(Err(other)),
            };
            let bytes = |row: &PendingRow| row.message.body.as_ref().map_or(0, |body| body.len());
            let but_last = rows.len().saturating_sub(1);
            let before_last: usize = rows[..but_last].iter().map(bytes).sum();
            let too_long = rows.len() > request.limit;
            let too_large = but_last > 0 && before_last >= request.max_bytes;
            let last = rows.last().map(|row| row.seq);
            if too_long || too_large || (more && last.is_none()) {
                return Err(format!(
                    "`load` brings {} rows with {before_last} bytes before the last, more: {more}; \
                     asked for were {} and {}",
                    rows.len(),
                    request.limit,
                    request.max_bytes
                ));
            }
            all.extend(rows);
            match last {
                Some(last) if more => request.after = last,
                _ => return Ok(Ok(all)),
            }
        }
    }
}
