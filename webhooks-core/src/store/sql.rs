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

/// Makes a struct `Sql` of the statements in the folder `sql`, by their names, and its `new`, which
/// takes what stands in front of the names of tables. The module has a function `with_prefix`.
macro_rules! statements {
    ($text:ty: $($name:ident)*) => {
        /// The statements, by the names of their files.
        pub(super) struct Sql {
            $(pub(super) $name: $text,)*
        }

        impl Sql {
            pub(super) fn new(prefix: &str) -> Self {
                Self {
                    $($name: with_prefix(
                        include_str!(concat!("sql/", stringify!($name), ".sql")),
                        prefix,
                    )
                    .into(),)*
                }
            }

            #[cfg(test)]
            fn all(&self) -> Vec<(&'static str, &str)> {
                vec![$((stringify!($name), &*self.$name),)*]
            }
        }
    };
}

pub(super) use statements;
