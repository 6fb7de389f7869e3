//! Nothing leaves the count.

use super::{Breach, Inside, Rule, found};

/// What was queued is pending or has ended. What was discarded while it was being delivered has ended twice.
pub(super) fn check(inside: &Inside, breaches: &mut Vec<Breach>) {
    for total in &inside.totals {
        let counted = total.pending + total.ended;
        if !(total.queued..=total.queued + total.both).contains(&counted) {
            found(breaches, Rule::NothingUncounted, format!("{total:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Total, usual::*},
        *,
    };

    fn total(pending: u64, ended: u64) -> impl FnOnce(&mut Inside) {
        move |inside| {
            inside.totals.push(Total {
                at: ms(1),
                queued: 5,
                both: 1,
                pending,
                ended,
            });
        }
    }

    #[test]
    fn what_is_queued_is_pending_or_has_ended() {
        keeps(total(2, 3));
        keeps(total(2, 4));
        breaks(Rule::NothingUncounted, total(2, 2));
        breaks(Rule::NothingUncounted, total(2, 5));
    }
}
