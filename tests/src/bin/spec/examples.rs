//! The examples of a document, as whole bodies.

use serde_json::Value;

use crate::schema::Schema;

/// Returns every example of a body, with a description of its origin: those of the media type, those of the schema and
/// of every object in it, and one from the examples of single properties.
pub(crate) fn all(content: &Value) -> Vec<(String, Value)> {
    let schema = Schema::new(&content["schema"]);
    let sample = schema.sample();
    let mut examples = vec![("example of the properties".to_owned(), sample.clone())];
    if let Some(example) = content.get("example") {
        examples.push(("example of the body".to_owned(), example.clone()));
    }
    for (name, example) in content["examples"].as_object().into_iter().flatten() {
        examples.push((format!("example {name} of the body"), example["value"].clone()));
    }
    add_schema_examples(schema, "", &sample, &mut examples);
    examples
}

/// Adds the examples of objects at `path` and below, each placed in the sample at its path.
fn add_schema_examples(schema: Schema<'_>, path: &str, sample: &Value, examples: &mut Vec<(String, Value)>) {
    let parts: Vec<_> = schema.properties().collect();
    if let Some(example) = schema.example().filter(|_| !parts.is_empty()) {
        let mut body = sample.clone();
        if let Some(place) = body.pointer_mut(path) {
            *place = example.clone();
        }
        examples.push((format!("example of the schema at `{path}`"), body));
    }
    for (name, part) in parts {
        add_schema_examples(part, &format!("{path}/{name}"), sample, examples);
    }
    if let Some(items) = schema.items() {
        add_schema_examples(items, &format!("{path}/0"), sample, examples);
    }
}
