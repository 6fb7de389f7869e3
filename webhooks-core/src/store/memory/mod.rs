//! Stub.
/// Stub.
#[derive(Debug, Default)]
pub struct MemoryStore;
