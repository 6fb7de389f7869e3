//! The columns of sqlx's rows.

use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{failure::Failure, tx::get};
use crate::store::rows::{Columns, Damaged};

impl Columns for PgRow {
    type Failure = Failure;

    fn text(&self, at: usize) -> Result<&str, Failure> {
        get(self, at)
    }

    fn optional_text(&self, at: usize) -> Result<Option<&str>, Failure> {
        get(self, at)
    }

    fn bytes(&self, at: usize) -> Result<&[u8], Failure> {
        get(self, at)
    }

    fn optional_bytes(&self, at: usize) -> Result<Option<&[u8]>, Failure> {
        get(self, at)
    }

    fn id(&self, at: usize) -> Result<Uuid, Failure> {
        get(self, at)
    }

    fn long(&self, at: usize) -> Result<i64, Failure> {
        get(self, at)
    }

    fn optional_long(&self, at: usize) -> Result<Option<i64>, Failure> {
        get(self, at)
    }

    fn small(&self, at: usize) -> Result<u32, Failure> {
        Ok(get::<i32>(self, at)?.cast_unsigned())
    }

    fn optional_small(&self, at: usize) -> Result<Option<u32>, Failure> {
        Ok(get::<Option<i32>>(self, at)?.map(i32::cast_unsigned))
    }

    fn code(&self, at: usize) -> Result<i16, Failure> {
        get(self, at)
    }

    fn flag(&self, at: usize) -> Result<bool, Failure> {
        get(self, at)
    }
}

impl From<Damaged> for Failure {
    fn from(damaged: Damaged) -> Self {
        Self::Refused(damaged.into())
    }
}
