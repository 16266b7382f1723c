//! Tests with documents that differ from the emulator in one thing.

use super::compare;
use crate::{document::Document, findings::Findings};

/// A part of the exchange, described as the emulator responds.
const DOCUMENT: &str = r"
paths:
  /auth/keys:
    post:
      responses:
        '200':
          content:
            application/json:
              schema:
                properties:
                  key: {type: string}
                  user_id: {type: [string, 'null']}
                required: [key, user_id]
                type: object
        '403':
          content:
            application/json:
              schema:
                properties:
                  error: {type: object, additionalProperties: {}}
                required: [error]
                type: object
";

/// Returns the differences after a replacement in the document. The document has no 400 and no 500.
fn differences(from: &str, to: &str) -> Vec<String> {
    assert_eq!(DOCUMENT.matches(from).count(), 1, "{from}");
    let document = Document::parse(&DOCUMENT.replace(from, to)).unwrap();
    let mut findings = Findings::default();
    compare(&document, &mut findings).unwrap();
    let undocumented = "has a status that is not in the document";
    findings.differences.into_iter().filter(|difference| !difference.ends_with(undocumented)).collect()
}

#[test]
fn response_as_documented_is_not_a_difference() {
    assert!(differences("'200'", "'200'").is_empty());
}

#[test]
fn every_difference_of_a_body_is_found() {
    let user_id = "user_id: {type: [string, 'null']}";
    let places =
        ["with PKCE", "without PKCE"].map(|case| format!("emulator exchangeAuthCodeForAPIKey 200, {case}"));
    for (from, to, difference) in [
        (user_id, "user_id: {type: integer}", " /user_id: has a type that is not in the document: "),
        (user_id, "user_id: {type: string, maxLength: 5}", " /user_id: is longer than in the document"),
        (
            user_id,
            "user_id: {type: string, enum: [me]}",
            " /user_id: has a value that is not in the document: ",
        ),
        (user_id, "", " /user_id: is not in the document"),
        ("[key, user_id]", "[key, name]", " /name: is required in the document, and missing"),
    ] {
        let found = differences(from, to);
        assert_eq!(found.len(), places.len(), "{to}: {found:?}");
        for (found, place) in found.iter().zip(&places) {
            assert!(found.starts_with(&format!("{place}{difference}")), "{found}");
        }
    }
}

#[test]
fn status_that_is_never_sent_is_found() {
    let found = differences("'403'", "'418'");
    assert_eq!(found, ["emulator exchangeAuthCodeForAPIKey 418: is in the document, and was not tested"]);
}
