//! Arrays and objects.

use serde::{
    Serialize,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

use super::{
    output::{Fault, Output},
    raw,
    serializer::Value,
};

/// An array being written.
pub(super) struct Items<'a> {
    output: &'a mut Output,
    empty: bool,
    in_variant: bool,
}

impl<'a> Items<'a> {
    pub(super) fn open(output: &'a mut Output, variant: Option<&str>) -> Result<Self, Fault> {
        open_variant(output, variant)?;
        output.enter(b'[')?;
        Ok(Self {
            output,
            empty: true,
            in_variant: variant.is_some(),
        })
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        if !std::mem::replace(&mut self.empty, false) {
            self.output.comma();
        }
        value.serialize(Value(self.output))
    }

    fn close(self) -> Result<(), Fault> {
        self.output.leave(b']');
        if self.in_variant {
            self.output.leave(b'}');
        }
        Ok(())
    }
}

/// An object being written; or, for serde_json's raw values, the text that takes its place.
pub(super) struct Entries<'a> {
    output: &'a mut Output,
    /// Where its entries begin among those of all that is open.
    base: usize,
    /// A value must follow, in the place of this earlier entry, if there is one.
    open: Option<Option<usize>>,
    in_variant: bool,
    raw: bool,
}

impl<'a> Entries<'a> {
    pub(super) fn open(output: &'a mut Output, variant: Option<&str>) -> Result<Self, Fault> {
        open_variant(output, variant)?;
        output.enter(b'{')?;
        let base = output.entries.len();
        Ok(Self {
            output,
            base,
            open: None,
            in_variant: variant.is_some(),
            raw: false,
        })
    }

    pub(super) fn raw(output: &'a mut Output) -> Self {
        let base = output.entries.len();
        Self {
            output,
            base,
            open: None,
            in_variant: false,
            raw: true,
        }
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        if self.open.is_some() {
            return Err(Fault::Value(
                "a key follows a key: expected its value".into(),
            ));
        }
        if self.output.entries.len() > self.base {
            self.output.comma();
        }
        let start = self.output.bytes.len();
        self.write_key(key)?;
        let end = self.output.bytes.len();
        self.open = Some(self.output.key_written(start..end, self.base));
        Ok(())
    }

    /// Writes text as it is, everything else as the text of its JSON, with a space behind `,` and
    /// `:`.
    fn write_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        let start = self.output.bytes.len();
        let spaced = std::mem::replace(&mut self.output.spaced, true);
        key.serialize(Value(self.output))?;
        self.output.spaced = spaced;
        if self.output.bytes.get(start) != Some(&b'"') {
            let text = String::from_utf8(self.output.bytes.split_off(start))
                .map_err(|_| Fault::Value("a key is not UTF-8".into()))?;
            self.output.string(&text);
        }
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        let Some(replaced) = self.open.take() else {
            return Err(Fault::Value("a value has no key".into()));
        };
        self.output.colon();
        value.serialize(Value(self.output))?;
        // The last of two values of one key wins, and stands where it was written.
        if let Some(at) = replaced {
            self.output.remove_entry(at);
        }
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Fault> {
        if self.raw {
            return raw::write(self.output, value);
        }
        self.key(key)?;
        self.value(value)
    }

    fn close(self) -> Result<(), Fault> {
        if self.raw {
            return Ok(());
        }
        if self.open.is_some() {
            return Err(Fault::Value("a key has no value".into()));
        }
        self.output.entries.truncate(self.base);
        self.output.leave(b'}');
        if self.in_variant {
            self.output.leave(b'}');
        }
        Ok(())
    }
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

macro_rules! fields {
    ($($trait:ident),+) => {
        $(impl $trait for Entries<'_> {
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
        })+
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.value(value)
    }

    fn end(self) -> Result<(), Fault> {
        self.close()
    }
}
