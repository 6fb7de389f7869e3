//! The serializer of values.

use serde::{Serialize, Serializer};

use super::{
    compound::{Entries, Items},
    output::{Fault, Output},
    raw,
};
use crate::{Error, ErrorKind};

/// Serialises a payload: a value that becomes a JSON object.
pub(in crate::event) fn to_object<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let mut output = Output {
        bytes: Vec::with_capacity(256),
        ..Output::default()
    };
    value
        .serialize(Value(&mut output))
        .map_err(|fault| match fault {
            Fault::TooDeep => Error::new(
                ErrorKind::PayloadTooDeep,
                "payload is nested deeper than 128 levels: at most 128 are allowed",
            ),
            Fault::Value(_) => {
                Error::new(ErrorKind::InvalidPayload, "payload cannot be serialised")
                    .with_source(fault)
            }
        })?;
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
    fn json<T: Serialize>(self, value: &T) -> Result<(), Fault> {
        serde_json::to_writer(&mut self.0.bytes, value)
            .map_err(|error| Fault::Value(error.to_string()))
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

macro_rules! numbers {
    ($($method:ident: $type:ty),+) => {
        $(fn $method(self, value: $type) -> Result<(), Fault> {
            self.json(&value)
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
    type SerializeStruct = Entries<'a>;
    type SerializeStructVariant = Entries<'a>;

    numbers!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_i128: i128, serialize_u128: u128
    );

    fn serialize_f32(self, value: f32) -> Result<(), Fault> {
        if value.is_finite() {
            return self.json(&value);
        }
        self.serialize_str(not_finite(value.into()))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Fault> {
        if value.is_finite() {
            return self.json(&value);
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

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Fault> {
        self.0.binary(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
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
        value.serialize(self)
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

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Entries<'a>, Fault> {
        if raw::is_token(name) {
            Ok(Entries::raw(self.0))
        } else {
            Entries::open(self.0, None)
        }
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
