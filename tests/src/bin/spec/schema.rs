//! The subset of JSON schemas that this program reads.

use serde_json::{Map, Value, json};

/// A schema without references.
#[derive(Clone, Copy)]
pub(crate) struct Schema<'a>(&'a Value);

impl<'a> Schema<'a> {
    pub(crate) fn new(schema: &'a Value) -> Self {
        Self(schema)
    }

    /// Returns a keyword that this program does not support.
    pub(crate) fn unsupported_keyword(self) -> Option<&'static str> {
        [
            "allOf",
            "anyOf",
            "oneOf",
            "not",
            "const",
            "pattern",
            "patternProperties",
            "minLength",
            "minimum",
            "maximum",
        ]
        .into_iter()
        .find(|keyword| self.0.get(keyword).is_some())
    }

    pub(crate) fn properties(self) -> impl Iterator<Item = (&'a str, Self)> {
        let properties = self.0["properties"].as_object().into_iter().flatten();
        properties.map(|(name, schema)| (name.as_str(), Self(schema)))
    }

    pub(crate) fn has(self, property: &str) -> bool {
        self.0["properties"].get(property).is_some()
    }

    pub(crate) fn requires(self, property: &str) -> bool {
        self.required().any(|required| required == property)
    }

    /// Returns the names of the required properties.
    pub(crate) fn required(self) -> impl Iterator<Item = &'a str> {
        self.0["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// Returns the schema of an array's items.
    pub(crate) fn items(self) -> Option<Self> {
        self.0.get("items").map(Self)
    }

    pub(crate) fn example(self) -> Option<&'a Value> {
        self.0.get("example")
    }

    /// Returns the values of an enum, without `null`.
    pub(crate) fn enum_values(self) -> Option<Vec<&'a str>> {
        Some(self.0.get("enum")?.as_array()?.iter().filter_map(Value::as_str).collect())
    }

    pub(crate) fn max_length(self) -> Option<usize> {
        self.0["maxLength"].as_u64().and_then(|length| usize::try_from(length).ok())
    }

    /// Returns the format of strings. Formats of numbers only limit their size.
    pub(crate) fn format(self) -> Option<&'a str> {
        self.0["format"].as_str()
    }

    /// Returns whether the schema allows the type of `value`. A number without a fraction is an integer.
    pub(crate) fn allows_type_of(self, value: &Value) -> bool {
        match value {
            Value::Null => self.is("null"),
            Value::Bool(_) => self.is("boolean"),
            Value::Number(number) => self.is("number") || !number.is_f64() && self.is("integer"),
            Value::String(_) => self.is("string"),
            Value::Array(_) => self.is("array"),
            Value::Object(_) => self.is("object"),
        }
    }

    /// Returns whether the schema allows this type.
    fn is(self, name: &str) -> bool {
        match &self.0["type"] {
            Value::Array(types) => types.contains(&json!(name)),
            Value::String(one) => one == name,
            _ => true,
        }
    }

    /// Returns whether the schema is an object with arbitrary properties.
    pub(crate) fn is_map(self) -> bool {
        self.is("object") && !self.0["properties"].is_object()
    }

    /// Returns a value with every property, from the examples if there are any.
    pub(crate) fn sample(self) -> Value {
        if self.0["properties"].is_object() {
            let fields = self.properties().map(|(name, schema)| (name.to_owned(), schema.sample()));
            return Value::Object(fields.collect::<Map<_, _>>());
        }
        if let Some(example) = self.example() {
            return example.clone();
        }
        if let Some(word) = self.enum_values().and_then(|words| words.first().copied()) {
            return json!(word);
        }
        match self.format_samples() {
            Some([sample, _]) => json!(sample),
            None if self.is("string") => json!("text"),
            None if self.is("integer") => json!(7),
            None if self.is("number") => json!(0.5),
            None if self.is("boolean") => json!(true),
            None if self.is("object") => json!({ "a": 1 }),
            None if self.is("array") => Value::Array(self.items().map(Self::sample).into_iter().collect()),
            None => Value::Null,
        }
    }

    /// Returns values of every type, each with whether the schema allows it.
    pub(crate) fn candidates(self) -> Vec<(Value, bool)> {
        let number = self.is("number");
        let integer = number || self.is("integer");
        let mut candidates = vec![
            (Value::Null, self.is("null")),
            (json!(true), self.is("boolean")),
            (json!(7), integer),
            (json!(-1), integer),
            (json!(0.5), number),
            (json!([]), self.is("array")),
        ];
        // The properties of an object are tested one by one.
        if self.is_map() || !self.is("object") {
            candidates.push((json!({ "a": { "b": [1] } }), self.is_map()));
        }
        candidates
            .extend(self.strings().into_iter().map(|(text, fits)| (json!(text), self.is("string") && fits)));
        candidates
    }

    /// Returns strings, each with whether it matches the schema apart from the type.
    fn strings(self) -> Vec<(String, bool)> {
        let mut strings: Vec<_> = match (self.enum_values(), self.format_samples()) {
            (Some(words), _) => words.into_iter().map(|word| (word.to_owned(), true)).collect(),
            (None, Some([_, other])) => vec![(other.to_owned(), true)],
            (None, None) => vec![],
        };
        let is_free = strings.is_empty();
        strings.extend([(String::new(), is_free), ("other text".to_owned(), is_free)]);
        if let Some(length) = self.max_length() {
            strings.extend([("x".repeat(length), true), ("x".repeat(length + 1), false)]);
        }
        strings
    }

    /// Returns two strings of the schema's format.
    fn format_samples(self) -> Option<[&'static str; 2]> {
        FORMATS.iter().find(|(name, _)| Some(*name) == self.format()).map(|(_, strings)| *strings)
    }
}

/// Returns values of every type and format.
pub(crate) fn sample_values() -> impl Iterator<Item = Value> {
    let of_types = Schema(&Value::Null).candidates().into_iter().map(|(value, _)| value);
    of_types.chain(FORMATS.iter().map(|(_, [text, _])| json!(text)))
}

/// The formats of strings, each with two samples.
const FORMATS: [(&str, [&str; 2]); 3] = [
    ("date-time", ["2027-12-31T23:59:59Z", "2030-01-02T03:04:05.678Z"]),
    ("uri", ["https://example.com/a", "https://example.org/other"]),
    ("uuid", ["123e4567-e89b-12d3-a456-426614174000", "00000000-0000-4000-8000-00000000000a"]),
];
