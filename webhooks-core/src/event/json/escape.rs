//! The inside of JSON strings, escaped as serde_json does it.

use std::fmt;

/// Writes text between two quotation marks.
pub(super) struct Escaped<'a>(pub(super) &'a mut Vec<u8>);

impl Escaped<'_> {
    pub(super) fn text(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        while let Some(at) = first_special(rest) {
            self.0.extend_from_slice(&rest[..at]);
            self.special(rest[at]);
            rest = &rest[at + 1..];
        }
        self.0.extend_from_slice(rest);
    }

    fn special(&mut self, byte: u8) {
        let short = match byte {
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            b'"' | b'\\' => byte,
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
                self.0
                    .extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
                return;
            }
        };
        self.0.extend_from_slice(&[b'\\', short]);
    }
}

/// For `Display`, whose text comes in pieces.
impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}

/// Whether a byte cannot stand in a string as it is.
static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        special[control] = true;
        control += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special
};

/// Where the first byte is that cannot stand in a string as it is.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let mut words = bytes.chunks_exact(8);
    let mut at = 0;
    for word in &mut words {
        // Eight at a time: a payload is mostly plain text.
        if let Ok(word) = word.try_into()
            && any_special(u64::from_le_bytes(word))
        {
            break;
        }
        at += 8;
    }
    bytes[at..]
        .iter()
        .position(|byte| SPECIAL[usize::from(*byte)])
        .map(|found| at + found)
}

/// Whether one of eight bytes is a control character, a quotation mark or a backslash.
///
/// A byte is below `n` if taking `n` from it borrows from its highest bit, and zero if it is below
/// 1; with XOR, what is looked for becomes zero. A borrow may reach the byte above, so that an
/// answer "yes" may be wrong, "no" never is.
fn any_special(word: u64) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word & HIGHS;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    below(word, 0x20) | equal(b'"') | equal(b'\\') != 0
}
