//! Reads a response field by field, so that one field that cannot be read does not lose the others.

use std::{
    cell::Cell,
    collections::{BTreeMap, btree_map},
};

use serde::de::{
    DeserializeOwned, DeserializeSeed, IntoDeserializer as _, MapAccess,
    value::{MapAccessDeserializer, StrDeserializer},
};
use serde_json::{Deserializer, Error, Value, value::RawValue};
use zeroize::Zeroizing;

use crate::endpoint::{Data, read_object};

/// A response that is read field by field. Only the fields without which it is useless have no default.
pub(crate) trait ByField: DeserializeOwned {
    /// Takes a field that could not be read.
    fn keep_unread(&mut self, _name: String, _value: Value) {}
}

/// Reads an object. Leaves out fields that cannot be read.
///
/// # Errors
///
/// The first error of the strict parser, whose position is one in `body`.
pub(crate) fn decode<T: ByField>(body: &[u8]) -> serde_json::Result<T> {
    read_object(body).or_else(|error| {
        let text = to_text(body);
        Fields::parse(&text).and_then(Fields::into_value).ok_or(error)
    })
}

/// Reads the object in the envelope [`Data`]. Leaves out fields that cannot be read.
pub(crate) fn decode_data<T: ByField>(body: &[u8]) -> serde_json::Result<T> {
    Data::decode(body).or_else(|error| {
        let text = to_text(body);
        let data = Fields::parse(&text).and_then(|fields| Fields::parse(fields.raw("data")?));
        data.and_then(Fields::into_value).ok_or(error)
    })
}

/// `body` as text in memory that is wiped, without a byte order mark. A byte that is not UTF-8 spoils only its own field.
pub(crate) fn to_text(body: &[u8]) -> Zeroizing<String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // A replacement character has three bytes, so the text does not move.
    let mut text = Zeroizing::new(String::with_capacity(3 * body.len()));
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

/// The fields of an object as JSON text. Of two with the same name, the last one wins.
pub(crate) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// None if `json` is not an object.
    pub(crate) fn parse(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }

    /// The field's value as JSON text.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|raw| raw.get())
    }

    /// The field's value, if there is one that can be read.
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// The object as a value. None if a field that it needs is absent or cannot be read.
    pub(crate) fn into_value<T: ByField>(mut self) -> Option<T> {
        let mut unread = Vec::new();
        loop {
            match self.deserialize() {
                Ok(mut value) => {
                    for (name, raw) in unread {
                        // JSON that is nested too deeply is dropped.
                        if let Ok(json) = serde_json::from_str(RawValue::get(raw)) {
                            T::keep_unread(&mut value, name, json);
                        }
                    }
                    return Some(value);
                }
                Err(Some(name)) => unread.extend(self.0.remove_entry(&name)),
                Err(None) => return None,
            }
        }
    }

    /// The object as a value, if all of its fields can be read.
    pub(crate) fn into_whole_value<T: DeserializeOwned>(self) -> Option<T> {
        self.deserialize().ok()
    }

    /// The object as a value, or else the name of the field that cannot be read, if it is the fault of one.
    fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Option<String>> {
        let current = Cell::new(None);
        let access = FieldAccess { rest: self.0.iter(), current: &current };
        T::deserialize(MapAccessDeserializer::new(access))
            .map_err(|_| current.get().map(|(name, _): (&String, _)| name.clone()))
    }
}

/// Hands out the fields, and remembers which one is being read.
struct FieldAccess<'a, 'f> {
    rest: btree_map::Iter<'f, String, &'a RawValue>,
    current: &'f Cell<Option<(&'f String, &'a RawValue)>>,
}

impl<'de> MapAccess<'de> for FieldAccess<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let next = self.rest.next();
        self.current.set(next.map(|(name, raw)| (name, *raw)));
        let name = next.map(|(name, _)| -> StrDeserializer<'_, Error> { name.as_str().into_deserializer() });
        name.map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let raw = self.current.get().map_or("", |(_, raw)| raw.get());
        seed.deserialize(&mut Deserializer::from_str(raw))
    }
}
