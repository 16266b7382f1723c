//! Where two JSON values differ.

use std::{collections::BTreeSet, fmt::Display};

use serde_json::Value;

/// Whether two JSON values are the same, numbers by value.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    differing(a, b).is_empty()
}

/// Where two JSON values differ.
pub(crate) fn differing(a: &Value, b: &Value) -> Vec<String> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => vec![],
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let items = a.iter().zip(b).enumerate();
            items.flat_map(|(index, (a, b))| below(index, differing(a, b))).collect()
        }
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<_> = a.keys().chain(b.keys()).collect();
            let inner = |name| match (a.get(name), b.get(name)) {
                (Some(a), Some(b)) => differing(a, b),
                _ => vec![String::new()],
            };
            names.into_iter().flat_map(|name| below(name, inner(name))).collect()
        }
        _ if a == b => vec![],
        _ => vec![String::new()],
    }
}

fn below(name: impl Display, paths: Vec<String>) -> impl Iterator<Item = String> {
    paths.into_iter().map(move |path| format!("/{name}{path}"))
}
