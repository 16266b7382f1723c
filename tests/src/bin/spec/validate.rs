//! Whether a value conforms to a schema.

use openrouter_oauth_models::Timestamp;
use serde_json::{Map, Value};

use crate::schema::Schema;

/// Returns the problems of `value`, each with the path to it.
pub(crate) fn problems(schema: Schema<'_>, value: &Value) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    add_problems(schema, value, "", &mut problems);
    problems
}

fn add_problems(schema: Schema<'_>, value: &Value, path: &str, problems: &mut Vec<(String, String)>) {
    let mut report = |what: String| problems.push((path.to_owned(), what));
    if !schema.allows_type_of(value) {
        report(format!("has a type that is not in the document: {value}"));
        return;
    }
    if let Some(keyword) = schema.unsupported_keyword() {
        report(format!("`{keyword}` in the document is not compared"));
    }
    if let Some(why) = value.as_str().and_then(|text| problem_of_text(schema, text)) {
        report(why);
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(schema) = schema.items() {
                    add_problems(schema, item, &format!("{path}/{index}"), problems);
                }
            }
        }
        Value::Object(fields) if !schema.is_map() => {
            add_problems_of_object(schema, fields, path, problems);
        }
        _ => {}
    }
}

fn add_problems_of_object(
    schema: Schema<'_>,
    fields: &Map<String, Value>,
    path: &str,
    problems: &mut Vec<(String, String)>,
) {
    for (name, property) in schema.properties() {
        if let Some(value) = fields.get(name) {
            add_problems(property, value, &format!("{path}/{name}"), problems);
        }
    }
    for name in schema.required().filter(|name| !fields.contains_key(*name)) {
        problems.push((format!("{path}/{name}"), "is required in the document, and missing".to_owned()));
    }
    for name in fields.keys().filter(|name| !schema.has(name)) {
        problems.push((format!("{path}/{name}"), "is not in the document".to_owned()));
    }
}

fn problem_of_text(schema: Schema<'_>, text: &str) -> Option<String> {
    if schema.enum_values().is_some_and(|words| !words.contains(&text)) {
        return Some(format!("has a value that is not in the document: {text:?}"));
    }
    if schema.max_length().is_some_and(|length| text.chars().count() > length) {
        return Some("is longer than in the document".to_owned());
    }
    match schema.format() {
        None => None,
        Some("date-time") => Timestamp::parse(text).is_err().then(|| format!("is not a date-time: {text:?}")),
        Some(format) => Some(format!("the format {format} is not compared")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, expected: &[&str]) {
        let schema = json!({
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": { "type": "string", "maxLength": 4 },
                "at": { "type": ["string", "null"], "format": "date-time" },
                "kind": { "type": "string", "enum": ["a", "b"] },
                "items": { "type": "array", "items": { "type": "integer" } },
                "map": { "type": "object", "additionalProperties": {} },
            },
        });
        let problems: Vec<String> = problems(Schema::new(&schema), value)
            .into_iter()
            .map(|(path, what)| format!("{path} {what}"))
            .collect();
        assert_eq!(problems, expected);
    }

    #[test]
    fn conforming_value_has_no_problem() {
        check(&json!({ "name": "a" }), &[]);
        check(
            &json!({ "name": "abcd", "at": "2027-12-31T23:59:59Z", "kind": "b", "items": [1], "map": { "x": 1 } }),
            &[],
        );
        check(&json!({ "name": "a", "at": null, "items": [] }), &[]);
    }

    #[test]
    fn every_problem_is_found_at_its_path() {
        check(&json!([]), &[" has a type that is not in the document: []"]);
        check(&json!({}), &["/name is required in the document, and missing"]);
        check(
            &json!({ "name": "abcde", "at": "soon", "kind": "c", "items": [1, "2"], "new": 1 }),
            &[
                "/at is not a date-time: \"soon\"",
                "/items/1 has a type that is not in the document: \"2\"",
                "/kind has a value that is not in the document: \"c\"",
                "/name is longer than in the document",
                "/new is not in the document",
            ],
        );
        check(
            &json!({ "name": 1.5, "items": [1.5] }),
            &[
                "/items/0 has a type that is not in the document: 1.5",
                "/name has a type that is not in the document: 1.5",
            ],
        );
    }
}
