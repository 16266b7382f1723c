//! Compares one message of the models with its schema, with one change to a sample at a time.

use openrouter_oauth_tests::fields::Fields;
use serde_json::{Value, json};

use crate::{
    findings::Findings,
    json::is_equal,
    model::{MessageType, RoundTrip},
    schema::{self, Schema},
};

/// Compares `message` with `schema`, property by property.
pub(crate) fn compare(place: &str, schema: &Value, message: &MessageType, findings: &mut Findings) {
    let schema = Schema::new(schema);
    let sample = schema.sample();
    let mut probe =
        Probe { place, message, fields: (message.fields)(&sample), sample, unknown_values: 0, findings };
    match probe.round_trip(&probe.sample.clone()) {
        Ok(round_trip) => {
            probe.unknown_values = round_trip.unknown_values;
            // The sample without unknown properties, which are reported once.
            probe.sample = round_trip.json;
            probe.compare_value(schema, "");
        }
        Err(error) => probe.report_rejected_sample(schema, &error),
    }
}

struct Probe<'a> {
    place: &'a str,
    message: &'a MessageType,
    fields: Fields,
    /// A message with every property set.
    sample: Value,
    /// The number of strings in it that are unknown to an enum.
    unknown_values: usize,
    findings: &'a mut Findings,
}

impl Probe<'_> {
    /// Compares the value at `path`.
    fn compare_value(&mut self, schema: Schema<'_>, path: &str) {
        if let Some(keyword) = schema.unsupported_keyword() {
            self.differs(path, &format!("`{keyword}` in the document is not compared"));
        }
        if let Some(items) = schema.items() {
            self.compare_value(items, &format!("{path}/0"));
        }
        if schema.properties().next().is_none() {
            return;
        }
        for (name, property) in schema.properties() {
            let path = format!("{path}/{name}");
            self.findings.properties += 1;
            if self.sample.pointer(&path).is_none() {
                self.differs(&path, "is not in the model");
                continue;
            }
            self.try_without(&path, schema.requires(name));
            for (value, allowed) in property.candidates() {
                self.try_value(&path, property, &value, allowed);
            }
            self.report_undocumented_values(&path, property);
            self.compare_value(property, &path);
        }
        self.try_unknown_property(path);
        let fields = self.fields.get(path).cloned().unwrap_or_default();
        for field in fields.iter().filter(|field| !schema.has(field)) {
            self.differs(&format!("{path}/{field}"), "is not in the document");
        }
    }

    /// Tests the sample without the property.
    fn try_without(&mut self, path: &str, required: bool) {
        let mut body = self.sample.clone();
        remove(&mut body, path);
        match (self.round_trip(&body), required) {
            (Ok(_), true) => self.differs(path, "is required in the document, not in the model"),
            (Ok(round_trip), false) if !is_equal(&round_trip.json, &body) => {
                self.differs(path, "is serialized although it was missing");
            }
            (Err(_), false) => self.differs(path, "is required in the model, not in the document"),
            _ => {}
        }
    }

    /// Tests the sample with another value of the property.
    fn try_value(&mut self, path: &str, property: Schema<'_>, value: &Value, allowed: bool) {
        let body = self.sample_with(path, value.clone());
        let shown = shown(value);
        match (self.round_trip(&body), allowed) {
            (Err(_), true) => self.differs(path, &format!("rejects {shown}")),
            (Ok(round_trip), true) if !is_equal(&round_trip.json, &body) => {
                self.differs(path, &format!("changes {shown}"));
            }
            (Ok(round_trip), true)
                if property.enum_values().is_some() && round_trip.unknown_values > self.unknown_values =>
            {
                self.differs(path, &format!("does not know {shown}"));
            }
            (Ok(round_trip), false) => {
                let then = match round_trip.json.pointer(path) {
                    None => "omits it",
                    Some(kept) if is_equal(kept, value) => "keeps it",
                    Some(_) => "changes it",
                };
                self.differs(path, &format!("accepts {shown} and {then}"));
            }
            _ => {}
        }
    }

    /// Reports enum values that are only in the model. The model's error lists its values.
    fn report_undocumented_values(&mut self, path: &str, property: Schema<'_>) {
        let error = (self.message.deserialize)(&self.sample_with(path, json!([]))).err().unwrap_or_default();
        let documented = property.enum_values().unwrap_or_default();
        for word in named_values(&error).iter().filter(|word| !documented.contains(&word.as_str())) {
            self.differs(path, &format!("knows \"{word}\", which is not in the document"));
        }
    }

    /// Tests the sample with an unknown property at `path`.
    fn try_unknown_property(&mut self, path: &str) {
        let body = self.sample_with(&format!("{path}/a_new_property"), json!({ "a": [null, "b"] }));
        if let Err(error) = self.round_trip(&body) {
            self.differs(path, &format!("rejects an unknown property: {error}"));
        }
    }

    /// Reports why the model rejects the sample.
    fn report_rejected_sample(&mut self, schema: Schema<'_>, error: &str) {
        let culprit = self.culprit(schema, "");
        let (path, sample) = culprit.unwrap_or_else(|| (String::new(), self.sample.clone()));
        self.differs(&path, &format!("rejects {}, so it is not compared: {error}", shown(&sample)));
    }

    /// Finds the property that causes the rejection, by changing one property at a time.
    fn culprit(&mut self, schema: Schema<'_>, path: &str) -> Option<(String, Value)> {
        schema.properties().find_map(|(name, property)| {
            let path = format!("{path}/{name}");
            let inner = self.culprit(property, &path);
            inner.or_else(|| {
                let helps = schema::sample_values()
                    .any(|other| self.round_trip(&self.sample_with(&path, other)).is_ok());
                helps.then(|| (path, property.sample()))
            })
        })
    }

    fn round_trip(&mut self, body: &Value) -> Result<RoundTrip, String> {
        self.findings.probes += 1;
        (self.message.round_trip)(body)
    }

    /// Returns the sample with `value` at `path`.
    fn sample_with(&self, path: &str, value: Value) -> Value {
        let mut body = self.sample.clone();
        set(&mut body, path, value);
        body
    }

    fn differs(&mut self, path: &str, what: &str) {
        self.findings.differs(format!("{} {path}", self.place).trim_end(), what);
    }
}

/// Returns the words in "expected a word such as […]".
fn named_values(error: &str) -> Vec<String> {
    let list = error.split_once("a word such as ").map_or("", |(_, list)| list);
    serde_json::Deserializer::from_str(list).into_iter().next().and_then(Result::ok).unwrap_or_default()
}

fn set(body: &mut Value, path: &str, value: Value) {
    match path.rsplit_once('/').and_then(|(parent, name)| Some((body.pointer_mut(parent)?, name))) {
        Some((Value::Object(parent), name)) => drop(parent.insert(name.to_owned(), value)),
        Some((Value::Array(parent), _)) => *parent = vec![value],
        _ => *body = value,
    }
}

fn remove(body: &mut Value, path: &str) {
    let parent = path.rsplit_once('/').and_then(|(parent, name)| Some((body.pointer_mut(parent)?, name)));
    if let Some((Value::Object(parent), name)) = parent {
        parent.remove(name);
    }
}

/// Formats a value for a message. Shows only the length of a long string.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() > 60 => format!("text of {} characters", text.chars().count()),
        other => other.to_string(),
    }
}
