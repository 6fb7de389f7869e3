//! The threads that read, each in a transaction for every call, so that it sees one state of things.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::{self, JoinHandle},
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    failure::Failure,
    job::Answer,
    tx::{Context, Memo, Tx},
};
use crate::{Error, ErrorKind};

type Read = Box<dyn FnOnce(&mut Tx<'_>) + Send>;

/// The way to the threads that read.
#[derive(Clone)]
pub(super) struct Readers {
    jobs: mpsc::Sender<Read>,
}

impl Readers {
    /// Starts a thread for each connection; returns them, too. They end once nobody can ask them any
    /// more.
    pub(super) fn start(
        connections: Vec<Connection>,
        context: &Arc<Context>,
    ) -> Result<(Self, Vec<JoinHandle<()>>), Error> {
        let (jobs, asked) = mpsc::channel::<Read>();
        let asked = Arc::new(Mutex::new(asked));
        let mut threads = Vec::new();
        for connection in connections {
            let (asked, context) = (asked.clone(), context.clone());
            let spawned = thread::Builder::new()
                .name("webhooks-sqlite-read".to_owned())
                .spawn(move || run(&connection, &context, &asked));
            threads.push(spawned.map_err(|error| {
                Error::new(ErrorKind::Store, "the database's threads cannot be started")
                    .with_source(error)
            })?);
        }
        Ok((Self { jobs }, threads))
    }

    /// Reads.
    pub(super) fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        let job: Read = Box::new(move |tx| {
            let result = in_transaction(tx, work).map_err(Failure::into_error);
            // Whoever asked may be gone.
            let _ = reply.send(result);
        });
        // Without a thread the job is dropped, and with it the reply.
        let _ = self.jobs.send(job);
        answer
    }
}

fn run(connection: &Connection, context: &Context, asked: &Mutex<mpsc::Receiver<Read>>) {
    loop {
        let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(job) = asked.recv() else { return };
        drop(asked);
        let mut memo = Memo::default();
        job(&mut Tx::new(connection, context, &mut memo));
    }
}

fn in_transaction<T>(
    tx: &mut Tx<'_>,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    tx.execute("BEGIN", [])?;
    let result = work(tx);
    // Nothing was written: how it ends makes no difference.
    tx.execute("ROLLBACK", [])?;
    result
}
