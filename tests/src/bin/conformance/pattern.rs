//! JSON with variables: `$key` in an expected value captures the actual value, and `$key` in a later request is
//! replaced with it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The values of the variables.
pub(crate) type Variables = BTreeMap<String, String>;

/// Replaces each `$name` in `value` with the variable's value.
pub(crate) fn substitute(value: &Value, variables: &Variables) -> Value {
    match value {
        // In reverse order, so that `$code_verifier` is replaced before `$code`.
        Value::String(text) => {
            let put =
                |text: String, (name, known): (&String, &String)| text.replace(&format!("${name}"), known);
            Value::String(variables.iter().rev().fold(text.clone(), put))
        }
        Value::Array(items) => items.iter().map(|item| substitute(item, variables)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), substitute(field, variables))).collect()
        }
        other => other.clone(),
    }
}

/// Compares `value` with `pattern`. An object may have more fields, and numbers are compared by value. `"$name:start"`
/// matches any string that begins with `start`, and captures it.
///
/// # Errors
///
/// If they differ. The message says where.
pub(crate) fn match_pattern(pattern: &Value, value: &Value, variables: &mut Variables) -> Result<(), String> {
    match (pattern, value) {
        (Value::String(wanted), Value::String(found)) if wanted.starts_with('$') => {
            let (name, start) = wanted.split_once(':').unwrap_or((wanted, ""));
            if !found.starts_with(start) {
                return Err(format!("{found:?} does not begin with {start:?}"));
            }
            variables.insert(name.trim_start_matches('$').to_owned(), found.clone());
            Ok(())
        }
        (Value::Object(wanted), Value::Object(found)) => wanted.iter().try_for_each(|(name, wanted)| {
            let found = found.get(name).ok_or(format!("{name} is missing"))?;
            match_pattern(wanted, found, variables).map_err(|why| format!("{name}: {why}"))
        }),
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            wanted.iter().zip(found).try_for_each(|(wanted, found)| match_pattern(wanted, found, variables))
        }
        (Value::Number(wanted), Value::Number(found)) if wanted.as_f64() == found.as_f64() => Ok(()),
        _ if pattern == value => Ok(()),
        _ => Err(format!("found {value} where {pattern} is expected")),
    }
}
