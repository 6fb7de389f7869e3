//! What must not be found.

use std::sync::Mutex;

use webhooks_core::sign::Secret;

use crate::Seen;

/// Header values that are known, and that are sent along.
pub(crate) const AUTHORIZATION: &str = "Bearer the-value-of-authorization";
pub(crate) const TEAM: &str = "the-value-of-x-team";
/// A token of the admin API.
pub(crate) const TOKEN: &str = "the-token-of-the-admin-api";

/// What must not be found: texts and bytes, in all the ways in which they are written down.
pub(crate) struct Needles(Mutex<Vec<(String, Vec<u8>)>>);

impl Default for Needles {
    fn default() -> Self {
        let needles = Self(Mutex::default());
        for value in [AUTHORIZATION, "the-value-of-authorization", TEAM, TOKEN] {
            needles.add(value, value.as_bytes());
        }
        needles
    }
}

impl Needles {
    /// A secret that is known: these bytes in base64.
    pub(crate) fn secret(&self, bytes: &[u8; 24]) -> Secret {
        let text = format!("whsec_{}", base64(bytes));
        self.secret_text(&text);
        self.add(&text, bytes);
        Secret::new(text).unwrap()
    }

    /// A secret, whatever it is of.
    pub(crate) fn secret_text(&self, text: &str) {
        self.add(text, text.as_bytes());
        if let Some(encoded) = text.strip_prefix("whsec_") {
            self.add(text, encoded.as_bytes());
        }
    }

    /// The line of a key file.
    pub(crate) fn of_key(line: &str) -> Self {
        let needles = Self(Mutex::default());
        let encoded = line.trim_end().rsplit(':').next().unwrap();
        assert!(encoded.len() >= 40, "a key of 32 bytes");
        needles.add("the secrets key", encoded.as_bytes());
        needles
    }

    fn add(&self, what: &str, bytes: &[u8]) {
        let list = format!("{bytes:?}");
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let upper = hex.to_uppercase();
        let listed = list.trim_matches(['[', ']']);
        let mut needles = self.0.lock().unwrap();
        for form in [bytes, listed.as_bytes(), hex.as_bytes(), upper.as_bytes()] {
            needles.push((what.to_owned(), form.to_vec()));
        }
    }

    /// # Panics
    /// If one is; says what.
    pub(crate) fn are_not_in(&self, place: &str, hay: &[u8]) {
        for (what, needle) in &*self.0.lock().unwrap() {
            if let Some(at) = find(hay, needle) {
                let from = at.saturating_sub(200);
                let around = String::from_utf8_lossy(&hay[from..hay.len().min(at + 200)]);
                panic!("{what} is in {place}: …{around}…");
            }
        }
    }

    /// Whether the receivers got the header values: else all of this proves nothing.
    pub(crate) fn were_sent(&self, seen: &Seen) -> bool {
        let sent = seen.sent();
        [AUTHORIZATION, TEAM]
            .iter()
            .all(|value| sent.iter().any(|sent| sent == value))
    }
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let starts = hay.iter().enumerate().filter(|(_, byte)| **byte == first);
    starts
        .map(|(at, _)| at)
        .find(|at| hay[*at..].starts_with(needle))
}

/// Base64 with padding, of a multiple of three bytes.
fn base64(bytes: &[u8; 24]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks_exact(3) {
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for shift in [18, 12, 6, 0] {
            text.push(char::from(DIGITS[(bits >> shift & 63) as usize]));
        }
    }
    text
}
