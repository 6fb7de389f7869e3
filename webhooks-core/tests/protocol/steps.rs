//! Collecting what can happen next.

use super::{action::Action, bounds::World, rules::Rule, state::State, violation::Violation};

/// What follows from a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Next {
    pub(crate) action: Action,
    pub(crate) state: State,
    pub(crate) violation: Option<Violation>,
}

/// Collects all steps that can be made from a state.
pub(crate) struct Steps<'a> {
    pub(crate) from: &'a State,
    pub(crate) world: &'a World,
    pub(crate) found: &'a mut Vec<Next>,
}

impl<'a> Steps<'a> {
    pub(crate) fn keep(&self, rule: Rule) -> bool {
        self.world.keep(rule)
    }

    pub(crate) fn step(&mut self, action: Action, change: impl FnOnce(&mut State)) {
        self.checked(action, |state| {
            change(state);
            None
        });
    }

    pub(crate) fn checked(
        &mut self,
        action: Action,
        change: impl FnOnce(&mut State) -> Option<Violation>,
    ) {
        let mut state = *self.from;
        let violation = change(&mut state);
        self.found.push(Next {
            action,
            state,
            violation,
        });
    }

    /// Whether a write may begin.
    pub(crate) fn may_write(&self) -> bool {
        !self.world.bounds.serial || !self.from.is_writing()
    }
}
