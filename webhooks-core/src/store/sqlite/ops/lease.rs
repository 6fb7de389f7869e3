//! Leasing emitters and giving them back.

use std::collections::{BTreeSet, HashMap};

use rusqlite::params;
use uuid::Uuid;

use super::super::{
    failure::Failure,
    rows,
    tx::{Sequence, Tx},
};
use crate::{
    emitter::EmitterId,
    env::Timestamp,
    store::{Epoch, Health, Lease, LeaseRequest, NODE_LIFETIME, NodeId, Renewal},
};

/// Says that a node is alive.
pub(in super::super) fn renew(
    tx: &mut Tx<'_>,
    node: NodeId,
    now: Timestamp,
) -> Result<Renewal, Failure> {
    // The lock comes first: from its row on a node is dead whose lock is free.
    tx.context.locks.hold(node)?;
    let until = now.saturating_add(NODE_LIFETIME).as_micros();
    let id = node.as_uuid();
    tx.execute(&tx.sql().renew_node, params![id.as_bytes(), until])?;
    let (until, dead): (i64, bool) = tx
        .prepare(&tx.sql().node)?
        .query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(if dead {
        Renewal::Dead
    } else {
        Renewal::Alive {
            until: Timestamp::from_micros(until),
            clock: None,
        }
    })
}

/// Leases emitters.
pub(in super::super) fn lease(
    tx: &mut Tx<'_>,
    request: &LeaseRequest,
) -> Result<Vec<Lease>, Failure> {
    let LeaseRequest {
        node,
        emitters,
        recount,
        limit,
        now,
    } = request;
    let mut alive = Alive::new(*now);
    if !alive.ask(tx, *node)? {
        return Ok(Vec::new());
    }
    let wanted = match emitters {
        Some(emitters) => emitters.clone(),
        None => {
            let mut found = without_owner(tx, *node, *limit, &mut alive)?;
            if *recount {
                found.extend(own_pending(tx, *node)?);
            }
            found
        }
    };
    let mut seen = BTreeSet::new();
    let mut leases = Vec::new();
    for emitter in &wanted {
        if leases.len() >= *limit {
            break;
        }
        if seen.insert(emitter) {
            leases.extend(lease_one(tx, emitter, *node, &mut alive)?);
        }
    }
    Ok(leases)
}

/// Gives leases back, where node and epoch are still theirs.
pub(in super::super) fn give_back(
    tx: &mut Tx<'_>,
    node: NodeId,
    leases: &[(EmitterId, Epoch)],
) -> Result<(), Failure> {
    let id = node.as_uuid();
    for (emitter, epoch) in leases {
        let params = params![emitter.as_str(), id.as_bytes(), *epoch as i64];
        if tx.execute(&tx.sql().delete_lease, params)? == 0 {
            continue;
        }
        tx.forget_target(emitter);
        if tx.value(&tx.sql().has_pending, [emitter.as_str()])? {
            tx.mark_unowned(emitter)?;
        }
    }
    Ok(())
}

fn lease_one(
    tx: &mut Tx<'_>,
    emitter: &EmitterId,
    node: NodeId,
    alive: &mut Alive,
) -> Result<Option<Lease>, Failure> {
    struct Row {
        active: bool,
        health: Health,
        owner: Option<(NodeId, Epoch)>,
    }
    let time = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    let found = tx.find(&tx.sql().lease, [emitter.as_str()], |row| {
        let owner: Option<[u8; 16]> = row.get(4)?;
        let epoch: Option<i64> = row.get(5)?;
        Ok(Row {
            active: row.get_ref(0)?.as_str()? == "active",
            health: Health {
                consecutive_failures: row.get(1)?,
                cooling_until: time(row.get(2)?),
                failing_since: time(row.get(3)?),
            },
            owner: owner
                .zip(epoch)
                .map(|(owner, epoch)| (node_id(owner), epoch as Epoch)),
        })
    })?;
    let Some(Row {
        active: true,
        health,
        owner,
    }) = found
    else {
        return Ok(None);
    };
    let epoch = match owner {
        Some((owner, epoch)) if owner == node => epoch,
        Some((owner, _)) if alive.ask(tx, owner)? => return Ok(None),
        owner => {
            if let Some((owner, _)) = owner {
                kill(tx, owner)?;
            }
            let epoch = tx.next(Sequence::Epoch)?;
            let id = node.as_uuid();
            tx.execute(
                &tx.sql().put_lease,
                params![emitter.as_str(), id.as_bytes(), epoch as i64],
            )?;
            tx.execute(&tx.sql().unmark_unowned, [emitter.as_str()])?;
            tx.forget_target(emitter);
            epoch
        }
    };
    Ok(Some(Lease {
        emitter: emitter.clone(),
        epoch,
        health,
    }))
}

