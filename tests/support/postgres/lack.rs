//! What is missing.

/// Why there is no server, or no pooler, for a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lack {
    /// This machine has no such program, for this reason.
    Missing(&'static str, String),
    /// The one that was asked for cannot be used: nobody wants another instead.
    Unusable(String),
}

impl Lack {
    pub(super) fn postgres(why: String) -> Self {
        Self::Missing("PostgreSQL", why)
    }

    /// Says it, where it is no failure.
    ///
    /// # Panics
    /// Where it is one: if what was asked for is unusable, or with `WEBHOOKS_REQUIRE_ALL`.
    #[track_caller]
    pub(super) fn skip(&self) {
        let required = std::env::var_os("WEBHOOKS_REQUIRE_ALL").is_some();
        match self.line(required) {
            Ok(line) => eprintln!("{line}"),
            Err(failure) => panic!("{failure}"),
        }
    }

    fn line(&self, required: bool) -> Result<String, String> {
        match self {
            Self::Missing(what, why) if required => Err(format!("no {what}: {why}")),
            Self::Missing(what, why) => Ok(format!("skipped: no {what}: {why}")),
            Self::Unusable(what) => Err(what.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_a_line_unless_all_is_required() {
        let lack = Lack::postgres("none here".into());
        assert_eq!(
            lack.line(false).unwrap(),
            "skipped: no PostgreSQL: none here"
        );
        assert_eq!(lack.line(true).unwrap_err(), "no PostgreSQL: none here");
    }

    #[test]
    fn what_was_asked_for_and_is_unusable_is_a_failure() {
        let lack = Lack::Unusable("no answer".into());
        assert_eq!(lack.line(false).unwrap_err(), "no answer");
        assert_eq!(lack.line(true).unwrap_err(), "no answer");
    }
}
