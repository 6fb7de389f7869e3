//! `emit`: one autocommitted statement, whose parts others come between.
//!
//! - The statement sees the marks and the lease as they were when it began.
//! - It waits for the lock, and then checks the newest version of the row (`EvalPlanQual`). All
//!   updates of that row are one step in this model, so there is nothing to wait for.
//! - What a node has sent is carried out by the server, whatever becomes of the node.

use super::{
    action::Action,
    bounds::World,
    database::SHARED_MARK,
    emit::{Emit, Phase, Ticket},
    lane::{self, Why},
    node::{Own, Process},
    rules::Rule,
    state::{Id, MESSAGES, Set, State, has, one},
    steps::Steps,
    violation::Violation,
};

pub(crate) fn steps(steps: &mut Steps<'_>) {
    call(steps);
    for message in 0..MESSAGES as Id {
        let emit = steps.from.emits[usize::from(message)];
        match emit.phase {
            Phase::Called => begin(steps, message, &emit),
            Phase::Open { marked, owner } => draw(steps, message, &emit, marked, owner),
            Phase::Drawn { marked } => prove(steps, message, &emit, marked),
            Phase::Proven {
                marked,
                owner,
                mark,
            } => commit(steps, message, owner && !marked, mark),
            Phase::Stored { straight } => answer(steps, message, &emit, straight),
            Phase::Received { straight } => take_up_late(steps, message, straight),
            Phase::Idle | Phase::Inside { .. } | Phase::Done => {}
        }
        hear_nothing(steps, message, &emit);
    }
}

/// The next message to be emitted: they are called in the order of their names.
pub(crate) fn next_call(steps: &Steps<'_>) -> Option<Id> {
    let idle = |message: &Id| steps.from.emits[usize::from(*message)].phase == Phase::Idle;
    (0..MESSAGES as Id).find(idle)
}

/// What was received before now, and has not arrived.
pub(crate) fn received(state: &State) -> Set {
    (0..).zip(&state.emits).fold(0, |set, (message, emit)| {
        let must_come_first = emit.receipt && !has(state.arrived, message);
        set | if must_come_first { one(message) } else { 0 }
    })
}

pub(crate) fn next_seq(state: &mut State, world: &World, node: Id) -> u8 {
    let block = if world.keep(Rule::OneSequence) {
        0
    } else {
        8 * (1 - node)
    };
    state.db.next_seq += 1;
    state.db.next_seq - 1 + block
}

/// The mark that a message leaves.
pub(crate) fn mark_of(state: &State, world: &World, message: Id) -> Set {
    if world.keep(Rule::MarksAreRows) {
        one(message)
    } else {
        // `ON CONFLICT DO NOTHING`.
        SHARED_MARK & !state.db.marks
    }
}

fn call(steps: &mut Steps<'_>) {
    let Some(message) = next_call(steps) else {
        return;
    };
    for (node, state) in (0..).zip(steps.from.nodes) {
        let ways = steps.world.bounds.emits[usize::from(message)];
        if state.process != Process::Running || !has(ways, node) {
            continue;
        }
        // Where there is nothing to prove, the statement reads nothing: when it begins is all the same.
        let unowned = Phase::Open {
            marked: false,
            owner: false,
        };
        let (ticket, epoch, phase) = match state.own {
            Own::Held(epoch) => (Ticket::Fresh, epoch, Phase::Called),
            _ if steps.world.bounds.serial => (Ticket::None, 0, Phase::Called),
            _ => (Ticket::None, 0, unowned),
        };
        steps.step(Action::Call { node, message }, |state| {
            let after = received(state);
            *state.emit(message) = Emit {
                node,
                phase,
                ticket,
                epoch,
                after,
                ..*state.emit(message)
            };
        });
    }
}

fn begin(steps: &mut Steps<'_>, message: Id, emit: &Emit) {
    if !steps.may_write() {
        return;
    }
    let owner = emit.epoch != 0 && steps.from.db.is_owner(emit.node, emit.epoch);
    // What is not the owner's is withheld anyway.
    let marked = owner && steps.keep(Rule::MarkWithholds) && steps.from.db.marks != 0;
    let action = Action::Snapshot { message, marked };
    steps.step(action, |state| {
        state.emit(message).phase = Phase::Open { marked, owner };
    });
}

/// The row is inserted; where nothing is to be proven, the mark as well.
fn draw(steps: &mut Steps<'_>, message: Id, emit: &Emit, marked: bool, owner: bool) {
    let world = steps.world;
    let seq = next_seq(&mut steps.from.clone(), world, emit.node);
    steps.step(Action::Draw { message, seq }, |state| {
        state.db.seq[usize::from(message)] = next_seq(state, world, emit.node);
        state.emit(message).phase = if owner {
            Phase::Drawn { marked }
        } else {
            unproven(state, world, message)
        };
    });
}

