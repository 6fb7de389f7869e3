//! `keygen`: the file of a new secrets key.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use clap::Args;
use webhooks_core::{env::Env, store::SecretsKey};

use crate::Failed;

#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// Where the file is made, with mode 0600; one that is there stays as it is.
    path: PathBuf,
}

impl Keygen {
    pub(crate) fn run(self) -> Result<(), Failed> {
        let key = SecretsKey::create_file(self.path, &Env::system())?;
        writeln!(io::stdout(), "{}", key.id())?;
        Ok(())
    }
}
