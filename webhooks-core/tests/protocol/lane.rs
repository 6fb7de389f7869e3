//! What a node has in memory of the emitter: as `engine/lane.rs` and `engine/run/` do it.

use super::{
    bounds::World,
    emit::Ticket,
    node::{Flight, Lane, Outcome, Own, Scan},
    rules::Rule,
    state::{Id, Set, State, has, one},
};

/// Why a load is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Mark,
    Takeover,
    Withheld,
}

/// Has the emitter loaded from zero.
pub(crate) fn want(state: &mut State, world: &World, node: Id, why: Why) {
    let rule = match why {
        Why::Mark => Rule::MarkFromZero,
        Why::Takeover => Rule::TakeoverFromZero,
        Why::Withheld => Rule::WithheldFromZero,
    };
    let loading = &mut state.node(node).loading;
    let behind = !world.keep(rule) && (loading.behind || !loading.wanted);
    (loading.wanted, loading.behind) = (true, behind);
}

/// Brings the emitter to work on a node, and has it loaded.
pub(crate) fn bring(state: &mut State, world: &World, node: Id, why: Why) {
    if state.node(node).own == Own::Not {
        state.node(node).own = Own::Wanted;
    }
    want(state, world, node, why);
}

/// The answer to an append has come.
pub(crate) fn take_up(state: &mut State, world: &World, message: Id, straight: bool) {
    let emit = *state.emit(message);
    if straight {
        // Without its run the lease is gone, or on its way back: whoever takes it loads the row.
        if emit.ticket != Ticket::Gone {
            push(state, world, emit.node, message, emit.ticket);
        }
    } else {
        let proven = emit.epoch != 0;
        let why = if proven { Why::Withheld } else { Why::Mark };
        bring(state, world, emit.node, why);
    }
}

/// A row that may go straight to memory, if nothing has come between.
fn push(state: &mut State, world: &World, id: Id, message: Id, ticket: Ticket) {
    let loading = state.node(id).loading;
    let runs = loading.running.is_some() || loading.scan.is_some();
    let held = matches!(state.node(id).own, Own::Held(_));
    if !held || ticket == Ticket::Old {
        want(state, world, id, Why::Withheld);
    } else if world.keep(Rule::BroughtWithholds) && ticket == Ticket::Brought {
        // It is in memory, or was.
    } else if world.keep(Rule::WantedWithholds) && loading.wanted {
        // That load begins later than this was stored.
    } else if world.keep(Rule::RunningWithholds) && runs {
        state.node(id).loading.waiting |= one(message);
    } else {
        place(state, world, id, message);
    }
}

/// Puts what was just stored into the lane.
fn place(state: &mut State, world: &World, id: Id, message: Id) {
    let window = world.bounds.window;
    let seq = state.db.seq[usize::from(message)];
    let lane = state.node(id).lane;
    // A refill may have passed over it: appends that are under way together may commit in another
    // order than that of their places.
    let passed = world.keep(Rule::PassedIsInserted) && seq < lane.cursor;
    let whole = lane.complete || !world.keep(Rule::TailInMemory);
    if passed || (whole && lane.queue().len() < window) {
        insert(state, world, id, message, window);
    } else {
        state.node(id).lane.complete = false;
    }
}

/// What was stored while a load ran goes behind what that brought.
fn place_waiting(state: &mut State, world: &World, id: Id, rows: Set) {
    let loading = &mut state.node(id).loading;
    if world.keep(Rule::WaitingIsBrought) {
        loading.waiting &= !rows;
    }
    if loading.wanted {
        loading.waiting = 0;
    } else if loading.scan.is_none() {
        let waiting = std::mem::take(&mut loading.waiting);
        if world.keep(Rule::WaitingGoes) {
            let db = state.db;
            for message in db.in_order(waiting) {
                place(state, world, id, message);
            }
        }
    }
}

