//! What a receipt promises.

use std::collections::{BTreeMap, BTreeSet};

use super::{Breach, Change, Inside, Kind, Moment, Receipt, Rule, found};

pub(super) fn check(inside: &Inside, breaches: &mut Vec<Breach>) {
    let rows: BTreeMap<(&str, &str), Moment> = inside
        .rows
        .iter()
        .filter(|row| !row.by_hand)
        .map(|row| ((row.key.1.as_str(), row.key.0.as_str()), row.at))
        .collect();
    for receipt in &inside.receipts {
        let message = receipt.message.as_str();
        let of_message = rows
            .range((message, "")..)
            .take_while(|(row, _)| row.0 == message);
        let queued = of_message.filter(|(_, at)| **at <= receipt.call.1);
        let queued: BTreeSet<&str> = queued.map(|(row, _)| row.1).collect();
        if queued.len() != receipt.deliveries {
            let what = format!("{receipt:?}, queued for {queued:?}");
            found(breaches, Rule::ReceiptsHold, what);
        }
        for listener in &receipt.listeners {
            if !queued.contains(listener.as_str()) && listens(inside, listener, receipt) {
                let what = format!("{receipt:?} is not queued for {listener}");
                found(breaches, Rule::ReceiptsHold, what);
            }
        }
        for emitter in queued {
            if !receipt.listeners.iter().any(|listener| listener == emitter) {
                let what = format!("{receipt:?} is queued for {emitter}, which does not listen");
                found(breaches, Rule::ReceiptsHold, what);
            }
        }
    }
}

/// Whether an emitter takes what is emitted all through a call, and has for so long that all nodes know.
fn listens(inside: &Inside, emitter: &str, receipt: &Receipt) -> bool {
    let (called, returned) = receipt.call;
    let mut changes = inside.changes.iter().filter(|change| {
        change.emitter == emitter && change.kind != Kind::Configured && change.at <= returned
    });
    let last: Option<&Change> = changes.next_back();
    last.is_some_and(|change| {
        let takes = matches!(change.kind, Kind::Attached | Kind::Restarted | Kind::Paused);
        let may_be_stopped = inside.perhaps.iter().any(|perhaps| {
            perhaps.emitter == emitter
                && perhaps.kind.stops()
                && (change.at..=returned).contains(&perhaps.at)
        });
        takes && !may_be_stopped && change.at + inside.reach < called
    })
}

#[cfg(test)]
mod tests {
    use super::{super::usual::*, *};

    #[test]
    fn a_receipt_is_kept() {
        breaks(Rule::ReceiptsHold, |inside| {
            inside.receipts[0].deliveries = 2
        });
        let unqueued = |inside: &mut Inside| {
            inside.receipts[0].message = "z".to_owned();
            inside.receipts[0].deliveries = 0;
        };
        breaks(Rule::ReceiptsHold, unqueued);
        // Attached so shortly before that not all may know of it; paused with a discard.
        keeps(|inside| {
            unqueued(inside);
            inside.changes[0].at = ms(4);
        });
        keeps(|inside| {
            unqueued(inside);
            inside.changes.insert(1, change(Kind::Discarded, 2));
            inside.changes.push(change(Kind::Restarted, 13));
            inside.rows.iter_mut().for_each(|row| row.at = ms(13));
        });
        breaks(Rule::ReceiptsHold, |inside| {
            inside.receipts[0].listeners.clear()
        });
    }

    #[test]
    fn who_may_have_been_stopped_need_not_be_told() {
        let unheard = |stopped| {
            move |inside: &mut Inside| {
                inside.receipts.push(Receipt {
                    call: (ms(5_000), ms(5_001)),
                    message: "c".to_owned(),
                    deliveries: 0,
                    listeners: vec!["crm".to_owned()],
                });
                inside.perhaps.push(change(Kind::Detached, stopped));
            }
        };
        keeps(unheard(5_001));
        breaks(Rule::ReceiptsHold, unheard(5_002));
    }
}
