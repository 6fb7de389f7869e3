//! Whose turn it is: by tenant, then by emitter.

use std::collections::{HashMap, VecDeque};

use super::run::RunId;
use crate::event::Tenant;

/// A queue that takes turns by tenant, then by emitter.
#[derive(Debug, Default)]
pub(crate) struct FairQueue {
    turns: VecDeque<Option<Tenant>>,
    waiting: HashMap<Option<Tenant>, VecDeque<RunId>>,
}

impl FairQueue {
    pub(crate) fn push(&mut self, tenant: Option<&Tenant>, run: RunId) {
        let tenant = tenant.cloned();
        let runs = self.waiting.entry(tenant.clone()).or_default();
        if runs.is_empty() {
            self.turns.push_back(tenant);
        }
        runs.push_back(run);
    }

    pub(crate) fn pop(&mut self) -> Option<RunId> {
        let tenant = self.turns.pop_front()?;
        let runs = self.waiting.get_mut(&tenant)?;
        let run = runs.pop_front()?;
        if runs.is_empty() {
            self.waiting.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        Some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_flood_waits_for_another_tenants_trickle() {
        let (flood, trickle) = (
            Tenant::new("flood").unwrap(),
            Tenant::new("trickle").unwrap(),
        );
        let mut queue = FairQueue::default();
        for run in 0..100 {
            queue.push(Some(&flood), RunId(run));
        }
        queue.push(Some(&trickle), RunId(1_000));
        queue.push(None, RunId(2_000));
        let order: Vec<u64> = std::iter::from_fn(|| queue.pop())
            .map(|run| run.0)
            .collect();
        assert_eq!(order[..5], [0, 1_000, 2_000, 1, 2]);
        assert_eq!(order.len(), 102);
    }

    #[test]
    fn emitters_of_one_tenant_take_turns() {
        let mut queue = FairQueue::default();
        queue.push(None, RunId(1));
        queue.push(None, RunId(2));
        assert_eq!(queue.pop(), Some(RunId(1)));
        queue.push(None, RunId(1));
        assert_eq!(queue.pop(), Some(RunId(2)));
        assert_eq!(queue.pop(), Some(RunId(1)));
        assert_eq!(queue.pop(), None);
    }
}
