//! Finds the fields of a type through its `Deserialize` implementation.

use std::{cell::RefCell, collections::BTreeMap};

use serde::{
    Deserialize, Deserializer,
    de::{
        IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};

/// The names of each struct's fields, by the struct's path in the message.
pub(crate) type Fields = BTreeMap<String, &'static [&'static str]>;

/// Returns the fields of `T`, and of all structs in it that `sample` reaches.
pub(crate) fn recorded<T: for<'de> Deserialize<'de>>(sample: &Value) -> Fields {
    let recorded_fields = RefCell::default();
    // Whether the sample can be deserialized is checked elsewhere.
    let _ = T::deserialize(FieldRecorder {
        value: sample,
        path: String::new(),
        recorded_fields: &recorded_fields,
    });
    recorded_fields.into_inner()
}

/// Deserializes `value`, and records the structs in it.
struct FieldRecorder<'a> {
    value: &'a Value,
    path: String,
    recorded_fields: &'a RefCell<Fields>,
}

impl<'a> FieldRecorder<'a> {
    fn inner(&self, name: &str, value: &'a Value) -> Self {
        Self { value, path: format!("{}/{name}", self.path), recorded_fields: self.recorded_fields }
    }
}

impl<'de> Deserializer<'de> for FieldRecorder<'de> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.recorded_fields.borrow_mut().insert(self.path.clone(), fields);
        let entries = self.value.as_object().into_iter().flatten();
        visitor.visit_map(MapDeserializer::new(
            entries.map(|(name, value)| (name.as_str(), self.inner(name, value))),
        ))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        visitor.visit_seq(SeqDeserializer::new(
            items.map(|(index, value)| self.inner(&index.to_string(), value)),
        ))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.value.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for FieldRecorder<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
