//! serde_json's own tokens: text that is JSON already.

use std::fmt::{Display, Write as _};

use serde::{
    Serialize, Serializer,
    ser::{Error as _, Impossible},
};

use super::{check::check_value, fault::Fault, output::Output};

/// What stands for JSON text: a struct of this name, with one field of this name.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Token {
    RawValue,
    /// A number of any precision.
    Number,
}

impl Token {
    pub(super) fn of(name: &str) -> Option<Self> {
        [Self::RawValue, Self::Number]
            .into_iter()
            .find(|token| token.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::RawValue => "$serde_json::private::RawValue",
            Self::Number => "$serde_json::private::Number",
        }
    }
}

/// A token being written.
pub(super) struct Raw<'a> {
    output: &'a mut Output,
    token: Token,
    written: bool,
}

impl<'a> Raw<'a> {
    pub(super) fn open(output: &'a mut Output, token: Token) -> Self {
        Self {
            output,
            token,
            written: false,
        }
    }

    /// Writes the text, once it is known to be JSON.
    pub(super) fn field<T: Serialize + ?Sized>(
        &mut self,
        key: &str,
        value: &T,
    ) -> Result<(), Fault> {
        let (token, again) = (self.token, std::mem::replace(&mut self.written, true));
        self.output.step(|output| {
            if again || key != token.name() {
                return Err(Fault::value("raw JSON must be one field of its own name"));
            }
            let text = value.serialize(Text)?;
            check_value(text.as_bytes(), output.depth)?;
            let text = text.trim_matches([' ', '\t', '\n', '\r']);
            if token == Token::Number && !text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
            {
                return Err(Fault::value("the text of a number is another value"));
            }
            output.bytes.extend_from_slice(text.as_bytes());
            Ok(())
        })
    }

    pub(super) fn close(self) -> Result<(), Fault> {
        let written = self.written;
        self.output.step(|_| {
            if written {
                Ok(())
            } else {
                Err(Fault::value("raw JSON has no text"))
            }
        })
    }
}

/// Takes a string and nothing else.
struct Text;

macro_rules! refuse {
    ($($method:ident($($type:ty),*) -> $ok:ty),+ $(,)?) => {
        $(fn $method(self, $(_: $type),*) -> Result<$ok, Fault> {
            Err(Fault::value("raw JSON must be text"))
        })+
    };
}

type Never = Impossible<String, Fault>;

impl Serializer for Text {
    type Ok = String;
    type Error = Fault;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    fn serialize_str(self, value: &str) -> Result<String, Fault> {
        Ok(value.to_owned())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<String, Fault> {
        let mut text = String::new();
        write!(text, "{value}").map_err(Fault::custom)?;
        Ok(text)
    }

    refuse!(
        serialize_bool(bool) -> String, serialize_i8(i8) -> String, serialize_i16(i16) -> String,
        serialize_i32(i32) -> String, serialize_i64(i64) -> String, serialize_u8(u8) -> String,
        serialize_u16(u16) -> String, serialize_u32(u32) -> String, serialize_u64(u64) -> String,
        serialize_f32(f32) -> String, serialize_f64(f64) -> String, serialize_char(char) -> String,
        serialize_bytes(&[u8]) -> String, serialize_none() -> String, serialize_unit() -> String,
        serialize_unit_struct(&'static str) -> String,
        serialize_unit_variant(&'static str, u32, &'static str) -> String,
        serialize_seq(Option<usize>) -> Never, serialize_tuple(usize) -> Never,
        serialize_tuple_struct(&'static str, usize) -> Never,
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never,
        serialize_map(Option<usize>) -> Never, serialize_struct(&'static str, usize) -> Never,
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never,
    );

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, Fault> {
        Err(Fault::value("raw JSON must be text"))
    }
}
