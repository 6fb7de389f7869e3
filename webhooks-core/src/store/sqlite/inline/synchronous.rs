//! What a commit waits for.

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// Until it is on the disk, as in production.
    Full,
    /// For nothing: it survives the process all the same, but not the machine.
    Off,
}

impl Synchronous {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Off => "OFF",
        }
    }
}
