//! Where JSON is written to, and what can go wrong.

use std::{fmt, ops::Range};

use serde::ser;

/// How many arrays and objects may be inside one another.
pub(super) const MAX_DEPTH: usize = 128;

/// JSON being written.
#[derive(Default)]
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
    pub(super) depth: usize,
    /// With a space behind `,` and `:`, as in the text of a key.
    pub(super) spaced: bool,
    /// The entries of the objects that are open, outermost first.
    pub(super) entries: Vec<Entry>,
}

/// An entry of an object: where its key stands, and a hash of it.
pub(super) struct Entry {
    pub(super) key: Range<usize>,
    hash: u64,
}

/// Why a value cannot become JSON.
#[derive(Debug)]
pub(super) enum Fault {
    TooDeep,
    /// The value's own `Serialize` says so, or breaks the rules of serde.
    Value(String),
}

impl Output {
    pub(super) fn enter(&mut self, open: u8) -> Result<(), Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        self.depth += 1;
        self.bytes.push(open);
        Ok(())
    }

    pub(super) fn leave(&mut self, close: u8) {
        self.depth -= 1;
        self.bytes.push(close);
    }

    pub(super) fn comma(&mut self) {
        self.bytes
            .extend_from_slice(if self.spaced { b", " } else { b"," });
    }

    pub(super) fn colon(&mut self) {
        self.bytes
            .extend_from_slice(if self.spaced { b": " } else { b":" });
    }

    /// Writes a string, escaped as serde_json does it.
    pub(super) fn string(&mut self, text: &str) {
        self.bytes.push(b'"');
        let mut rest = 0;
        for (at, byte) in text.bytes().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.bytes.extend_from_slice(&text.as_bytes()[rest..at]);
            rest = at + 1;
            let short = match byte {
                b'"' | b'\\' => byte,
                0x08 => b'b',
                0x09 => b't',
                0x0a => b'n',
                0x0c => b'f',
                0x0d => b'r',
                _ => {
                    self.bytes
                        .extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    continue;
                }
            };
            self.bytes.extend_from_slice(&[b'\\', short]);
        }
        self.bytes.extend_from_slice(&text.as_bytes()[rest..]);
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

    /// Takes down the key that was just written; returns the entry of this object that has the same.
    pub(super) fn key_written(&mut self, key: Range<usize>, base: usize) -> Option<usize> {
        let text = &self.bytes[key.clone()];
        // FNV-1a: what collides is compared.
        let hash = text.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let same = |other: &Entry| other.hash == hash && self.bytes[other.key.clone()] == *text;
        let found = self.entries[base..]
            .iter()
            .position(same)
            .map(|at| base + at);
        self.entries.push(Entry { key, hash });
        found
    }

    /// Takes out an entry that a later one of the same object replaces.
    pub(super) fn remove_entry(&mut self, at: usize) {
        let (start, end) = (self.entries[at].key.start, self.entries[at + 1].key.start);
        self.bytes.drain(start..end);
        self.entries.remove(at);
        for entry in &mut self.entries[at..] {
            entry.key.start -= end - start;
            entry.key.end -= end - start;
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => write!(f, "nested deeper than {MAX_DEPTH} levels"),
            Self::Value(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Fault {}

impl ser::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Value(message.to_string())
    }
}
