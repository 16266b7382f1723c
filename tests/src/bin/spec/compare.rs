//! Compares one operation of the models with the same operation in the document.

use openrouter_oauth_models::Encoding;

use crate::{
    document::{Body, Document},
    examples,
    findings::Findings,
    json::differing_paths,
    model::{MessageType, Model},
    probe,
};

/// Compares `model` with the document's operation at the same method and path.
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

#[cfg(test)]
mod tests;
