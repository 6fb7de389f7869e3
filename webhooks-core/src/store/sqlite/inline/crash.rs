//! When the process of a store is killed.

/// Where the process of a store is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The work is done, but not committed: nothing of it is stored.
    BeforeCommit,
    /// It is committed, but nobody is told.
    AfterCommit,
}

/// Which commit is the last, and where it is killed.
#[derive(Debug, Default)]
pub(super) struct Plan(Option<(u64, Crash)>);

impl Plan {
    /// 1 is the next commit.
    pub(super) fn at(&mut self, n: u64, crash: Crash) {
        self.0 = Some((n, crash));
    }

    /// One more commit; where it is killed, if it is the one.
    pub(super) fn commit(&mut self) -> Option<Crash> {
        let (left, crash) = self.0.as_mut()?;
        *left = left.saturating_sub(1);
        (*left == 0).then_some(*crash)
    }
}
