//! The threads that read.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::{self, JoinHandle},
};

use rusqlite::Connection;

use super::{
    job::Read,
    tx::{Context, Memo, Tx},
};
use crate::{Error, ErrorKind};

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

    /// Hands a job over. Without a thread it is dropped, and with it the reply.
    pub(super) fn send(&self, job: Read) {
        let _ = self.jobs.send(job);
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
