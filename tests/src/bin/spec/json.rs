//! Comparison of JSON values.

use std::{collections::BTreeSet, fmt::Display};

use serde_json::Value;

/// Returns whether two JSON values are equal, with numbers compared by value.
pub(crate) fn is_equal(a: &Value, b: &Value) -> bool {
    differing_paths(a, b).is_empty()
}

/// Returns the paths at which two JSON values differ.
pub(crate) fn differing_paths(a: &Value, b: &Value) -> Vec<String> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => vec![],
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let items = a.iter().zip(b).enumerate();
            items.flat_map(|(index, (a, b))| with_prefix(index, differing_paths(a, b))).collect()
        }
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<_> = a.keys().chain(b.keys()).collect();
            let inner = |name| match (a.get(name), b.get(name)) {
                (Some(a), Some(b)) => differing_paths(a, b),
                _ => vec![String::new()],
            };
            names.into_iter().flat_map(|name| with_prefix(name, inner(name))).collect()
        }
        _ if a == b => vec![],
        _ => vec![String::new()],
    }
}

fn with_prefix(name: impl Display, paths: Vec<String>) -> impl Iterator<Item = String> {
    paths.into_iter().map(move |path| format!("/{name}{path}"))
}
