//! One operation of the models against the same one of the document.

use openrouter_oauth_models::Encoding;

use crate::{
    document::{Body, Document},
    examples,
    findings::Findings,
    json::differing,
    model::{Message, Model},
    probe,
};

/// Compares `model` with what the document has at its method and path.
pub(crate) fn operation(document: &Document, model: &Model, findings: &mut Findings) -> Result<(), String> {
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
            body(&format!("{name} request"), &request, &model.request, findings);
        }
        (request, encoding) => {
            let other = request.and_then(|request| request.encoding);
            findings.differs(name, &format!("has a body of {encoding:?}, and of {other:?} in the document"));
        }
    }
    for (status, answer) in operation.answers() {
        let message = if status.starts_with('2') { &model.answer } else { &model.refusal };
        body(&format!("{name} {status}"), &answer, message, findings);
    }
    Ok(())
}

fn body(place: &str, body: &Body<'_>, message: &Message, findings: &mut Findings) {
    probe::all(place, &body.content["schema"], message, findings);
    for (name, example) in examples::of(body.content) {
        findings.examples += 1;
        match (message.read)(&example) {
            Ok(read) => {
                for path in differing(&example, &read.json) {
                    findings.differs(&format!("{place} {path}"), &format!("changes in the {name}"));
                }
            }
            Err(error) => findings.differs(place, &format!("refuses the {name}: {error}")),
        }
    }
}

#[cfg(test)]
mod tests;
