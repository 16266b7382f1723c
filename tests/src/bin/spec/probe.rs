//! One message of the models against its schema: a sample of it, with one thing changed at a time.

use serde_json::{Value, json};

use crate::{
    fields::Fields,
    findings::Findings,
    json::same,
    model::{Message, Read},
    schema::{self, Schema},
};

/// Compares `message` with `schema`, property by property.
pub(crate) fn all(place: &str, schema: &Value, message: &Message, findings: &mut Findings) {
    let schema = Schema::new(schema);
    let sample = schema.sample();
    let mut probe =
        Probe { place, message, fields: (message.fields)(&sample), sample, unknown_words: 0, findings };
    match probe.read(&probe.sample.clone()) {
        Ok(read) => {
            probe.unknown_words = read.unknown_words;
            // Without what the model does not have: that is said once.
            probe.sample = read.json;
            probe.value(schema, "");
        }
        Err(error) => probe.refused(schema, &error),
    }
}

struct Probe<'a> {
    place: &'a str,
    message: &'a Message,
    fields: Fields,
    /// A message with every property set.
    sample: Value,
    /// How many words of it are new to an enum.
    unknown_words: usize,
    findings: &'a mut Findings,
}

impl Probe<'_> {
    /// Compares what stands at `path`.
    fn value(&mut self, schema: Schema<'_>, path: &str) {
        if let Some(keyword) = schema.unread() {
            self.differs(path, &format!("`{keyword}` in the document is not compared"));
        }
        if let Some(items) = schema.items() {
            self.value(items, &format!("{path}/0"));
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
            self.absence(&path, schema.requires(name));
            for (value, allowed) in property.candidates() {
                self.candidate(&path, property, &value, allowed);
            }
            self.words(&path, property);
            self.value(property, &path);
        }
        self.unknown_property(path);
        let fields = self.fields.get(path).copied().unwrap_or_default();
        for field in fields.iter().filter(|field| !schema.has(field)) {
            self.differs(&format!("{path}/{field}"), "is not in the document");
        }
    }

    /// The sample without the property.
    fn absence(&mut self, path: &str, required: bool) {
        let mut body = self.sample.clone();
        remove(&mut body, path);
        match (self.read(&body), required) {
            (Ok(_), true) => self.differs(path, "is required in the document, not in the model"),
            (Ok(read), false) if !same(&read.json, &body) => {
                self.differs(path, "is written although it was missing");
            }
            (Err(_), false) => self.differs(path, "is required in the model, not in the document"),
            _ => {}
        }
    }

    /// The sample with another value of the property.
    fn candidate(&mut self, path: &str, property: Schema<'_>, value: &Value, allowed: bool) {
        let body = self.with(path, value.clone());
        let shown = shown(value);
        match (self.read(&body), allowed) {
            (Err(_), true) => self.differs(path, &format!("refuses {shown}")),
            (Ok(read), true) if !same(&read.json, &body) => self.differs(path, &format!("changes {shown}")),
            (Ok(read), true) if property.words().is_some() && read.unknown_words > self.unknown_words => {
                self.differs(path, &format!("does not know {shown}"));
            }
            (Ok(read), false) => {
                let then = match read.json.pointer(path) {
                    None => "leaves it out",
                    Some(kept) if same(kept, value) => "keeps it",
                    Some(_) => "changes it",
                };
                self.differs(path, &format!("takes {shown} and {then}"));
            }
            _ => {}
        }
    }

    /// The words that the type knows and the document does not have. It names them if it is given something else.
    fn words(&mut self, path: &str, property: Schema<'_>) {
        let error = self.read(&self.with(path, json!([]))).err().unwrap_or_default();
        let documented = property.words().unwrap_or_default();
        for word in named_words(&error).iter().filter(|word| !documented.contains(&word.as_str())) {
            self.differs(path, &format!("knows \"{word}\", which is not in the document"));
        }
    }

    /// The sample with a property at `path` that nobody knows.
    fn unknown_property(&mut self, path: &str) {
        let body = self.with(&format!("{path}/a_new_property"), json!({ "a": [null, "b"] }));
        if let Err(error) = self.read(&body) {
            self.differs(path, &format!("refuses a property that it does not know: {error}"));
        }
    }

    /// Says why the sample is refused.
    fn refused(&mut self, schema: Schema<'_>, error: &str) {
        let culprit = self.culprit(schema, "");
        let (path, sample) = culprit.unwrap_or_else(|| (String::new(), self.sample.clone()));
        self.differs(&path, &format!("refuses {}, so nothing is compared: {error}", shown(&sample)));
    }

    /// Looks for the property because of which the sample is refused: the one that has to be something else.
    fn culprit(&mut self, schema: Schema<'_>, path: &str) -> Option<(String, Value)> {
        schema.properties().find_map(|(name, property)| {
            let path = format!("{path}/{name}");
            let inner = self.culprit(property, &path);
            inner.or_else(|| {
                let helps = schema::anything().any(|other| self.read(&self.with(&path, other)).is_ok());
                helps.then(|| (path, property.sample()))
            })
        })
    }

    fn read(&mut self, body: &Value) -> Result<Read, String> {
        self.findings.probes += 1;
        (self.message.read)(body)
    }

    /// The sample with `value` at `path`.
    fn with(&self, path: &str, value: Value) -> Value {
        let mut body = self.sample.clone();
        set(&mut body, path, value);
        body
    }

    fn differs(&mut self, path: &str, what: &str) {
        self.findings.differs(format!("{} {path}", self.place).trim_end(), what);
    }
}

/// The words in "expected a word such as […]".
fn named_words(error: &str) -> Vec<String> {
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

/// A value for people to read: long text by its length.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() > 60 => format!("text of {} characters", text.chars().count()),
        other => other.to_string(),
    }
}
