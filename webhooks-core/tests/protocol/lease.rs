//! Taking leases, taking over, and giving back.
//!
//! A statement that updates the lease's row reads it, waits for the lock or skips the row, checks the
//! newest version again, updates and commits. From the lock on that is one step: nobody sees any of it
//! before the commit, and who wants the lock meanwhile waits.

use super::{
    action::Action,
    database::{Lease, MARK_OF_GIVE_BACK, Owner},
    lane::{self, Why},
    node::{Giving, Lane, Node, Own, Process},
    rules::Rule,
    state::{Id, NODES, State},
    steps::Steps,
};

pub(crate) fn steps(steps: &mut Steps<'_>) {
    for id in NODES {
        let node = steps.from.nodes[usize::from(id)];
        if node.process == Process::Running && node.awake {
            kill(steps, id, &node);
            sweep(steps, id, &node);
        }
        match node.own {
            Own::Not => {}
            Own::Wanted => ask(steps, id, &node),
            Own::Asking => take(steps, id, &node),
            Own::Answered(epoch) => hear(steps, id, &node, epoch),
            Own::Held(epoch) => retire(steps, id, &node, epoch),
            Own::Giving(epoch, giving) => give_back(steps, id, &node, epoch, giving),
        }
        if node.late_give_back != 0 {
            give_back_late(steps, id, node.late_give_back);
        }
    }
}

/// A node that others may take for dead: its lease has passed.
fn is_past_its_lease(node: &Node) -> bool {
    node.process != Process::Running || !node.awake
}

/// Whether a node may have the lease, by what is committed now.
fn is_free(steps: &Steps<'_>, id: Id) -> bool {
    let state = steps.from;
    let life = state.nodes[usize::from(id)].life;
    match state.db.lease.owner {
        None => true,
        Some(owner) if owner == Owner { node: id, life } => true,
        Some(owner) => {
            let past = is_past_its_lease(&state.nodes[usize::from(owner.node)]);
            state.db.is_dead(owner) || (past && !steps.keep(Rule::KillFirst))
        }
    }
}

/// Sets a node dead that owns what is to be done and has not been renewed in time.
fn kill(steps: &mut Steps<'_>, by: Id, node: &Node) {
    let state = steps.from;
    let Some(owner) = state.db.lease.owner else {
        return;
    };
    let of = &state.nodes[usize::from(owner.node)];
    let wants = node.own == Own::Wanted || (node.own == Own::Not && state.db.pending() != 0);
    let can = owner.node != by && owner.life == of.life && is_past_its_lease(of);
    if !wants || !can || state.db.is_dead(owner) || !steps.keep(Rule::KillFirst) {
        return;
    }
    let world = steps.world;
    let node = owner.node;
    let forgets = steps.keep(Rule::SleepersStartNothing) && steps.keep(Rule::DeadForget);
    steps.step(Action::Kill { node, by }, |state| {
        state.db.dead |= 1 << node;
        if forgets {
            // It will start nothing before it forgets all: what it has in memory is all the same.
            state.node(node).lane = Lane::UNKNOWN;
            state.node(node).loading.wanted = true;
            state.node(node).loading.scan = None;
            state.node(node).loading.waiting = 0;
        }
        lane::bring(state, world, by, Why::Takeover);
    });
}

/// Finds an emitter that has something to do and no owner: a mark, or a dead owner's rows.
fn sweep(steps: &mut Steps<'_>, id: Id, node: &Node) {
    let db = &steps.from.db;
    let found = match db.lease.owner {
        None => db.marks != 0,
        Some(owner) => owner.node != id || owner.life != node.life,
    };
    let orphan = db.lease.owner.is_none() || db.pending() != 0;
    if node.own == Own::Not && found && orphan && is_free(steps, id) {
        let world = steps.world;
        steps.step(Action::Sweep { node: id }, |state| {
            lane::bring(state, world, id, Why::Takeover);
        });
    }
}

fn ask(steps: &mut Steps<'_>, id: Id, node: &Node) {
    if node.process != Process::Running || !node.awake || !steps.may_write() {
        return;
    }
    let free = is_free(steps, id);
    steps.step(Action::LeaseSnapshot { node: id, free }, |state| {
        if free {
            state.node(id).own = Own::Asking;
        } else {
            // Up to the answer nothing depends on it.
            state.drop_run(id);
        }
    });
}

fn take(steps: &mut Steps<'_>, id: Id, node: &Node) {
    let life = node.life;
    let me = Owner { node: id, life };
    let locked = steps.from.lease_is_locked(steps.world);
    let free = is_free(steps, id) || !steps.keep(Rule::LeaseLocks);
    let granted = free && !locked && !steps.from.db.is_dead(me);
    let Lease { owner, epoch } = steps.from.db.lease;
    let epoch = match (granted, owner == Some(me)) {
        (false, _) => 0,
        (true, true) => epoch,
        (true, false) => epoch + 1,
    };
    steps.step(Action::Lease { node: id, epoch }, |state| {
        if granted {
            let owner = Some(me);
            state.db.lease = Lease { owner, epoch };
        }
        state.node(id).own = Own::Answered(epoch);
    });
}

