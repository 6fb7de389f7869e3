//! The check of JSON that is there as text (RFC 8259): a state machine without recursion.

use super::fault::{Fault, MAX_DEPTH};
use crate::{Error, ErrorKind};

/// Checks that `text` is a JSON object: UTF-8, well-formed, at most 128 levels.
pub(in crate::event) fn check_object(text: &[u8]) -> Result<(), Error> {
    let invalid = |message: String| Error::new(ErrorKind::InvalidPayload, message);
    std::str::from_utf8(text).map_err(|error| {
        invalid(format!(
            "payload is not UTF-8 at byte {}",
            error.valid_up_to()
        ))
        .with_source(error)
    })?;
    check(text, 0).map_err(|wrong| match wrong.what {
        What::TooDeep => Error::new(
            ErrorKind::PayloadTooDeep,
            format!(
                "payload is nested deeper than {MAX_DEPTH} levels at byte {}",
                wrong.at
            ),
        ),
        What::Unexpected(expected) => invalid(format!(
            "payload is not JSON at byte {}: expected {expected}",
            wrong.at
        )),
    })?;
    if text.trim_ascii_start().first() == Some(&b'{') {
        return Ok(());
    }
    Err(invalid(
        "payload is JSON, but not an object: expected `{`".to_owned(),
    ))
}

/// Checks that `text` is any JSON value, `depth` levels deep in another.
pub(super) fn check_value(text: &[u8], depth: usize) -> Result<(), Fault> {
    check(text, depth).map_err(|wrong| match wrong.what {
        What::TooDeep => Fault::too_deep(),
        What::Unexpected(_) => Fault::value("a raw value is not JSON"),
    })
}

struct Wrong {
    at: usize,
    what: What,
}

enum What {
    TooDeep,
    Unexpected(&'static str),
}

/// What may come next.
#[derive(Clone, Copy)]
enum Next {
    Value,
    /// A value, or the end of an array that has none.
    ValueOrEnd,
    Key,
    /// A key, or the end of an object that has none.
    KeyOrEnd,
    /// A comma, or the end of what is open.
    CommaOrEnd,
}

fn check(text: &[u8], depth: usize) -> Result<(), Wrong> {
    let mut cursor = Cursor { text, at: 0 };
    // One bit for each level that is open: whether it is an object.
    let (mut objects, mut open) = (0_u128, 0_usize);
    let mut next = Next::Value;
    loop {
        cursor.skip_whitespace();
        let Some(byte) = cursor.peek() else {
            let done = open == 0 && matches!(next, Next::CommaOrEnd);
            return if done { Ok(()) } else { cursor.wrong("more") };
        };
        next = match (next, byte) {
            (Next::CommaOrEnd, _) if open == 0 => return cursor.wrong("the end"),
            (Next::Value | Next::ValueOrEnd, b'{' | b'[') => {
                if open + depth >= MAX_DEPTH {
                    return Err(Wrong {
                        at: cursor.at,
                        what: What::TooDeep,
                    });
                }
                objects = (objects << 1) | u128::from(byte == b'{');
                open += 1;
                cursor.at += 1;
                if byte == b'{' {
                    Next::KeyOrEnd
                } else {
                    Next::ValueOrEnd
                }
            }
            (Next::ValueOrEnd, b']') | (Next::KeyOrEnd, b'}') => {
                (objects, open) = (objects >> 1, open - 1);
                cursor.at += 1;
                Next::CommaOrEnd
            }
            (Next::Value | Next::ValueOrEnd, _) => {
                cursor.scalar(byte)?;
                Next::CommaOrEnd
            }
            (Next::Key | Next::KeyOrEnd, b'"') => {
                cursor.string()?;
                cursor.skip_whitespace();
                cursor.expect(b':', "`:`")?;
                Next::Value
            }
            (Next::Key, _) => return cursor.wrong("a key"),
            (Next::KeyOrEnd, _) => return cursor.wrong("a key or `}`"),
            (Next::CommaOrEnd, b',') => {
                cursor.at += 1;
                if objects & 1 == 1 {
                    Next::Key
                } else {
                    Next::Value
                }
            }
            (Next::CommaOrEnd, b'}') if objects & 1 == 1 => {
                (objects, open) = (objects >> 1, open - 1);
                cursor.at += 1;
                Next::CommaOrEnd
            }
            (Next::CommaOrEnd, b']') if objects & 1 == 0 => {
                (objects, open) = (objects >> 1, open - 1);
                cursor.at += 1;
                Next::CommaOrEnd
            }
            (Next::CommaOrEnd, _) => return cursor.wrong("`,` or the end of what is open"),
        };
    }
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn wrong<T>(&self, expected: &'static str) -> Result<T, Wrong> {
        Err(Wrong {
            at: self.at,
            what: What::Unexpected(expected),
        })
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Wrong> {
        if self.peek() != Some(byte) {
            return self.wrong(what);
        }
        self.at += 1;
        Ok(())
    }

    fn scalar(&mut self, first: u8) -> Result<(), Wrong> {
        match first {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.wrong("a value"),
        }
    }

    fn word(&mut self, word: &'static [u8]) -> Result<(), Wrong> {
        if !self.text[self.at..].starts_with(word) {
            return self.wrong("a value");
        }
        self.at += word.len();
        Ok(())
    }

    fn string(&mut self) -> Result<(), Wrong> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0x20..) => self.at += 1,
                Some(_) => return self.wrong("no control character in a string"),
                None => return self.wrong("the end of a string"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Wrong> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                let digits = self.text.get(self.at + 1..self.at + 5).unwrap_or_default();
                if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return self.wrong("four hexadecimal digits");
                }
                self.at += 5;
                Ok(())
            }
            _ => self.wrong("an escape"),
        }
    }

    fn number(&mut self) -> Result<(), Wrong> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Wrong> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.wrong("a digit");
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }
}
