//! Finds the fields of the models' messages through their `Deserialize` implementations.

use std::{cell::RefCell, collections::BTreeMap};

use openrouter_oauth_models::{
    ApiKeyGrant, CreateAuthCode, CreatedAuthCode, CurrentKey, Data, Endpoint, ExchangeAuthCode,
    ExchangeToken, JwkSet, KeyInfo, SigningKeys, TokenResponse,
};
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
pub type Fields = BTreeMap<String, Vec<String>>;

/// Returns the fields of a message, and of all structs in it that the sample reaches.
pub type FieldsFn = fn(&Value) -> Fields;

/// Returns the functions for the request and the response of an operation, by OpenRouter's name for it.
pub fn of_operation(operation: &str) -> Option<[FieldsFn; 2]> {
    Some(match operation {
        ExchangeAuthCode::OPERATION => [recorded::<ExchangeAuthCode>, recorded::<ApiKeyGrant>],
        CreateAuthCode::OPERATION => [recorded::<CreateAuthCode>, recorded::<Data<CreatedAuthCode>>],
        CurrentKey::OPERATION => [recorded::<CurrentKey>, recorded_of_key],
        ExchangeToken::OPERATION => [recorded::<ExchangeToken>, recorded::<TokenResponse>],
        SigningKeys::OPERATION => [recorded::<SigningKeys>, recorded::<JwkSet>],
        _ => return None,
    })
}

/// Returns the path of every field of `message` that `fields` lacks.
pub fn unknown(message: &Value, fields: &Fields) -> Vec<String> {
    let mut unknown = Vec::new();
    collect_unknown(message, "", fields, &mut unknown);
    unknown
}

fn collect_unknown(value: &Value, path: &str, fields: &Fields, unknown: &mut Vec<String>) {
    let known = fields.get(path).map(Vec::as_slice).unwrap_or_default();
    for (name, field) in value.as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        if known.contains(name) {
            collect_unknown(field, &path, fields, unknown);
        } else {
            unknown.push(path);
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        collect_unknown(item, &format!("{path}/{index}"), fields, unknown);
    }
}

/// Returns the fields of the response to [`CurrentKey`].
pub fn recorded_of_key(sample: &Value) -> Fields {
    let mut fields = recorded::<Data<KeyInfo>>(sample);
    // A type with `#[serde(flatten)]` does not name its fields to the deserializer, but `Debug` shows them all. By
    // default, none of them has a field of its own.
    let shown = format!("{:?}", KeyInfo::default());
    let names = shown.trim_start_matches("KeyInfo { ").split(", ").filter_map(|field| field.split_once(": "));
    let names = names.map(|(name, _)| name.to_owned()).filter(|name| name != "other");
    fields.insert("/data".to_owned(), names.collect());
    fields
}

/// Returns the fields of `T`, and of all structs in it that `sample` reaches.
pub fn recorded<T: for<'de> Deserialize<'de>>(sample: &Value) -> Fields {
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
        let names = fields.iter().map(|&name| name.to_owned()).collect();
        self.recorded_fields.borrow_mut().insert(self.path.clone(), names);
        self.deserialize_map(visitor)
    }

    /// Also visits the fields of a type with `#[serde(flatten)]`.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
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
        newtype_struct tuple tuple_struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for FieldRecorder<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_are_found_at_any_depth() {
        let message = json!({ "data": {
            "label": null, "a": null, "rate_limit": { "note": null, "b": null },
            "budgets": [{ "scope": null }, { "c": null }],
        }, "d": null });
        let unknown = unknown(&message, &recorded_of_key(&message));
        assert_eq!(unknown, ["/d", "/data/a", "/data/budgets/1/c", "/data/rate_limit/b"]);
    }

    #[test]
    fn every_operation_has_fields() {
        for (operation, names) in [
            (ExchangeAuthCode::OPERATION, ["code", "key"]),
            (CreateAuthCode::OPERATION, ["callback_url", "data"]),
            (CurrentKey::OPERATION, ["", "data"]),
            (ExchangeToken::OPERATION, ["subject_token", "access_token"]),
            (SigningKeys::OPERATION, ["", "keys"]),
        ] {
            for (fields_of, name) in of_operation(operation).unwrap().into_iter().zip(names) {
                let fields = fields_of(&json!({}));
                assert!(name.is_empty() || fields[""].iter().any(|field| field == name), "{fields:?}");
            }
        }
        assert!(of_operation("another").is_none());
        assert_eq!(recorded_of_key(&json!({}))["/data"].len(), 25);
    }
}
