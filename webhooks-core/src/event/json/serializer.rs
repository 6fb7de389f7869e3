//! The serializer of values.

use std::fmt::{Display, Write as _};

use serde::{Serialize, Serializer, ser::Error as _};

use super::{
    compound::{Entries, Fields, Items},
    escape::Escaped,
    fault::Fault,
    output::Output,
    raw::{Raw, Token},
};
use crate::{Error, ErrorKind};

/// Serialises a payload: a value that becomes a JSON object.
pub(in crate::event) fn to_object<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let mut output = Output::with_capacity(512);
    value.serialize(Value(&mut output))?;
    let found = match output.bytes.first() {
        Some(b'{') => return Ok(output.bytes),
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b'n') => "null",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    };
    Err(Error::new(
        ErrorKind::InvalidPayload,
        format!("payload is {found}: expected an object, such as a struct or a map"),
    ))
}

/// Writes a value.
pub(super) struct Value<'a>(pub(super) &'a mut Output);

impl Value<'_> {
    fn float<T: Serialize>(self, value: &T) -> Result<(), Fault> {
        serde_json::to_writer(&mut self.0.bytes, value).map_err(Fault::custom)
    }
}

/// The text of a number that JSON lacks.
pub(super) fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),+) => {
        $(fn $method(self, value: $type) -> Result<(), Fault> {
            let mut digits = itoa::Buffer::new();
            self.0
                .bytes
                .extend_from_slice(digits.format(value).as_bytes());
            Ok(())
        })+
    };
}

impl<'a> Serializer for Value<'a> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Entries<'a>;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_i128: i128, serialize_u128: u128
    );

    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.0.bytes.extend_from_slice(text);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Fault> {
        if value.is_finite() {
            return self.float(&value);
        }
        self.serialize_str(not_finite(value.into()))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Fault> {
        if value.is_finite() {
            return self.float(&value);
        }
        self.serialize_str(not_finite(value))
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        self.0.string(value);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Fault> {
        self.0.bytes.push(b'"');
        write!(Escaped(&mut self.0.bytes), "{value}").map_err(Fault::custom)?;
        self.0.bytes.push(b'"');
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Fault> {
        self.0.binary(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        self.0.wrapped(|output| value.serialize(Value(output)))
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        self.0.bytes.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Fault> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.0.wrapped(|output| value.serialize(Value(output)))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.0.enter(b'{')?;
        self.0.string(variant);
        self.0.colon();
        value.serialize(Value(self.0))?;
        self.0.leave(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, Fault> {
        Items::open(self.0, None)
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, Fault> {
        Items::open(self.0, None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Fault> {
        Items::open(self.0, None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'a>, Fault> {
        Items::open(self.0, Some(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'a>, Fault> {
        Entries::open(self.0, None)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'a>, Fault> {
        Ok(match Token::of(name) {
            Some(token) => Fields::Raw(Raw::open(self.0, token)),
            None => Fields::Object(Entries::open(self.0, None)?),
        })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries<'a>, Fault> {
        Entries::open(self.0, Some(variant))
    }

    fn is_human_readable(&self) -> bool {
        true
    }
}
