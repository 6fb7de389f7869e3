//! Attempts and their settling.

use super::{
    action::Action,
    database::Owner,
    lane::{self, Why},
    node::{Flight, Node, Outcome, Own, Process},
    rules::Rule,
    state::{Id, MESSAGES, NODES, State, has, one},
    steps::Steps,
    violation::Violation,
};

pub(crate) fn steps(steps: &mut Steps<'_>) {
    for id in NODES {
        let node = steps.from.nodes[usize::from(id)];
        start(steps, id, &node);
        arrive(steps, id, &node);
        for message in 0..MESSAGES as Id {
            match node.outcomes[usize::from(message)] {
                Outcome::None => {}
                Outcome::Waits(epoch) => begin_settling(steps, id, &node, message, epoch),
                Outcome::Settling { epoch, owner } => settle(steps, id, message, epoch, owner),
            }
        }
    }
}

fn start(steps: &mut Steps<'_>, id: Id, node: &Node) {
    let Own::Held(epoch) = node.own else { return };
    let awake = node.awake || !steps.keep(Rule::SleepersStartNothing);
    if node.process != Process::Running || !awake || node.flight.is_some() {
        return;
    }
    let Some(&message) = node.lane.queue().first() else {
        return;
    };
    steps.checked(Action::Start { node: id, message }, |state| {
        state.node(id).lane.pop_first();
        state.node(id).flight = Some(Flight { message, epoch });
        let life = state.node(id).life;
        let owner = Some(Owner { node: id, life });
        // Under an epoch that it has ended itself it may send what comes again.
        if state.db.lease.owner != owner {
            Some(Violation::NotOwner { node: id })
        } else if has(state.db.settled, message) {
            Some(Violation::Again { message })
        } else {
            None
        }
    });
}

/// The request arrives, and its sender knows. What a crashed node sent may arrive too.
fn arrive(steps: &mut Steps<'_>, id: Id, node: &Node) {
    let Some(Flight { message, epoch }) = node.flight else {
        return;
    };
    let free = node.outcomes[usize::from(message)] == Outcome::None;
    if node.process == Process::Stopped || !free {
        return;
    }
    steps.checked(Action::Arrive { node: id, message }, |state| {
        let node = state.node(id);
        node.flight = None;
        if node.process == Process::Running {
            node.outcomes[usize::from(message)] = Outcome::Waits(epoch);
        }
        lane::forget_if_idle(state, id);
        let before = state.emit(message).after;
        state.arrived |= one(message);
        for emit in &mut state.emits {
            emit.after &= !one(message);
        }
        if !has(state.db.rows, message) {
            Some(Violation::Phantom { message })
        } else if before != 0 {
            Some(Violation::Order { message, before })
        } else {
            None
        }
    });
}

fn begin_settling(steps: &mut Steps<'_>, id: Id, node: &Node, message: Id, epoch: u8) {
    if node.process != Process::Running || !steps.may_write() {
        return;
    }
    let life = node.life;
    let db = &steps.from.db;
    let owner = db.is_owner(id, epoch) && db.lease.owner == Some(Owner { node: id, life });
    steps.step(Action::SettleSnapshot { node: id, message }, |state| {
        state.node(id).outcomes[usize::from(message)] = Outcome::Settling { epoch, owner };
    });
}

/// The lock is taken, the epoch checked again, the row changed, and all that committed.
fn settle(steps: &mut Steps<'_>, id: Id, message: Id, epoch: u8, owner: bool) {
    let still = steps.from.db.is_owner(id, epoch);
    let valid =
        (owner && (still || !steps.keep(Rule::SettleLocks))) || !steps.keep(Rule::SettleChecks);
    let world = steps.world;
    let action = Action::Settle {
        node: id,
        message,
        fenced: !valid,
    };
    steps.checked(action, |state| {
        let held = state.node(id).own == Own::Held(epoch);
        state.node(id).outcomes[usize::from(message)] = Outcome::None;
        if !valid {
            if held {
                state.drop_run(id);
                if world.keep(Rule::NotOwnerAsks) {
                    lane::bring(state, world, id, Why::Takeover);
                }
            }
            return None;
        }
        settled(state, id, message);
        (!still).then_some(Violation::StaleWrite { node: id })
    });
}

fn settled(state: &mut State, id: Id, message: Id) {
    state.db.settled |= one(message);
    let loading = &mut state.node(id).loading;
    if loading.running.is_some() {
        loading.settled |= one(message);
    }
}
