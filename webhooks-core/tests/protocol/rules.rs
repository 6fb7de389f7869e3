//! The protocol as a list of rules, each of which can be left out.

/// One rule. What breaks without it is in `broken`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Rule {
    // The sequence.
    /// All nodes draw `seq` from one sequence, one number at a time.
    OneSequence,

    // Marks.
    /// An append that is not proven to be the owner's leaves a mark.
    OthersMark,
    /// `emit_in` leaves a mark, whoever calls it.
    InsideMarks,
    /// A mark is a row of its own, never one that is shared.
    MarksAreRows,
    /// What is emitted inside a transaction goes to nobody's memory before a load brings it.
    InsideWaits,

    // The owner's proof.
    /// An append proves its owner under a lock that it holds up to its commit.
    ProofLocks,
    /// Settling checks the epoch.
    SettleChecks,
    /// Settling checks it under the same lock.
    SettleLocks,

    // Straight to memory.
    /// Nothing goes straight past a mark.
    MarkWithholds,
    /// Nothing goes straight while a load runs: it waits for the merge.
    RunningWithholds,
    /// What waited goes straight then, or a load from zero is wanted.
    WaitingGoes,
    /// But for what the load has brought.
    WaitingIsBrought,
    /// Nothing goes straight while a load is wanted.
    WantedWithholds,
    /// Nothing goes straight that a load has brought since the append was sent.
    BroughtWithholds,
    /// Nothing goes straight past what the lane left in the store.
    TailInMemory,
    /// What goes straight is in memory before its receipt is out.
    PushBeforeReceipt,
    /// What was stored behind the lane's cursor is inserted by its place.
    PassedIsInserted,

    // Loads.
    /// A load reads in a statement that begins after its marks are deleted.
    DeleteThenSelect,
    /// A load deletes the marks of an emitter only where it is the owner.
    OwnerDeletes,
    /// It checks that under the lock.
    DeleteLocks,
    /// What a load brings is merged by place.
    MergeByPlace,
    /// A load passes over what was settled while it ran.
    PassOverSettled,
    /// Whoever takes an emitter over loads it before anything goes straight.
    TakeoverLoads,
    /// The load after a takeover begins at zero.
    TakeoverFromZero,
    /// The load that a mark asks for begins at zero.
    MarkFromZero,
    /// The load that a withheld append of the owner's asks for begins at zero.
    WithheldFromZero,
    /// A load that begins at a cursor deletes no mark.
    RefillKeepsMarks,
    /// A load that begins at a cursor brings nothing where its own snapshot has a mark.
    RefillHeedsMarks,
    /// It brings nothing either where a load from zero has become wanted while it ran.
    RefillYields,
    /// After a page that was not the last, a lane's cursor is not behind that page's end.
    CursorOfPage,

    // Leases.
    /// A lease is taken under a lock, and what was read before is checked again.
    LeaseLocks,
    /// Who takes over from a node sets it dead first.
    KillFirst,
    /// A node past its lease starts nothing before it is renewed.
    SleepersStartNothing,
    /// A node that finds itself dead forgets all that it owned.
    DeadForget,
    /// Giving back respects the locks of open appends.
    GiveBackLocks,
    /// It waits for them; skipping a row would leave a lease that nobody works under.
    GiveBackWaits,
    /// Giving back leaves a mark where something is pending.
    GiveBackMarks,
    /// It looks for that in a statement that begins when it has the lock.
    GiveBackLooksLater,
    /// A give back whose answer was lost is repeated until one is heard.
    GiveBackUntilHeard,

    // Lost answers.
    /// A batch that is sent again has the message IDs that it had.
    SameIds,
    /// Its emitters are loaded.
    UnheardLoads,
    /// Where its answer is waited for still, that load begins when the batch has ended.
    UnheardLoadsLater,
    /// Where it is given up, the emitter is put under a new epoch before it is loaded.
    GivenUpRenews,
    /// That waits for the lock.
    RenewingLocks,
    /// A load of an emitter that is not the node's, or no more under this epoch, has its lease asked for.
    NotOwnerAsks,
}

/// How many there are.
pub(crate) const COUNT: u8 = Rule::NotOwnerAsks as u8 + 1;

/// Those that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules(u64);

impl Rules {
    /// The protocol.
    pub(crate) const ALL: Self = Self(u64::MAX);

    pub(crate) const fn without(self, rule: Rule) -> Self {
        Self(self.0 & !(1 << rule as u8))
    }

    pub(crate) const fn keep(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u8) != 0
    }
}
