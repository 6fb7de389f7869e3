//! Attempts as columns, for statements about many.

use crate::delivery::Attempt;

/// The columns of attempts, one behind the other.
#[derive(Default)]
pub(super) struct AttemptColumns<'a> {
    pub(super) number: Vec<i32>,
    pub(super) started_at: Vec<i64>,
    pub(super) duration: Vec<i64>,
    pub(super) status: Vec<Option<i32>>,
    pub(super) error_kind: Vec<Option<&'a str>>,
    pub(super) error: Vec<Option<String>>,
    pub(super) url: Vec<&'a str>,
    pub(super) remote_addr: Vec<Option<String>>,
    pub(super) response_truncated: Vec<bool>,
    pub(super) response_headers: Vec<String>,
    pub(super) response_body: Vec<&'a [u8]>,
}

impl<'a> AttemptColumns<'a> {
    pub(super) fn push(&mut self, attempt: &'a Attempt) {
        let failure = attempt.failure();
        self.number.push(attempt.number.cast_signed());
        self.started_at.push(attempt.started_at.as_micros());
        let micros = i64::try_from(attempt.duration.as_micros());
        self.duration.push(micros.unwrap_or(i64::MAX));
        self.status.push(attempt.status().map(i32::from));
        self.error_kind
            .push(failure.map(|failure| failure.kind.as_str()));
        self.error
            .push(failure.map(|failure| storable(&failure.message)));
        self.url.push(&attempt.url);
        let addr = attempt.remote_addr;
        self.remote_addr.push(addr.map(|addr| addr.to_string()));
        self.response_truncated.push(attempt.response_truncated);
        self.response_headers
            .push(storable(attempt.response_headers.as_str()));
        self.response_body.push(&attempt.response_body);
    }
}

/// PostgreSQL's texts have no NUL.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Binds the columns in their order.
macro_rules! bind_attempts {
    ($query:expr, $columns:expr) => {{
        let columns = $columns;
        $query
            .bind(columns.number)
            .bind(columns.started_at)
            .bind(columns.duration)
            .bind(columns.status)
            .bind(columns.error_kind)
            .bind(columns.error)
            .bind(columns.url)
            .bind(columns.remote_addr)
            .bind(columns.response_truncated)
            .bind(columns.response_headers)
            .bind(columns.response_body)
    }};
}

pub(super) use bind_attempts;
