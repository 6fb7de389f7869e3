//! Who does what a store is asked.

use super::{
    job::{Job, Read},
    readers::Readers,
    writer::Writer,
};

/// Who does what a store is asked. A job that nobody does any more is dropped, or fails.
pub(super) trait Executor: Send + Sync {
    /// Writes.
    fn write(&self, job: Job);

    /// Reads.
    fn read(&self, job: Read);
}

/// A thread that writes, and some that read.
pub(super) struct Threads {
    pub(super) writer: Writer,
    pub(super) readers: Readers,
}

impl Executor for Threads {
    fn write(&self, job: Job) {
        self.writer.send(job);
    }

    fn read(&self, job: Read) {
        self.readers.send(job);
    }
}
