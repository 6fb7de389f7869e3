//! Statements of SQL, each in a file of its own.
//!
//! They are written with the default names of the tables, so that each can be tried as it stands.

/// A text of SQL without its comments, and with `to` in place of `from` in front of the names of tables.
pub(super) fn with_names(sql: &str, from: &str, to: &str) -> String {
    let sql: String = sql
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .flat_map(|line| [line, "\n"])
        .collect();
    sql.replace(from, to).trim().to_owned()
}

/// Makes a struct `Sql` of the statements in the folder `sql`, by their names, and its `new`, which is told
/// how to make one of its text.
macro_rules! statements {
    ($statement:ty: $($name:ident)*) => {
        /// The statements, by the names of their files.
        pub(super) struct Sql {
            $(pub(super) $name: $statement,)*
        }

        impl Sql {
            fn make(make: impl Fn(&str) -> $statement) -> Self {
                Self {
                    $($name: make(include_str!(concat!("sql/", stringify!($name), ".sql"))),)*
                }
            }

            #[cfg(test)]
            fn all(&self) -> Vec<(&'static str, &$statement)> {
                vec![$((stringify!($name), &self.$name),)*]
            }
        }
    };
}

pub(super) use statements;
