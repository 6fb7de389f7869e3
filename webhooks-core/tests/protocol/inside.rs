//! `emit_in`: rows of ours in a transaction of the application's, which stays open as long as it likes.
//!
//! It reads nothing of ours and locks nothing, so that its inserts are one step. It commits, rolls
//! back, or does neither.

use super::{
    action::Action,
    append::{done, mark_of, next_call, next_seq, received},
    bounds::INSIDE,
    emit::{Emit, Phase},
    lane,
    node::Own,
    rules::Rule,
    state::{Id, MESSAGES, one},
    steps::Steps,
};

pub(crate) fn steps(steps: &mut Steps<'_>) {
    if let Some(message) = next_call(steps)
        && steps.world.bounds.emits[usize::from(message)] & INSIDE != 0
        && steps.may_write()
    {
        insert(steps, message);
    }
    for message in 0..MESSAGES as Id {
        if let Phase::Inside { mark } = steps.from.emits[usize::from(message)].phase {
            end(steps, message, mark);
        }
    }
}

fn insert(steps: &mut Steps<'_>, message: Id) {
    let world = steps.world;
    let mark = if steps.keep(Rule::InsideMarks) {
        mark_of(steps.from, world, message)
    } else {
        0
    };
    let seq = next_seq(&mut steps.from.clone(), world, 0);
    steps.step(Action::Insert { message, seq }, |state| {
        state.db.seq[usize::from(message)] = next_seq(state, world, 0);
        let after = received(state);
        *state.emit(message) = Emit {
            phase: Phase::Inside { mark },
            after,
            ..*state.emit(message)
        };
        if !world.keep(Rule::InsideWaits) && matches!(state.nodes[0].own, Own::Held(_)) {
            lane::insert(state, world, 0, message, usize::MAX);
        }
    });
}

fn end(steps: &mut Steps<'_>, message: Id, mark: u8) {
    steps.step(Action::CommitInside { message }, |state| {
        state.db.rows |= one(message);
        state.db.marks |= mark;
        state.emit(message).receipt = true;
        done(state, message);
    });
    steps.step(Action::RollBack { message }, |state| done(state, message));
}
