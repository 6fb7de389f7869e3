//! The protocol that keeps order on many machines, searched exhaustively: what each statement of the
//! Postgres store must do, and what the engine must do with its answers.
//!
//! One emitter with one lane, two nodes (`X` owns it at first) and up to three events (`A`, `B`, `C`).
//! `search` goes breadth first through all states that the steps of a [`bounds::Bounds`] lead to. It
//! checks at every step and in every state at rest (one in which whatever must happen has happened):
//!
//! - **Order**: if `emit` of B began after the receipt of A (for `emit_in`: after its commit), A arrives
//!   first.
//! - **No loss**: what is committed is delivered before all comes to rest, without relying on a
//!   stopped node to go on, on an open transaction to end, or on an idle lease to be given back. From
//!   every state all can come to rest.
//! - **No phantom**: nothing arrives that is not committed. Nothing is stored twice, or sent again by
//!   its owner once it is settled.
//! - **Fencing**: no row changes under an epoch that has passed, and no attempt begins on a node
//!   that is not the owner.
//!
//! # The model
//! - A statement sees what was committed when it began. An append has its own parts: the call, the
//!   snapshot, `seq`, the lock, the commit, the answer. `seq` is no part of a transaction.
//! - `FOR SHARE` on the lease is held up to the append's commit. A lease is taken `SKIP LOCKED` and
//!   given back waiting, each in a step from the lock to the commit: nobody sees what is between. Both have
//!   a snapshot before that, and check again under the lock.
//! - A load deletes marks (snapshot; lock and commit), selects (snapshot), and is answered; a page
//!   has as many rows as the lane's window. Settling has a snapshot, then lock and commit.
//! - What was sent to the server is carried out there, whatever becomes of the node. A crashed node's
//!   request may still arrive. A stopped node has passed its lease when it goes on; it finds out when
//!   it renews itself, and acts on what it knows until then.
//! - Every attempt succeeds: retries change nothing in the order of first arrivals.
//!
//! Left out: several lanes and emitters (deadlocks), generations, a lease request that the server
//! runs after its node has asked again, the clock (a lease has passed or has not), two faults of nodes.
//!
//! # Where the note was not enough
//! `rules` has the protocol as it must be, `broken` a test for each rule that shows what happens
//! without it. These are not in the note's seven points, or are not clear there:
//!
//! 1. *A refill leaves marks alone* ([`RefillKeepsMarks`](rules::Rule::RefillKeepsMarks)), *and brings
//!    nothing where its own snapshot has a mark*
//!    ([`RefillHeedsMarks`](rules::Rule::RefillHeedsMarks)). The note lets every load delete marks. A refill
//!    that does, and reads from its cursor, clears the mark of a late commit before the cursor: it is
//!    lost. One that deletes none and does not look overtakes it. So `select … WHERE seq > $after` also
//!    returns whether a mark exists; if so the rows are dropped and a load from zero is wanted. The same
//!    for every page but the first.
//! 2. *A refill brings nothing where a load from zero became wanted while it ran*
//!    ([`RefillYields`](rules::Rule::RefillYields)). An own append behind the cursor was withheld and has
//!    its receipt; the refill that is on its way has what was emitted after it, but not it.
//! 3. *A page that fills the lane, and is not the last, sets the lane's cursor to its end*
//!    ([`CursorOfPage`](rules::Rule::CursorOfPage)), also where the cursor was further. Else the rows
//!    between are never read again.
//! 4. *Giving back waits for the lock, then looks for pending rows in a new statement, and leaves a
//!    mark if there are any* ([`GiveBackWaits`](rules::Rule::GiveBackWaits),
//!    [`GiveBackLooksLater`](rules::Rule::GiveBackLooksLater),
//!    [`GiveBackMarks`](rules::Rule::GiveBackMarks)). An append that was proven under the old lease may
//!    commit between the snapshot and the lock, before its answer is heard. `SKIP LOCKED` is right for taking a
//!    lease; here it would need an answer that tells which rows were skipped.
//! 5. *A give back whose answer was lost is sent again until one is heard; only then is the lease
//!    asked for* ([`GiveBackUntilHeard`](rules::Rule::GiveBackUntilHeard)). Else the lost statement runs
//!    after the node has its lease back with the same epoch.
//! 6. *The load after a dropped future begins when the append has ended*
//!    ([`UnheardLoadsLater`](rules::Rule::UnheardLoadsLater)): when what was sent again with the same IDs
//!    is answered. A load at the moment of giving up misses what commits later, proven and unmarked. *Where
//!    the caller has an error, the emitter is put under a new epoch before it is loaded*
//!    ([`GivenUpRenews`](rules::Rule::GivenUpRenews)); that waits for appends that are proven
//!    ([`RenewingLocks`](rules::Rule::RenewingLocks)), and those that come later are not. The node has to ask
//!    for its own lease then ([`NotOwnerAsks`](rules::Rule::NotOwnerAsks)), or nobody works under it.
//! 7. *What is stored while a load is under way waits for its end*
//!    ([`WaitingGoes`](rules::Rule::WaitingGoes)), *and goes straight unless a load has brought it since it
//!    was sent* ([`WaitingIsBrought`](rules::Rule::WaitingIsBrought),
//!    [`BroughtWithholds`](rules::Rule::BroughtWithholds)); it may be long settled. *A load passes over what
//!    settled while it ran* ([`PassOverSettled`](rules::Rule::PassOverSettled)), *and an own append behind the
//!    cursor is inserted by place* ([`PassedIsInserted`](rules::Rule::PassedIsInserted)).
//!
//! What turned out weaker than the note has it: the deletion and the select may be one statement with
//! one snapshot (`in_full::loads_in_one_statement`); wrong is only a select that is older than the deletion's
//! snapshot. And the lock of the deletion keeps stale epochs from changing rows, but nothing depends
//! on that (`in_full::marks_deleted_without_lock`), if the owner is checked in the snapshot that shows the
//! marks.
//!
//! SQLite: the same with every write alone, without any lock and with one mark per emitter
//! (`holds::sqlite_without_locks`).
//!
//! # How far
//! In `holds`, two emits and one of: a crash, a stop, a give back, a lost answer; one emit and all of
//! these; three emits with a window of one. 7,000 to 400,000 states each, printed with `--nocapture`. There
//! a statement that decides under a lock is one step, and a stopped node goes on once it has been
//! replaced. `in_full` has neither limit nor haste: up to 9,200,000 states.
#![allow(clippy::print_stdout, reason = "traces and counts are for reading")]

mod action;
mod append;
mod bounds;
mod broken;
mod database;
mod deliver;
mod emit;
mod holds;
mod in_full;
mod inside;
mod lane;
mod lease;
mod life;
mod load;
mod node;
mod rules;
mod search;
mod state;
mod steps;
mod violation;
mod words;
