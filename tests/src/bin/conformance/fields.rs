//! Compares the fields of an SDK's messages with those of the models, and of the emulator's responses.

use std::collections::BTreeMap;

use openrouter_oauth_tests::{Result, fields};
use serde_json::{Value, json};

use crate::driver::Driver;

/// The operations that both SDKs and the models have. The SDKs leave out the fields that OpenRouter excludes from SDKs
/// (`spawn_*`).
const OPERATIONS: [&str; 5] =
    ["exchangeAuthCodeForAPIKey", "createAuthKeysCode", "getCurrentKey", "createOauthToken", "listOauthJwks"];

/// Returns a sample of every message, by operation, with every field that the SDK behind `driver` has.
///
/// # Errors
///
/// If the driver fails.
pub(crate) async fn samples(driver: &mut Driver) -> Result<Value> {
    let reported = driver.call(&json!({ "operation": "fields" })).await?;
    Ok(reported.get("ok").ok_or_else(|| format!("reported {reported}"))?.clone())
}

/// Checks that the models have every field of the samples.
///
/// # Errors
///
/// If they lack one. The message lists all of them.
pub(crate) fn check_models(samples: &Value) -> Result {
    let mut missing = Vec::new();
    for operation in OPERATIONS {
        let messages =
            fields::of_operation(operation).ok_or_else(|| format!("the models lack {operation}"))?;
        for (part, fields_of) in ["request", "response"].into_iter().zip(messages) {
            let sample = &samples[operation][part];
            let unknown = fields::unknown(sample, &fields_of(sample));
            missing.extend(unknown.into_iter().map(|path| format!("{operation} {part} {path}")));
        }
    }
    expect_none("the models lack", &missing)
}

/// Checks that the emulator's responses have every field of the samples.
///
/// # Errors
///
/// If they lack one. The message lists all of them.
pub(crate) fn check_responses(samples: &Value, responses: &BTreeMap<&str, Value>) -> Result {
    let mut missing = Vec::new();
    for operation in OPERATIONS {
        let sample = &samples[operation]["response"];
        if !sample.is_object() {
            return Err(format!("the driver found no field in the response of {operation}").into());
        }
        let response = responses.get(operation).unwrap_or(&Value::Null);
        collect_absent(sample, response, operation, &mut missing);
    }
    expect_none("the emulator's responses lack", &missing)
}

fn collect_absent(sample: &Value, response: &Value, path: &str, absent: &mut Vec<String>) {
    for (name, field) in sample.as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        match response.get(name) {
            Some(value) => collect_absent(field, value, &path, absent),
            None => absent.push(path),
        }
    }
    // A sample of a list has one item.
    if let Some(item) = sample.get(0) {
        collect_absent(item, &response[0], &format!("{path}/0"), absent);
    }
}

fn expect_none(what: &str, fields: &[String]) -> Result {
    if fields.is_empty() { Ok(()) } else { Err(format!("{what} {}", fields.join(", ")).into()) }
}