fn hear(steps: &mut Steps<'_>, id: Id, node: &Node, epoch: u8) {
    if node.process != Process::Running {
        return;
    }
    let world = steps.world;
    let loads = steps.keep(Rule::TakeoverLoads);
    steps.step(Action::LeaseAnswer { node: id, epoch }, |state| {
        if epoch == 0 {
            state.drop_run(id);
            return;
        }
        state.node(id).own = Own::Held(epoch);
        lane::want(state, world, id, Why::Takeover);
        if !loads {
            state.node(id).loading.wanted = false;
            state.node(id).lane.complete = true;
        }
    });
    if epoch != 0 && steps.from.left.unheard > 0 {
        steps.step(Action::LeaseUnheard { node: id }, |state| {
            state.left.unheard -= 1;
            state.node(id).own = Own::Wanted;
        });
    }
}

fn retire(steps: &mut Steps<'_>, id: Id, node: &Node, epoch: u8) {
    let may = steps.from.left.give_backs > 0 && node.process == Process::Running && node.awake;
    if may && lane::is_idle(steps.from, id) {
        steps.step(Action::Retire { node: id }, |state| {
            state.left.give_backs -= 1;
            state.node(id).own = Own::Giving(epoch, Giving::Sent);
        });
    }
}

fn give_back(steps: &mut Steps<'_>, id: Id, node: &Node, epoch: u8, giving: Giving) {
    match giving {
        Giving::Sent if steps.may_write() => {
            // What is pending is looked for when the lock is there; so what was before is not kept.
            let pending = steps.from.db.pending() != 0 && !steps.keep(Rule::GiveBackLooksLater);
            steps.step(Action::GiveBackSnapshot { node: id }, |state| {
                state.node(id).own = Own::Giving(epoch, Giving::Open { pending });
            });
        }
        Giving::Open { pending } => {
            let locked = steps.from.lease_is_locked(steps.world) && steps.keep(Rule::GiveBackLocks);
            if !locked {
                let marked = leaves_mark(steps, id, epoch, pending);
                steps.step(Action::GiveBack { node: id, marked }, |state| {
                    release(state, id, epoch, marked);
                    state.node(id).own = Own::Giving(epoch, Giving::Done);
                });
            } else if !steps.keep(Rule::GiveBackWaits) {
                let marked = false;
                steps.step(Action::GiveBack { node: id, marked }, |state| {
                    state.node(id).own = Own::Giving(epoch, Giving::Done);
                });
            }
        }
        Giving::Done if node.process == Process::Running => {
            steps.step(Action::GiveBackAnswer { node: id }, |state| {
                given_back(state, id);
            });
        }
        Giving::Sent | Giving::Done => {}
    }
    lose_answer(steps, id, node, epoch, giving);
}

/// Whether giving back leaves a mark. Between the look and the commit nothing changes that: what
/// others append marks itself, and what the owner appends waits for the lock.
fn leaves_mark(steps: &Steps<'_>, id: Id, epoch: u8, pending_before: bool) -> bool {
    let db = &steps.from.db;
    let pending = if steps.keep(Rule::GiveBackLooksLater) {
        db.pending() != 0
    } else {
        pending_before
    };
    db.is_owner(id, epoch) && pending && steps.keep(Rule::GiveBackMarks)
}

fn release(state: &mut State, id: Id, epoch: u8, marked: bool) {
    if state.db.is_owner(id, epoch) {
        state.db.lease.owner = None;
        if marked {
            state.db.marks |= MARK_OF_GIVE_BACK;
        }
    }
}

/// What was emitted meanwhile asks for a new lease.
fn given_back(state: &mut State, id: Id) {
    if lane::is_idle(state, id) {
        state.drop_run(id);
    } else {
        state.node(id).own = Own::Wanted;
    }
}

fn lose_answer(steps: &mut Steps<'_>, id: Id, node: &Node, epoch: u8, giving: Giving) {
    if steps.from.left.unheard == 0 || node.process != Process::Running {
        return;
    }
    let again = steps.keep(Rule::GiveBackUntilHeard);
    steps.step(Action::GiveBackUnheard { node: id }, |state| {
        state.left.unheard -= 1;
        let late = if giving == Giving::Done { 0 } else { epoch };
        state.node(id).late_give_back = late;
        if again {
            state.node(id).own = Own::Giving(epoch, Giving::Sent);
        } else {
            given_back(state, id);
        }
    });
}

fn give_back_late(steps: &mut Steps<'_>, id: Id, epoch: u8) {
    let locked = steps.from.lease_is_locked(steps.world) && steps.keep(Rule::GiveBackLocks);
    if locked || !steps.may_write() {
        return;
    }
    let marked = leaves_mark(steps, id, epoch, false);
    steps.step(Action::LateGiveBack { node: id }, |state| {
        release(state, id, epoch, marked);
        state.node(id).late_give_back = 0;
    });
}
