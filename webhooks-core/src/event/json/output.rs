//! Where JSON is written to.

use super::{
    escape::Escaped,
    fault::{Fault, MAX_DEPTH},
};

/// How many `Some` and newtypes may be open at once. They leave no trace in the text, but each takes
/// stack: four for each level is more than types have, and less than a stack.
const MAX_WRAPPERS: usize = 4 * MAX_DEPTH;

/// JSON being written.
#[derive(Default)]
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
    pub(super) depth: usize,
    wrappers: usize,
    /// With a space behind `,` and `:`, as in the text of a key.
    pub(super) spaced: bool,
    /// Where the keys of the objects that are open stand, outermost first.
    pub(super) keys: Vec<super::keys::Key>,
    /// What went wrong first: a `Serialize` may ignore it, and must not get away with half a value.
    fault: Option<Fault>,
}

impl Output {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            ..Self::default()
        }
    }

    /// Takes a step of a compound, unless an earlier one failed; remembers if this one does.
    pub(super) fn step(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        step(self).inspect_err(|fault| self.fault = Some(fault.clone()))
    }

    pub(super) fn enter(&mut self, open: u8) -> Result<(), Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(Fault::too_deep());
        }
        self.depth += 1;
        self.bytes.push(open);
        Ok(())
    }

    pub(super) fn leave(&mut self, close: u8) {
        self.depth -= 1;
        self.bytes.push(close);
    }

    /// Writes what is inside a `Some` or a newtype.
    pub(super) fn wrapped(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.wrappers >= MAX_WRAPPERS {
            return Err(Fault::too_deep());
        }
        self.wrappers += 1;
        write(self)?;
        self.wrappers -= 1;
        Ok(())
    }

    pub(super) fn comma(&mut self) {
        self.bytes
            .extend_from_slice(if self.spaced { b", " } else { b"," });
    }

    pub(super) fn colon(&mut self) {
        self.bytes
            .extend_from_slice(if self.spaced { b": " } else { b":" });
    }

    pub(super) fn string(&mut self, text: &str) {
        self.bytes.push(b'"');
        Escaped(&mut self.bytes).text(text);
        self.bytes.push(b'"');
    }

    /// Writes bytes: as a string where they are UTF-8, else in decimal within `<<…>>`.
    pub(super) fn binary(&mut self, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.string(text),
            Err(_) => {
                let decimal: Vec<String> = bytes.iter().map(u8::to_string).collect();
                self.string(&format!("<<{}>>", decimal.join(", ")));
            }
        }
    }
}
