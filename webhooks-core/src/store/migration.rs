//! Tables, as numbered steps that are never changed once they are released.

use crate::{Error, ErrorKind};

/// A step that makes or changes tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// Its place in the order of all; the same in every dialect.
    pub number: u32,
    /// What it is about; the same in every dialect.
    pub name: &'static str,
    /// The statements, written with the default names of the tables (in SQLite the prefix `webhooks_`, in
    /// PostgreSQL the schema `webhooks`, which must be there); to be run in one transaction. They note the
    /// step in the table of migrations.
    pub sql: &'static str,
}

/// The steps that are still to be run on tables of this version.
///
/// # Errors
/// [`Store`](ErrorKind::Store) if the tables are of a later version of this library.
pub(super) fn pending(
    all: &'static [Migration],
    version: u32,
) -> Result<&'static [Migration], Error> {
    let known = all.last().map_or(0, |last| last.number);
    if version > known {
        return Err(Error::new(
            ErrorKind::Store,
            format!(
                "the tables are of version {version}, made by a later version of this library: this one knows versions up to {known}"
            ),
        ));
    }
    let done = all
        .iter()
        .take_while(|migration| migration.number <= version)
        .count();
    Ok(&all[done..])
}

/// Refuses tables on which steps are still to be run.
pub(super) fn none_pending(missing: &[Migration]) -> Result<(), Error> {
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing
        .iter()
        .map(|migration| format!("{} ({})", migration.number, migration.name))
        .collect();
    Err(Error::new(
        ErrorKind::Store,
        format!(
            "the tables are not as this version needs them: run the migrations {}",
            names.join(", ")
        ),
    ))
}

#[cfg(all(test, feature = "sqlite", feature = "postgres"))]
mod tests {
    use super::*;
    use crate::store::{PostgresStore, SqliteStore};

    #[test]
    fn both_dialects_have_the_same_steps() {
        let steps = |all: &'static [Migration]| -> Vec<(u32, &str)> {
            all.iter()
                .map(|migration| (migration.number, migration.name))
                .collect()
        };
        assert_eq!(
            steps(SqliteStore::migrations()),
            steps(PostgresStore::migrations())
        );
    }
}
