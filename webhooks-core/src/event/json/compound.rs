//! Arrays and objects.
//!
//! Every step goes through [`Output::step`]: what follows a fault that was ignored fails with it.

use serde::{
    Serialize,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

use super::{fault::Fault, keys::Keys, output::Output, raw::Raw, serializer::Value};

/// The largest text of a key that is no string. Within a key of a key each quotation mark and
/// backslash takes one more backslash, so that the text doubles with each level.
const MAX_KEY_BYTES: usize = 16 * 1024 * 1024;

/// An array being written.
pub(super) struct Items<'a> {
    output: &'a mut Output,
    empty: bool,
    in_variant: bool,
}

impl<'a> Items<'a> {
    pub(super) fn open(output: &'a mut Output, variant: Option<&str>) -> Result<Self, Fault> {
        output.step(|output| {
            open_variant(output, variant)?;
            output.enter(b'[')
        })?;
        Ok(Self {
            output,
            empty: true,
            in_variant: variant.is_some(),
        })
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        let first = std::mem::replace(&mut self.empty, false);
        self.output.step(|output| {
            if !first {
                output.comma();
            }
            value.serialize(Value(output))
        })
    }

    fn close(self) -> Result<(), Fault> {
        self.output.step(|output| {
            output.leave(b']');
            if self.in_variant {
                output.leave(b'}');
            }
            Ok(())
        })
    }
}

/// An object being written.
pub(super) struct Entries<'a> {
    output: &'a mut Output,
    keys: Keys,
    /// A key is there and its value is not.
    open: bool,
    in_variant: bool,
}

impl<'a> Entries<'a> {
    pub(super) fn open(output: &'a mut Output, variant: Option<&str>) -> Result<Self, Fault> {
        output.step(|output| {
            open_variant(output, variant)?;
            output.enter(b'{')
        })?;
        Ok(Self {
            keys: Keys::new(output),
            output,
            open: false,
            in_variant: variant.is_some(),
        })
    }

    fn key(&mut self, write: impl FnOnce(&mut Output) -> Result<(), Fault>) -> Result<(), Fault> {
        let follows_key = std::mem::replace(&mut self.open, true);
        self.output.step(|output| {
            if follows_key {
                return Err(Fault::value("a key follows a key: expected its value"));
            }
            if !self.keys.is_empty(output) {
                output.comma();
            }
            let start = output.bytes.len();
            write(output)?;
            let end = output.bytes.len();
            self.keys.written(output, start..end);
            Ok(())
        })
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        let follows_key = std::mem::replace(&mut self.open, false);
        self.output.step(|output| {
            if !follows_key {
                return Err(Fault::value("a value has no key"));
            }
            output.colon();
            value.serialize(Value(output))
        })
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Fault> {
        self.key(|output| {
            output.string(key);
            Ok(())
        })?;
        self.value(value)
    }

    fn close(self) -> Result<(), Fault> {
        self.output.step(|output| {
            if self.open {
                return Err(Fault::value("a key has no value"));
            }
            self.keys.close(output);
            output.leave(b'}');
            if self.in_variant {
                output.leave(b'}');
            }
            Ok(())
        })
    }
}

/// A struct being written: an object, or the text that a token stands for.
pub(super) enum Fields<'a> {
    Object(Entries<'a>),
    Raw(Raw<'a>),
}

/// Writes text as it is, everything else as the text of its JSON, with a space behind `,` and `:`.
fn write_key<T: Serialize + ?Sized>(output: &mut Output, key: &T) -> Result<(), Fault> {
    let start = output.bytes.len();
    let spaced = std::mem::replace(&mut output.spaced, true);
    key.serialize(Value(output))?;
    output.spaced = spaced;
    if output.bytes.get(start) != Some(&b'"') {
        let text = String::from_utf8(output.bytes.split_off(start))
            .map_err(|_| Fault::value("a key is not UTF-8"))?;
        output.string(&text);
        if output.bytes.len() - start > MAX_KEY_BYTES {
            return Err(Fault::key_too_large());
        }
    }
    Ok(())
}

fn open_variant(output: &mut Output, variant: Option<&str>) -> Result<(), Fault> {
    let Some(variant) = variant else {
        return Ok(());
    };
    output.enter(b'{')?;
    output.string(variant);
    output.colon();
    Ok(())
}

macro_rules! items {
    ($($trait:ident $method:ident),+) => {
        $(impl $trait for Items<'_> {
            type Ok = ();
            type Error = Fault;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
                self.item(value)
            }

            fn end(self) -> Result<(), Fault> {
                self.close()
            }
        })+
    };
}

items!(
    SerializeSeq serialize_element, SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field
);

impl SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        match self {
            Self::Object(entries) => entries.field(key, value),
            Self::Raw(raw) => raw.field(key, value),
        }
    }

    fn end(self) -> Result<(), Fault> {
        match self {
            Self::Object(entries) => entries.close(),
            Self::Raw(raw) => raw.close(),
        }
    }
}

impl SerializeStructVariant for Entries<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), Fault> {
        self.close()
    }
}

impl SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        self.key(|output| write_key(output, key))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.value(value)
    }

    fn end(self) -> Result<(), Fault> {
        self.close()
    }
}
