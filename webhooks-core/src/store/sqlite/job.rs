//! What a store is asked to do, whoever does it.

use tokio::sync::oneshot;

use super::{failure::Failure, tx::Tx};
use crate::{Error, ErrorKind};

/// What the writer is asked to do.
pub(super) enum Job {
    /// In one transaction with whatever else waits.
    Together(Box<dyn Together>),
    /// Part by part, each in a transaction of its own, while others go on in between.
    Steps(Box<dyn Steps>),
}

/// A call that shares its transaction with others. It may be run again, if the transaction fails.
pub(super) trait Together: Send {
    /// Does the work; an error rolls the transaction back.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Failure>;
    /// It is committed, or it wrote nothing.
    fn answer(self: Box<Self>);
    /// Nothing of it is stored.
    fn fail(self: Box<Self>, error: Error);
}

/// A call that takes many transactions.
pub(super) trait Steps: Send {
    /// Does a part; `true` once all is done.
    fn step(&mut self, tx: &mut Tx<'_>) -> Result<bool, Failure>;
    /// All is done, or a part failed.
    fn end(self: Box<Self>, result: Result<(), Error>);
}

/// A call that only reads, in a transaction of its own, so that it sees one state of things.
pub(super) type Read = Box<dyn FnOnce(&mut Tx<'_>) + Send>;

/// Why a transaction failed.
pub(super) enum Failed {
    /// It did not begin.
    Begin(Error),
    Within(Failure),
}

impl Failed {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Begin(error) => error,
            Self::Within(failure) => failure.into_error(),
        }
    }
}

/// Answers a call that had a transaction of its own.
pub(super) fn conclude(call: Box<dyn Together>, result: Result<(), Failed>) {
    match result {
        Ok(()) => call.answer(),
        Err(failed) => call.fail(failed.into_error()),
    }
}

/// What is left of a call after a part of it; answers it where that is nothing.
pub(super) fn go_on(steps: Box<dyn Steps>, result: Result<bool, Failed>) -> Option<Box<dyn Steps>> {
    match result {
        Ok(false) => return Some(steps),
        Ok(true) => steps.end(Ok(())),
        Err(failed) => steps.end(Err(failed.into_error())),
    }
    None
}

/// What the caller waits for.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, Error>>;

/// A call that shares its transaction with others.
pub(super) struct Call<T, F> {
    work: F,
    answer: Option<T>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Call<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
{
    pub(super) fn job(work: F) -> (Job, Answer<T>) {
        let (reply, answer) = oneshot::channel();
        let call = Self {
            work,
            answer: None,
            reply,
        };
        (Job::Together(Box::new(call)), answer)
    }
}

impl<T, F> Together for Call<T, F>
where
    T: Send,
    F: FnMut(&mut Tx<'_>) -> Result<T, Failure> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Failure> {
        self.answer = Some((self.work)(tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>) {
        if let Some(answer) = self.answer {
            // Whoever asked may be gone.
            let _ = self.reply.send(Ok(answer));
        }
    }

    fn fail(self: Box<Self>, error: Error) {
        let _ = self.reply.send(Err(error));
    }
}

/// A call that takes many transactions: `work` returns the answer once all is done.
pub(super) struct Long<T, F> {
    work: F,
    answer: Option<T>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Long<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut Tx<'_>) -> Result<Option<T>, Failure> + Send + 'static,
{
    pub(super) fn job(work: F) -> (Job, Answer<T>) {
        let (reply, answer) = oneshot::channel();
        let long = Self {
            work,
            answer: None,
            reply,
        };
        (Job::Steps(Box::new(long)), answer)
    }
}

impl<T, F> Steps for Long<T, F>
where
    T: Send,
    F: FnMut(&mut Tx<'_>) -> Result<Option<T>, Failure> + Send,
{
    fn step(&mut self, tx: &mut Tx<'_>) -> Result<bool, Failure> {
        self.answer = (self.work)(tx)?;
        Ok(self.answer.is_some())
    }

    fn end(self: Box<Self>, result: Result<(), Error>) {
        let answer = match (result, self.answer) {
            (Ok(()), Some(answer)) => Ok(answer),
            (Ok(()), None) => Err(ended()),
            (Err(error), _) => Err(error),
        };
        let _ = self.reply.send(answer);
    }
}

/// Reads.
pub(super) fn read<T: Send + 'static>(
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
) -> (Read, Answer<T>) {
    let (reply, answer) = oneshot::channel();
    let job: Read = Box::new(move |tx| {
        let result = rolled_back(tx, work).map_err(Failure::into_error);
        // Whoever asked may be gone.
        let _ = reply.send(result);
    });
    (job, answer)
}

fn rolled_back<T>(
    tx: &mut Tx<'_>,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    tx.execute("BEGIN", [])?;
    let result = work(tx);
    // Nothing was written: how it ends makes no difference.
    tx.execute("ROLLBACK", [])?;
    result
}

/// The error of a call that no thread is left for.
pub(super) fn ended() -> Error {
    Error::new(
        ErrorKind::Store,
        "the database's thread has ended: see the log for its panic",
    )
}
