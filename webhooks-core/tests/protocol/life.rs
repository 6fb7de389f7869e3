//! Nodes that crash, and nodes that are stopped past their lease and go on.

use super::{
    action::Action,
    append::done,
    database::Owner,
    emit::Phase,
    node::{Node, Outcome, Process},
    rules::Rule,
    state::{Id, MESSAGES, NODES, State, has},
    steps::Steps,
};

pub(crate) fn steps(steps: &mut Steps<'_>) {
    for id in NODES {
        let node = steps.from.nodes[usize::from(id)];
        match node.process {
            Process::Running => {
                if has(steps.from.left.crash, id) {
                    steps.step(Action::Crash { node: id }, |state| crash(state, id));
                }
                if has(steps.from.left.stop, id) {
                    steps.step(Action::Stop { node: id }, |state| {
                        no_more_faults(state);
                        state.node(id).process = Process::Stopped;
                        state.node(id).awake = false;
                    });
                }
                if !node.awake {
                    renew(steps, id, &node);
                }
            }
            Process::Stopped if is_too_early(steps, id) => {}
            Process::Stopped => steps.step(Action::GoOn { node: id }, |state| {
                state.node(id).process = Process::Running;
            }),
            Process::Crashed => {}
        }
    }
}

fn is_too_early(steps: &Steps<'_>, id: Id) -> bool {
    let owner = steps.from.db.lease.owner;
    !steps.world.bounds.early && owner.is_some_and(|owner| owner.node == id)
}

/// One is enough: with both nodes away nothing happens.
fn no_more_faults(state: &mut State) {
    (state.left.crash, state.left.stop) = (0, 0);
}

/// Memory is lost. What was sent to the server or to the receiver is on its way still.
fn crash(state: &mut State, id: Id) {
    no_more_faults(state);
    state.drop_run(id);
    let node = state.node(id);
    node.process = Process::Crashed;
    node.awake = false;
    node.given_up = 0;
    for outcome in &mut node.outcomes {
        if matches!(outcome, Outcome::Waits(_)) {
            *outcome = Outcome::None;
        }
    }
    for message in 0..MESSAGES as Id {
        let emit = *state.emit(message);
        let answered = matches!(emit.phase, Phase::Stored { .. } | Phase::Received { .. });
        if emit.node == id && answered {
            done(state, message);
        }
    }
}

fn renew(steps: &mut Steps<'_>, id: Id, node: &Node) {
    let dead = steps.from.db.is_dead(Owner {
        node: id,
        life: node.life,
    });
    let forgets = steps.keep(Rule::DeadForget);
    steps.step(Action::Renew { node: id, dead }, |state| {
        state.node(id).awake = true;
        if dead {
            state.node(id).life = 1;
            state.node(id).given_up = 0;
            if forgets {
                state.drop_run(id);
                state.node(id).flight = None;
            }
        }
    });
}