/// Inserts by place. What exceeds the window falls off the end, to be loaded again later.
pub(crate) fn insert(state: &mut State, world: &World, id: Id, message: Id, window: usize) {
    let seq = state.db.seq;
    let place = |message: Id| seq[usize::from(message)];
    let node = state.node(id);
    let lane = &mut node.lane;
    lane.cursor = lane.cursor.max(place(message));
    if !keeps_all(world) {
        node.high_water = node.high_water.max(lane.cursor);
    }
    let at = if world.keep(Rule::MergeByPlace) {
        let before = |other: &Id| place(*other) < place(message);
        lane.queue().partition_point(before)
    } else {
        lane.queue().len()
    };
    lane.insert(at, message);
    if lane.queue().len() > window.max(1) {
        lane.pop_last();
        lane.complete = false;
        lane.cursor = lane.queue().last().map_or(0, |last| place(*last));
    }
}

/// Whether nothing asks for what was seen last.
fn keeps_all(world: &World) -> bool {
    [
        Rule::MarkFromZero,
        Rule::TakeoverFromZero,
        Rule::WithheldFromZero,
    ]
    .iter()
    .all(|rule| world.keep(*rule))
}

/// The next load: a full one if it is wanted, the next page, or a refill of an empty lane.
pub(crate) fn next_scan(state: &State, id: Id) -> Option<Scan> {
    let node = &state.nodes[usize::from(id)];
    if !matches!(node.own, Own::Held(_)) || node.loading.running.is_some() {
        return None;
    }
    if node.loading.wanted {
        let after = if node.loading.behind {
            node.high_water
        } else {
            0
        };
        let refill = false;
        return Some(Scan { after, refill });
    }
    let hungry = !node.lane.complete && node.lane.queue().is_empty();
    let refill = Scan {
        after: node.lane.cursor,
        refill: true,
    };
    node.loading.scan.or(hungry.then_some(refill))
}

/// Merges the rows that a load brought.
pub(crate) fn merge(state: &mut State, world: &World, id: Id, scan: Scan, rows: Set, more: bool) {
    let window = world.bounds.window;
    let settled = std::mem::take(&mut state.node(id).loading.settled);
    state.brought(id, rows);
    let epoch = match state.node(id).own {
        Own::Held(epoch) => epoch,
        _ => 0,
    };
    let db = state.db;
    let mut last = scan.after;
    for message in db.in_order(rows) {
        let seq = db.seq[usize::from(message)];
        last = seq;
        let node = state.node(id);
        let in_memory =
            node.lane.queue().contains(&message) || node.flight == Some(Flight { message, epoch });
        let unsettled = match node.outcomes[usize::from(message)] {
            Outcome::None => false,
            Outcome::Waits(of) | Outcome::Settling { epoch: of, .. } => of == epoch,
        };
        let settled = world.keep(Rule::PassOverSettled) && has(settled, message);
        if in_memory || unsettled || settled {
            continue;
        }
        if node.lane.queue().len() >= window && seq > node.lane.cursor {
            node.lane.complete = false;
        } else {
            insert(state, world, id, message, window);
        }
    }
    let node = state.node(id);
    let full = node.lane.queue().len() >= window;
    if more && full {
        node.lane.complete = false;
        if world.keep(Rule::CursorOfPage) {
            node.lane.cursor = node.lane.cursor.min(last);
        }
    } else if more {
        node.loading.scan = Some(Scan {
            after: last,
            refill: true,
        });
    } else if !full {
        node.lane.complete = true;
    }
    place_waiting(state, world, id, rows);
    forget_if_idle(state, id);
}

/// A lane with nothing to do, and nothing left in the store, is not kept.
pub(crate) fn forget_if_idle(state: &mut State, id: Id) {
    let node = state.node(id);
    if node.lane.queue().is_empty() && node.flight.is_none() && node.lane.complete {
        node.lane = Lane::EMPTY;
    }
}

/// Whether a lease can be given back.
pub(crate) fn is_idle(state: &State, id: Id) -> bool {
    let node = &state.nodes[usize::from(id)];
    let settled = node.outcomes.iter().all(|one| *one == Outcome::None);
    let nothing = node.lane.queue().is_empty() && node.lane.complete;
    nothing && settled && node.flight.is_none() && !node.loading.is_busy()
}
