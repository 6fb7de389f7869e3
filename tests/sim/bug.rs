//! Bugs that are planted, to see that the rules find them.

/// A bug. Most show only two times out of three: one that always shows would be found by any test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// An outcome is taken whatever its epoch.
    NoEpochs,
    /// A lease is taken from whoever has it.
    LeasesAreStolen,
    /// A renewal says that it is done, and is not.
    RenewalsAreForgotten,
    /// Outcomes are answered for and not written down.
    OutcomesAreLost,
    /// A load misses the oldest of several.
    LoadsSkipTheOldest,
    /// A load brings what has been settled.
    LoadsBringTheSettled,
    /// What lies behind a mark goes straight to memory.
    MarksAreIgnored,
    /// A message is queued for the first of its emitters alone.
    NewcomersAreForgotten,
    /// A backlog that is to be discarded is kept.
    DiscardsAreForgotten,
    /// What was emitted in a transaction that is rolled back is stored.
    RollbacksAreStored,
    /// The transport sends some requests twice.
    SentTwice,
}

impl Bug {
    pub(crate) const ALL: [Self; 11] = [
        Self::NoEpochs,
        Self::LeasesAreStolen,
        Self::RenewalsAreForgotten,
        Self::OutcomesAreLost,
        Self::LoadsSkipTheOldest,
        Self::LoadsBringTheSettled,
        Self::MarksAreIgnored,
        Self::NewcomersAreForgotten,
        Self::DiscardsAreForgotten,
        Self::RollbacksAreStored,
        Self::SentTwice,
    ];
}