/// Active emitters that have something pending and no owner alive, and those of the node's own that
/// are marked.
///
/// Whatever is pending without an owner is marked: by its append, when its lease was given back, or
/// when its emitter was restarted. The rest is what dead nodes own.
fn without_owner(
    tx: &mut Tx<'_>,
    node: NodeId,
    limit: usize,
    alive: &mut Alive,
) -> Result<Vec<EmitterId>, Failure> {
    let id = node.as_uuid();
    let mut marked = Vec::new();
    {
        let mut statement = tx.prepare(&tx.sql().marked)?;
        let mut found = statement.query(params![id.as_bytes(), limit as i64])?;
        while let Some(row) = found.next()? {
            marked.push((rows::emitter_id(row, 0)?, row.get::<_, bool>(1)?));
        }
    }
    let mut found = Vec::new();
    for (emitter, is_owned) in marked {
        if is_owned || tx.value(&tx.sql().has_pending, [emitter.as_str()])? {
            found.push(emitter);
        } else {
            // What it was marked for has been discarded since.
            tx.execute(&tx.sql().unmark, [emitter.as_str()])?;
            tx.forget_target(&emitter);
        }
    }
    let owners = tx.all(&tx.sql().nodes_with_leases, [], |row| {
        Ok(node_id(row.get(0)?))
    })?;
    for owner in owners {
        if owner != node && !alive.ask(tx, owner)? {
            orphans(tx, owner, &mut found)?;
        }
    }
    Ok(found)
}

/// What the node owns and has something to do for.
fn own_pending(tx: &mut Tx<'_>, node: NodeId) -> Result<Vec<EmitterId>, Failure> {
    let id = node.as_uuid();
    let owned = tx.all(&tx.sql().leases_of_node, [id.as_bytes()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))
    })?;
    let mut found = Vec::new();
    for (emitter, detached) in owned {
        let emitter = rows::parsed("an emitter's ID", EmitterId::new(emitter))?;
        if !detached && tx.value::<bool>(&tx.sql().has_pending, [emitter.as_str()])? {
            found.push(emitter);
        }
    }
    Ok(found)
}

/// What a node that is not alive owns and that has something to do. Where its process is gone, the rest
/// loses its lease; else it may come back in time.
fn orphans(tx: &mut Tx<'_>, owner: NodeId, found: &mut Vec<EmitterId>) -> Result<(), Failure> {
    let id = owner.as_uuid();
    let gone = tx.context.locks.is_free(owner);
    if gone {
        kill(tx, owner)?;
    }
    let owned = tx.all(&tx.sql().leases_of_node, [id.as_bytes()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))
    })?;
    for (emitter, detached) in owned {
        let emitter = rows::parsed("an emitter's ID", EmitterId::new(emitter))?;
        let pending = !detached && tx.value::<bool>(&tx.sql().has_pending, [emitter.as_str()])?;
        if pending {
            found.push(emitter);
        } else if gone || detached {
            tx.execute(&tx.sql().drop_lease, [emitter.as_str()])?;
            tx.forget_target(&emitter);
        }
    }
    Ok(())
}

fn kill(tx: &Tx<'_>, node: NodeId) -> Result<(), Failure> {
    let id = node.as_uuid();
    tx.execute(&tx.sql().kill_node, [id.as_bytes()])?;
    tx.context.locks.forget(node);
    Ok(())
}

fn node_id(bytes: [u8; 16]) -> NodeId {
    NodeId::from_uuid(Uuid::from_bytes(bytes))
}

/// Which nodes are alive, each looked for once.
struct Alive {
    now: Timestamp,
    known: HashMap<NodeId, bool>,
}

impl Alive {
    fn new(now: Timestamp) -> Self {
        Self {
            now,
            known: HashMap::new(),
        }
    }

    fn ask(&mut self, tx: &Tx<'_>, node: NodeId) -> Result<bool, Failure> {
        if let Some(alive) = self.known.get(&node) {
            return Ok(*alive);
        }
        let id = node.as_uuid();
        let row = tx.find(&tx.sql().node, [id.as_bytes()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
        })?;
        let in_time =
            row.is_some_and(|(until, dead)| !dead && self.now < Timestamp::from_micros(until));
        let alive = in_time && !tx.context.locks.is_free(node);
        self.known.insert(node, alive);
        Ok(alive)
    }
}
