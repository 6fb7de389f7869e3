//! The columns of rusqlite's rows.

use rusqlite::{Row, types::FromSqlError};
use uuid::Uuid;

use super::failure::Failure;
use crate::store::rows::{Columns, Damaged};

impl Columns for Row<'_> {
    type Failure = Failure;

    fn text(&self, at: usize) -> Result<&str, Failure> {
        self.get_ref(at)?.as_str().map_err(column)
    }

    fn optional_text(&self, at: usize) -> Result<Option<&str>, Failure> {
        self.get_ref(at)?.as_str_or_null().map_err(column)
    }

    fn bytes(&self, at: usize) -> Result<&[u8], Failure> {
        self.get_ref(at)?.as_blob().map_err(column)
    }

    fn optional_bytes(&self, at: usize) -> Result<Option<&[u8]>, Failure> {
        self.get_ref(at)?.as_blob_or_null().map_err(column)
    }

    fn id(&self, at: usize) -> Result<Uuid, Failure> {
        Ok(Uuid::from_bytes(self.get(at)?))
    }

    fn long(&self, at: usize) -> Result<i64, Failure> {
        Ok(self.get(at)?)
    }

    fn optional_long(&self, at: usize) -> Result<Option<i64>, Failure> {
        Ok(self.get(at)?)
    }

    fn small(&self, at: usize) -> Result<u32, Failure> {
        Ok(self.get(at)?)
    }

    fn optional_small(&self, at: usize) -> Result<Option<u32>, Failure> {
        Ok(self.get(at)?)
    }

    fn code(&self, at: usize) -> Result<i16, Failure> {
        Ok(self.get(at)?)
    }

    fn flag(&self, at: usize) -> Result<bool, Failure> {
        Ok(self.get(at)?)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn column(error: FromSqlError) -> Failure {
    Damaged::new("a column", &error).into()
}

impl From<Damaged> for Failure {
    fn from(damaged: Damaged) -> Self {
        Self::Refused(damaged.into())
    }
}