fn prove(steps: &mut Steps<'_>, message: Id, emit: &Emit, marked: bool) {
    let world = steps.world;
    let still = steps.from.db.is_owner(emit.node, emit.epoch);
    let owner = still || !steps.keep(Rule::ProofLocks);
    steps.step(Action::Prove { message, owner }, |state| {
        state.emit(message).phase = if owner {
            let mark = 0;
            Phase::Proven {
                marked,
                owner,
                mark,
            }
        } else {
            unproven(state, world, message)
        };
    });
}

fn unproven(state: &State, world: &World, message: Id) -> Phase {
    let mark = if world.keep(Rule::OthersMark) {
        mark_of(state, world, message)
    } else {
        0
    };
    Phase::Proven {
        marked: false,
        owner: false,
        mark,
    }
}

fn commit(steps: &mut Steps<'_>, message: Id, straight: bool, mark: Set) {
    steps.step(Action::Commit { message }, |state| {
        state.db.rows |= one(message);
        state.db.marks |= mark;
        state.emit(message).phase = Phase::Stored { straight };
        let node = state.emit(message).node;
        if state.node(node).process == Process::Crashed {
            done(state, message);
        }
    });
}

fn answer(steps: &mut Steps<'_>, message: Id, emit: &Emit, straight: bool) {
    if steps.from.nodes[usize::from(emit.node)].process != Process::Running {
        return;
    }
    let world = steps.world;
    if emit.given_up {
        // Nobody waits for it.
        steps.step(Action::Answer { message, straight }, |state| {
            done(state, message)
        });
    } else if emit.unheard {
        steps.checked(Action::SentAgain { message }, |state| {
            if world.keep(Rule::UnheardLoads) && world.keep(Rule::UnheardLoadsLater) {
                lane::bring(state, world, emit.node, Why::Withheld);
            }
            state.emit(message).receipt = true;
            done(state, message);
            // A new ID makes another row.
            (!world.keep(Rule::SameIds)).then_some(Violation::Twice { message })
        });
    } else if steps.keep(Rule::PushBeforeReceipt) {
        steps.step(Action::Answer { message, straight }, |state| {
            lane::take_up(state, world, message, straight);
            state.emit(message).receipt = true;
            done(state, message);
        });
    } else {
        steps.step(Action::Receipt { message }, |state| {
            state.emit(message).receipt = true;
            state.emit(message).phase = Phase::Received { straight };
        });
    }
}

fn take_up_late(steps: &mut Steps<'_>, message: Id, straight: bool) {
    let world = steps.world;
    steps.step(Action::Answer { message, straight }, |state| {
        lane::take_up(state, world, message, straight);
        done(state, message);
    });
}

fn hear_nothing(steps: &mut Steps<'_>, message: Id, emit: &Emit) {
    let sent = matches!(
        emit.phase,
        Phase::Called
            | Phase::Open { .. }
            | Phase::Drawn { .. }
            | Phase::Proven { .. }
            | Phase::Stored { .. }
    );
    let waits = steps.from.nodes[usize::from(emit.node)].process == Process::Running;
    let heard = !emit.unheard && !emit.given_up;
    if !sent || !waits || !heard || steps.from.left.unheard == 0 {
        return;
    }
    let world = steps.world;
    steps.step(Action::GivenUp { message }, |state| {
        state.left.unheard -= 1;
        state.emit(message).given_up = true;
        if emit.epoch != 0 && world.keep(Rule::GivenUpRenews) {
            state.node(emit.node).given_up = emit.epoch;
        }
        if world.keep(Rule::UnheardLoads) {
            lane::bring(state, world, emit.node, Why::Withheld);
        }
    });
    steps.step(Action::Unheard { message }, |state| {
        state.left.unheard -= 1;
        state.emit(message).unheard = true;
        if !world.keep(Rule::UnheardLoadsLater) {
            lane::bring(state, world, emit.node, Why::Withheld);
        }
    });
}

/// Nobody waits for it any more, but for its arrival.
pub(crate) fn done(state: &mut State, message: Id) {
    let Emit { receipt, after, .. } = *state.emit(message);
    *state.emit(message) = Emit {
        node: 0,
        phase: Phase::Done,
        ticket: Ticket::None,
        epoch: 0,
        unheard: false,
        given_up: false,
        receipt,
        after,
    };
}
