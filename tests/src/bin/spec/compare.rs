//! Compares one operation of the models with the document's.

use std::{collections::BTreeSet, fmt::Display};

use openrouter_oauth_models::Encoding;
use serde_json::Value;

use crate::{
    document::{Body, Document},
    examples,
    findings::Findings,
    model::{MessageType, Model},
    probe,
};

/// Compares `model` with what the document has at its method and path.
pub(crate) fn compare_operation(
    document: &Document,
    model: &Model,
    findings: &mut Findings,
) -> Result<(), String> {
    let Some(operation) = document.operation(&model.method, model.path)? else {
        findings.absent.push(format!("{} {}", model.method, model.path));
        return Ok(());
    };
    findings.operations += 1;
    let name = model.operation;
    if operation.id() != Some(name) {
        findings.differs(name, &format!("is named {:?} in the document", operation.id()));
    }
    for parameter in operation.parameters() {
        findings.differs(name, &format!("has a parameter `{parameter}` in the document"));
    }
    match (operation.request(), model.encoding) {
        (None, Encoding::Empty) => {}
        (Some(request), encoding) if request.encoding == Some(encoding) => {
            compare_body(&format!("{name} request"), &request, &model.request, findings);
        }
        (request, encoding) => {
            let other = request.and_then(|request| request.encoding);
            findings.differs(name, &format!("has a body of {encoding:?}, and of {other:?} in the document"));
        }
    }
    for (status, response) in operation.responses() {
        let message = if status.starts_with('2') { &model.response } else { &model.error };
        compare_body(&format!("{name} {status}"), &response, message, findings);
    }
    Ok(())
}

fn compare_body(place: &str, body: &Body<'_>, message: &MessageType, findings: &mut Findings) {
    probe::compare(place, &body.content["schema"], message, findings);
    for (name, example) in examples::all(body.content) {
        findings.examples += 1;
        match (message.round_trip)(&example) {
            Ok(round_trip) => {
                for path in differing_paths(&example, &round_trip.json) {
                    findings.differs(&format!("{place} {path}"), &format!("changes in the {name}"));
                }
            }
            Err(error) => findings.differs(place, &format!("rejects the {name}: {error}")),
        }
    }
}

/// Returns whether two JSON values are equal, with numbers compared by value.
pub(crate) fn is_equal(a: &Value, b: &Value) -> bool {
    differing_paths(a, b).is_empty()
}

/// Returns the paths at which two JSON values differ.
fn differing_paths(a: &Value, b: &Value) -> Vec<String> {
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

#[cfg(test)]
mod tests;
