//! serde_json's own tokens: text that is JSON already.

use serde::{
    Serialize, Serializer,
    ser::{Error as _, Impossible},
};

use super::{
    check::check_value,
    output::{Fault, Output},
};

/// Whether a struct of this name stands for JSON text (`RawValue`, or a number of any precision).
pub(super) fn is_token(name: &str) -> bool {
    matches!(
        name,
        "$serde_json::private::RawValue" | "$serde_json::private::Number"
    )
}

/// Writes the text of a token, once it is known to be JSON.
pub(super) fn write<T: Serialize + ?Sized>(output: &mut Output, value: &T) -> Result<(), Fault> {
    let text = value.serialize(Text)?;
    check_value(text.as_bytes(), output.depth)?;
    output
        .bytes
        .extend_from_slice(text.trim_matches([' ', '\t', '\n', '\r']).as_bytes());
    Ok(())
}

/// Takes a string and nothing else.
struct Text;

macro_rules! refuse {
    ($($method:ident($($type:ty),*) -> $ok:ty),+ $(,)?) => {
        $(fn $method(self, $(_: $type),*) -> Result<$ok, Fault> {
            Err(Fault::custom("raw JSON must be text"))
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
        Err(Fault::custom("raw JSON must be text"))
    }
}
