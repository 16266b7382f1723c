//! Compares the emulator's responses with the document.

mod requests;
mod sample;

use std::collections::BTreeSet;

use self::sample::Sample;
use crate::{document::Document, findings::Findings, model, schema::Schema, validate};

/// Sends requests to the emulator for each operation in the document, and compares the responses with the document's.
///
/// # Errors
///
/// If a request gets no response, or if the document cannot be read.
pub(crate) fn compare(document: &Document, findings: &mut Findings) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    let samples = runtime.block_on(requests::send_all())?;
    for model in model::all() {
        let Some(operation) = document.operation(&model.method, model.path)? else {
            continue;
        };
        let name = model.operation;
        let responses: Vec<_> = operation.responses().collect();
        let mut missing: BTreeSet<&str> = responses.iter().map(|(status, _)| *status).collect();
        for sample in samples.iter().filter(|sample| sample.path == model.path) {
            findings.responses += 1;
            let place = format!("emulator {name} {}, {}", sample.expected, sample.case);
            let documented = responses.iter().find(|(status, _)| *status == sample.expected.to_string());
            match documented {
                Some((status, body)) => {
                    missing.remove(status);
                    compare_sample(&place, sample, Schema::new(&body.content["schema"]), findings);
                }
                None => findings.differs(&place, "has a status that is not in the document"),
            }
        }
        for status in missing {
            findings.differs(&format!("emulator {name} {status}"), "is in the document, and was not tested");
        }
    }
    Ok(())
}

fn compare_sample(place: &str, sample: &Sample, schema: Schema<'_>, findings: &mut Findings) {
    if sample.status != sample.expected {
        findings.differs(place, &format!("has the status {}", sample.status));
        return;
    }
    match serde_json::from_slice(&sample.body) {
        Ok(body) => {
            for (path, problem) in validate::problems(schema, &body) {
                findings.differs(format!("{place} {path}").trim_end(), &problem);
            }
        }
        Err(_) => findings.differs(place, "is not JSON"),
    }
}

#[cfg(test)]
mod tests;
