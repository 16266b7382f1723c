//! Patterns of JSON with names in them: `$key` in what is expected takes a value, `$key` in what is sent puts it there.

use std::collections::BTreeMap;

use serde_json::Value;

/// The values that were named so far.
pub(crate) type Names = BTreeMap<String, String>;

/// Puts the values of `names` where `value` has `$name`.
pub(crate) fn fill(value: &Value, names: &Names) -> Value {
    match value {
        // Backwards, so that `$code_verifier` is not taken for `$code` and more.
        Value::String(text) => {
            let put =
                |text: String, (name, known): (&String, &String)| text.replace(&format!("${name}"), known);
            Value::String(names.iter().rev().fold(text.clone(), put))
        }
        Value::Array(items) => items.iter().map(|item| fill(item, names)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), fill(field, names))).collect()
        }
        other => other.clone(),
    }
}

/// Holds `value` against `pattern`: an object may have more fields, numbers are compared by value, and `"$name:start"`
/// fits any text that begins with `start` and names it.
///
/// # Errors
///
/// A sentence that says what was found where.
pub(crate) fn fit(pattern: &Value, value: &Value, names: &mut Names) -> Result<(), String> {
    match (pattern, value) {
        (Value::String(wanted), Value::String(found)) if wanted.starts_with('$') => {
            let (name, start) = wanted.split_once(':').unwrap_or((wanted, ""));
            if !found.starts_with(start) {
                return Err(format!("{found:?} does not begin with {start:?}"));
            }
            names.insert(name.trim_start_matches('$').to_owned(), found.clone());
            Ok(())
        }
        (Value::Object(wanted), Value::Object(found)) => wanted.iter().try_for_each(|(name, wanted)| {
            let found = found.get(name).ok_or(format!("{name} is missing"))?;
            fit(wanted, found, names).map_err(|why| format!("{name}: {why}"))
        }),
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            wanted.iter().zip(found).try_for_each(|(wanted, found)| fit(wanted, found, names))
        }
        (Value::Number(wanted), Value::Number(found)) if wanted.as_f64() == found.as_f64() => Ok(()),
        _ if pattern == value => Ok(()),
        _ => Err(format!("found {value} where {pattern} is expected")),
    }
}
