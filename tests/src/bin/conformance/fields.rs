//! Compares the fields of an SDK's messages with those of the models.

use openrouter_oauth_tests::fields;
use serde_json::{Value, json};

use crate::driver::Driver;

/// The operations that both SDKs and the models have. The SDKs leave out the fields that OpenRouter excludes from SDKs
/// (`spawn_*`).
const OPERATIONS: [&str; 5] =
    ["exchangeAuthCodeForAPIKey", "createAuthKeysCode", "getCurrentKey", "createOauthToken", "listOauthJwks"];

/// Checks that the models have every field that the SDK behind `driver` has. Returns the number of fields.
///
/// # Errors
///
/// If they lack one. The message lists all of them.
pub(crate) async fn check(driver: &mut Driver) -> Result<usize, String> {
    let reported = driver.call(&json!({ "operation": "fields" })).await?;
    let operations = reported.get("ok").ok_or_else(|| format!("reported {reported}"))?;
    let (mut count, mut missing) = (0, Vec::new());
    for operation in OPERATIONS {
        let messages =
            fields::of_operation(operation).ok_or_else(|| format!("the models lack {operation}"))?;
        for (part, fields_of) in ["request", "response"].into_iter().zip(messages) {
            let sample = operations.pointer(&format!("/{operation}/{part}")).unwrap_or(&Value::Null);
            let of_sdk = count_fields(sample);
            if of_sdk == 0 && part == "response" {
                return Err(format!("the driver found no field in the {part} of {operation}"));
            }
            count += of_sdk;
            let unknown = fields::unknown(sample, &fields_of(sample));
            missing.extend(unknown.into_iter().map(|path| format!("{operation} {part} {path}")));
        }
    }
    if missing.is_empty() { Ok(count) } else { Err(format!("the models lack {}", missing.join(", "))) }
}

fn count_fields(sample: &Value) -> usize {
    match sample {
        Value::Object(fields) => fields.values().map(|field| 1 + count_fields(field)).sum(),
        Value::Array(items) => items.iter().map(count_fields).sum(),
        _ => 0,
    }
}
