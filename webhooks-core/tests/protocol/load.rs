//! Loads: the marks that are seen are deleted, that is committed, and a new statement reads.
//!
//! A load that begins at a cursor (a refill, or the next page) leaves the marks alone, and brings nothing
//! where the snapshot that it reads from has one: a load from zero is wanted instead.

use super::{
    action::Action,
    lane::{self, Why},
    node::{Load, Node, Own, Process, Scan},
    rules::Rule,
    state::{Id, NODES, Set, State, one},
    steps::Steps,
    violation::Violation,
};

pub(crate) fn steps(steps: &mut Steps<'_>) {
    for id in NODES {
        let node = steps.from.nodes[usize::from(id)];
        let running = node.process == Process::Running;
        if running && matches!(node.own, Own::Held(_)) && !node.loading.wanted {
            find_mark(steps, id);
        }
        match node.loading.running {
            None if running => begin(steps, id),
            None => {}
            Some((scan, load)) => go_on(steps, id, &node, scan, load),
        }
    }
}

/// The owner hears of a mark, or looks for one.
fn find_mark(steps: &mut Steps<'_>, node: Id) {
    if steps.from.db.marks != 0 {
        let world = steps.world;
        steps.step(Action::Wanted { node }, |state| {
            lane::want(state, world, node, Why::Mark);
        });
    }
}

fn begin(steps: &mut Steps<'_>, node: Id) {
    let Some(scan) = lane::next_scan(steps.from, node) else {
        return;
    };
    let Scan { after, refill } = scan;
    let action = Action::BeginLoad {
        node,
        after,
        refill,
    };
    steps.step(action, |state| {
        let begun = state.node(node);
        let renews = begun.own == Own::Held(begun.given_up);
        let loading = &mut begun.loading;
        if loading.wanted {
            // It begins later than what waited was stored.
            loading.waiting = 0;
        }
        loading.wanted = false;
        loading.behind = false;
        loading.scan = None;
        let load = if renews { Load::Renewing } else { Load::Sent };
        loading.running = Some((scan, load));
    });
}

fn go_on(steps: &mut Steps<'_>, id: Id, node: &Node, scan: Scan, load: Load) {
    let epoch = match node.own {
        Own::Held(epoch) => epoch,
        _ => 0,
    };
    match load {
        Load::Renewing => renew(steps, id, epoch),
        Load::Sent if scan.refill && steps.keep(Rule::RefillKeepsMarks) => {
            select(steps, id, scan, Load::read);
        }
        Load::Sent if !steps.keep(Rule::DeleteThenSelect) => {
            select(steps, id, scan, Load::read_first);
        }
        Load::Sent => see_marks(steps, id, scan, epoch),
        Load::Deleting { .. } => delete(steps, id, epoch, load),
        Load::Deleted => select(steps, id, scan, Load::read),
        Load::ReadFirst { rows, more } => delete_late(steps, id, rows, more),
        Load::Read { rows, more, marked } => merge(steps, id, node, scan, rows, more, marked),
        Load::NotOwner => {
            if node.process == Process::Running {
                let world = steps.world;
                steps.step(Action::Merge { node: id }, |state| {
                    state.drop_run(id);
                    if world.keep(Rule::NotOwnerAsks) {
                        lane::bring(state, world, id, Why::Takeover);
                    }
                });
            }
        }
    }
}

fn set(state: &mut State, node: Id, load: Load) {
    if let Some((_, running)) = &mut state.node(node).loading.running {
        *running = load;
    }
}

/// Puts the emitter under a new epoch, once no append that is proven by the old one is open. What the load
/// then asks under the old one is not answered.
fn renew(steps: &mut Steps<'_>, id: Id, epoch: u8) {
    let locked = steps.from.lease_is_locked(steps.world) && steps.keep(Rule::RenewingLocks);
    if locked || !steps.may_write() {
        return;
    }
    let new = epoch + 1;
    steps.step(
        Action::NewEpoch {
            node: id,
            epoch: new,
        },
        |state| {
            if state.db.is_owner(id, epoch) {
                state.db.lease.epoch = new;
            }
            state.node(id).given_up = 0;
            set(state, id, Load::NotOwner);
        },
    );
}

