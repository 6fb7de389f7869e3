//! Event patterns.

use super::{
    EventName,
    name::{ALLOWED, is_allowed},
};
use crate::{
    Error,
    text::{check_text, excerpt, text_newtype},
};

text_newtype! {
    /// What an emitter is attached to: a name (`order.created`), a name with its whole trailing
    /// part open (`order.*` matches `order.created` and `order.item.added`, not `order`), or `*`.
    ///
    /// `webhooks.*` is reserved for operational events: only patterns that begin with `webhooks.`
    /// match them.
    EventPattern, check
}

/// The three forms of a pattern, borrowed from its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form<'a> {
    /// Every event.
    All,
    /// This very name.
    Exact(&'a str),
    /// Every name that begins with this and a dot; kept without the dot.
    Under(&'a str),
}

impl EventPattern {
    /// Whether an event of this name reaches an emitter with this pattern.
    #[must_use]
    pub fn matches(&self, name: &EventName) -> bool {
        match self.form() {
            Form::All => !name.is_operational(),
            Form::Exact(exact) => exact == name.as_str(),
            Form::Under(prefix) => name
                .as_str()
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.starts_with('.')),
        }
    }

    pub(crate) fn form(&self) -> Form<'_> {
        form(self.as_str())
    }
}

fn form(text: &str) -> Form<'_> {
    match text.strip_suffix(".*") {
        _ if text == "*" => Form::All,
        Some(prefix) => Form::Under(prefix),
        None => Form::Exact(text),
    }
}

fn check(text: &str) -> Result<(), Error> {
    let name = match form(text) {
        Form::All => return Ok(()),
        Form::Exact(name) | Form::Under(name) => name,
    };
    check_text("event pattern", name, 256, ALLOWED, is_allowed).map_err(|_| {
        let shown = excerpt(text);
        Error::invalid(format!(
            "event pattern `{shown}` is not of a known form: expected a name of 1–256 of {ALLOWED}, \
             such a name followed by `.*`, or `*` alone"
        ))
    })
}

impl From<EventName> for EventPattern {
    fn from(name: EventName) -> Self {
        Self(name.as_str().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        EventPattern::new(pattern)
            .unwrap()
            .matches(&EventName::new(name).unwrap())
    }

    #[test]
    fn a_name_matches_itself_alone() {
        assert!(matches("order.created", "order.created"));
        assert!(!matches("order.created", "order.created.late"));
        assert!(!matches("order.created", "order"));
    }

    #[test]
    fn a_trailing_star_stands_for_one_part_or_more() {
        assert!(matches("order.*", "order.created"));
        assert!(matches("order.*", "order.item.added"));
        assert!(!matches("order.*", "order"));
        assert!(!matches("order.*", "orders.created"));
        assert!(!matches("order.item.*", "order.created"));
    }

    #[test]
    fn a_star_matches_all_but_operational_events() {
        assert!(matches("*", "order"));
        assert!(!matches("*", "webhooks.ping"));
        assert!(matches("webhooks.*", "webhooks.ping"));
        assert!(matches("webhooks.ping", "webhooks.ping"));
    }

    #[test]
    fn stars_elsewhere_are_refused() {
        for pattern in ["", "*.created", "order*", "a.*.b", ".*", "**", "a b"] {
            let error = EventPattern::new(pattern).unwrap_err();
            assert!(error.to_string().contains("`.*`"), "{pattern}: {error}");
        }
    }
}
