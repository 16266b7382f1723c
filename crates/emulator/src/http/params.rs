//! The parameters of a query, a form, or a JSON object.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

/// Parameters by name, each at most once.
///
/// A parameter without a value counts as omitted (RFC 6749, section 3.1).
#[derive(Debug)]
pub(crate) struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Params<'a> {
    /// Reads `application/x-www-form-urlencoded` text.
    ///
    /// # Errors
    ///
    /// If a parameter appears twice, which makes its value ambiguous, or if there are more than 64 parameters.
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, String> {
        let mut params = Self(Vec::new());
        for (name, value) in form_urlencoded::parse(text) {
            params.push(name, value)?;
        }
        Ok(params)
    }

    /// Reads the fields of a JSON object. A number counts as its text, and a field that is null as omitted.
    ///
    /// # Errors
    ///
    /// If the text is not a JSON object, if a field appears twice or has another type, or if there are more than 64
    /// fields.
    pub(crate) fn parse_json(text: &[u8]) -> Result<Self, String> {
        let Fields(fields) = serde_json::from_slice(text).map_err(|_| "expected a JSON object".to_owned())?;
        let mut names = HashSet::new();
        let mut params = Self(Vec::new());
        for (name, value) in fields {
            if !names.insert(name.clone()) {
                return Err(format!("{} appears more than once", shorten(&name)));
            }
            let value = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                _ => return Err(format!("{} must be a string or a number", shorten(&name))),
            };
            params.push(name.into(), value.into())?;
        }
        Ok(params)
    }

    /// Adds the parameters of `other`. If both have a parameter named `replaced`, the value of `other` counts.
    ///
    /// # Errors
    ///
    /// If both have another parameter, or if there are more than 64 in all.
    pub(crate) fn join(mut self, other: Self, replaced: &str) -> Result<Self, String> {
        if other.0.iter().any(|(name, _)| name == replaced) {
            self.0.retain(|(name, _)| name != replaced);
        }
        for (name, value) in other.0 {
            self.push(name, value)?;
        }
        Ok(self)
    }

    fn push(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) -> Result<(), String> {
        if self.0.len() == 64 {
            return Err("there are too many parameters".to_owned());
        }
        if self.0.iter().any(|(known, _)| *known == name) {
            return Err(format!("{} appears more than once", shorten(&name)));
        }
        self.0.push((name, value));
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value.as_ref()).filter(|value| !value.is_empty())
    }
}

/// The fields of a JSON object in their order, even if one appears twice.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

/// Returns the start of a name, for a message.
fn shorten(name: &str) -> String {
    name.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_needs_a_value_and_appears_once() {
        let params = Params::parse(b"a=1&b=&c").unwrap();
        assert_eq!([params.get("a"), params.get("b"), params.get("c")], [Some("1"), None, None]);
        assert_eq!(Params::parse(b"a=1&a=").unwrap_err(), "a appears more than once");
    }

    #[test]
    fn field_of_json_is_a_string_or_a_number() {
        let params = Params::parse_json(br#"{"a":"1","b":5.5,"c":null,"d":""}"#).unwrap();
        assert_eq!(["a", "b", "c", "d"].map(|name| params.get(name)), [Some("1"), Some("5.5"), None, None]);
        for text in ["", "[]", "null", r#"{"a":true}"#, r#"{"a":[]}"#, r#"{"a":{}}"#] {
            assert!(Params::parse_json(text.as_bytes()).is_err(), "{text}");
        }
        for text in [r#"{"a":"1","a":"1"}"#, r#"{"a":null,"b":1,"a":"1"}"#, r#"{"a":"1","\u0061":null}"#] {
            assert_eq!(
                Params::parse_json(text.as_bytes()).unwrap_err(),
                "a appears more than once",
                "{text}"
            );
        }
    }

    #[test]
    fn only_one_parameter_can_be_replaced() {
        let query = || Params::parse(b"limit=5&state=s").unwrap();
        let joined = query().join(Params::parse(b"limit=&decision=deny").unwrap(), "limit").unwrap();
        let values = ["limit", "state", "decision"].map(|name| joined.get(name));
        assert_eq!(values, [None, Some("s"), Some("deny")]);
        let error = query().join(Params::parse(b"state=t").unwrap(), "limit").unwrap_err();
        assert_eq!(error, "state appears more than once");
    }
}