fn see_marks(steps: &mut Steps<'_>, node: Id, scan: Scan, epoch: u8) {
    if !steps.may_write() {
        return;
    }
    let seen = steps.from.db.marks;
    let owner = steps.from.db.is_owner(node, epoch);
    let read = steps.world.bounds.one_statement.then(|| read(steps, scan));
    steps.step(Action::LoadSnapshot { node, seen }, |state| {
        set(state, node, Load::Deleting { seen, owner, read });
    });
}

/// The lock is taken, the owner checked, the marks deleted, and all that is committed: one step, since
/// the lock keeps out nothing but updates of the lease.
fn delete(steps: &mut Steps<'_>, node: Id, epoch: u8, load: Load) {
    let Load::Deleting { seen, owner, read } = load else {
        return;
    };
    let still = steps.from.db.is_owner(node, epoch);
    let owner =
        (owner && (still || !steps.keep(Rule::DeleteLocks))) || !steps.keep(Rule::OwnerDeletes);
    steps.checked(Action::Delete { node, owner }, |state| {
        if !owner {
            set(state, node, Load::NotOwner);
            return None;
        }
        let deleted = state.db.marks & seen;
        state.db.marks &= !seen;
        let load = match read {
            Some((rows, more)) => Load::read(rows, more, false),
            None => Load::Deleted,
        };
        set(state, node, load);
        (deleted != 0 && !still).then_some(Violation::StaleWrite { node })
    });
}

/// Deletes the marks that there are after the rows were read.
fn delete_late(steps: &mut Steps<'_>, node: Id, rows: Set, more: bool) {
    steps.step(Action::Delete { node, owner: true }, |state| {
        state.db.marks = 0;
        let marked = false;
        set(state, node, Load::Read { rows, more, marked });
    });
}

/// What a load reads: the first rows that are pending, and whether there may be more.
fn read(steps: &Steps<'_>, scan: Scan) -> (Set, bool) {
    let limit = steps.world.bounds.window;
    let db = &steps.from.db;
    let behind = |message: &Id| db.seq[usize::from(*message)] > scan.after;
    let found = db.in_order(db.pending()).filter(behind).take(limit);
    let (rows, count) = found.fold((0, 0), |(set, count), message| {
        (set | one(message), count + 1)
    });
    (rows, count == limit)
}

fn select(steps: &mut Steps<'_>, node: Id, scan: Scan, load: fn(Set, bool, bool) -> Load) {
    let (rows, more) = read(steps, scan);
    let db = &steps.from.db;
    let marked = scan.refill && db.marks != 0 && steps.keep(Rule::RefillHeedsMarks);
    let action = Action::Select { node, rows, marked };
    steps.step(action, |state| {
        // What is not used is not kept.
        let load = if marked {
            load(0, false, true)
        } else {
            load(rows, more, false)
        };
        set(state, node, load);
    });
}

impl Load {
    fn read(rows: Set, more: bool, marked: bool) -> Self {
        Self::Read { rows, more, marked }
    }

    fn read_first(rows: Set, more: bool, _: bool) -> Self {
        Self::ReadFirst { rows, more }
    }
}

fn merge(
    steps: &mut Steps<'_>,
    id: Id,
    node: &Node,
    scan: Scan,
    rows: Set,
    more: bool,
    marked: bool,
) {
    if node.process != Process::Running {
        return;
    }
    let world = steps.world;
    let yields = scan.refill && node.loading.wanted && steps.keep(Rule::RefillYields);
    steps.step(Action::Merge { node: id }, |state| {
        state.node(id).loading.running = None;
        if marked || yields {
            state.node(id).loading.settled = 0;
            lane::want(state, world, id, Why::Mark);
        } else {
            lane::merge(state, world, id, scan, rows, more);
        }
    });
}
