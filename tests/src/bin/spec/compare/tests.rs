//! Tests with documents that differ from the models in one thing.

use std::collections::BTreeSet;

use super::compare_operation;
use crate::{document::Document, findings::Findings, model};

/// The exchange, described as in the models.
const DOCUMENT: &str = r"
paths:
  /auth/keys:
    post:
      operationId: exchangeAuthCodeForAPIKey
      requestBody:
        content:
          application/json:
            schema:
              properties:
                code: {type: string, example: auth_code_abc123}
                code_challenge_method: {type: [string, 'null'], enum: [S256, plain, null]}
                code_verifier: {type: string, example: dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk}
              required: [code]
              type: object
      responses:
        '200':
          content:
            application/json:
              example: {key: sk-or-v1-0e6f, user_id: null}
              schema:
                properties:
                  key: {type: string}
                  user_id: {type: [string, 'null']}
                required: [key, user_id]
                type: object
        4XX:
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Rejection'}
components:
  schemas:
    Rejection:
      properties:
        error: {$ref: '#/components/schemas/Error'}
        openrouter_metadata: {additionalProperties: {}, type: [object, 'null']}
        user_id: {type: [string, 'null']}
      required: [error]
      type: object
    Error:
      example: {code: 403, message: No.}
      properties:
        code: {type: integer}
        message: {type: string}
        metadata: {additionalProperties: {}, type: [object, 'null']}
      required: [code, message]
      type: object
";

fn differences(document: &str) -> BTreeSet<String> {
    let document = Document::parse(document).unwrap();
    let mut findings = Findings::default();
    for model in model::all() {
        compare_operation(&document, &model, &mut findings).unwrap();
    }
    assert_eq!(findings.absent.len(), 4);
    findings.differences.into_iter().collect()
}

/// Checks that replacing `from` in the document causes these additional differences.
#[track_caller]
fn check(from: &str, to: &str, found: &[&str]) {
    assert_eq!(DOCUMENT.matches(from).count(), 1, "{from}");
    let now = differences(&DOCUMENT.replace(from, to));
    let new: Vec<_> = now.difference(&differences(DOCUMENT)).cloned().collect();
    assert_eq!(new, found);
}

#[test]
fn property_missing_in_the_models_is_found() {
    check(
        "user_id: {type: [string, 'null']}\n                required",
        "user_id: {type: [string, 'null']}\n                  label: {type: string}\n                required",
        &[
            "exchangeAuthCodeForAPIKey 200 /label: changes in the example of the properties",
            "exchangeAuthCodeForAPIKey 200 /label: is not in the model",
        ],
    );
}

/// A key with a field that the models lack, in the key itself and in one of its budgets.
const KEY_DOCUMENT: &str = r"
paths:
  /key:
    get:
      operationId: getCurrentKey
      responses:
        '200':
          content:
            application/json:
              schema:
                properties:
                  data:
                    properties:
                      a_field_of_2027: {type: boolean}
                      budgets:
                        items:
                          properties:
                            a_field_of_2027: {type: boolean}
                            scope: {type: string}
                          type: object
                        type: array
                      label: {type: string}
                    type: object
                type: object
";

#[test]
fn property_that_the_models_only_keep_is_found() {
    let differences = differences(KEY_DOCUMENT);
    let missing = differences.iter().filter(|difference| difference.ends_with("is not in the model"));
    assert!(
        missing.eq([
            "getCurrentKey 200 /data/a_field_of_2027: is not in the model",
            "getCurrentKey 200 /data/budgets/0/a_field_of_2027: is not in the model",
        ]),
        "{differences:?}"
    );
    for field in ["/data/usage", "/data/budgets/0/limit_usd"] {
        let difference = format!("getCurrentKey 200 {field}: is not in the document");
        assert!(differences.contains(&difference), "{difference} in {differences:?}");
    }
}

#[test]
fn property_missing_in_the_document_is_found() {
    check(
        "                code_verifier: {type: string, example: dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk}\n",
        "",
        &["exchangeAuthCodeForAPIKey request /code_verifier: is not in the document"],
    );
    check(
        "        message: {type: string}\n        metadata: {additionalProperties: {}, type: [object, 'null']}\n",
        "        message: {type: string}\n",
        &["exchangeAuthCodeForAPIKey 4XX /error/metadata: is not in the document"],
    );
}

#[test]
fn property_of_another_type_is_found() {
    check(
        "code: {type: string, example: auth_code_abc123}",
        "code: {type: integer}",
        &[
            "exchangeAuthCodeForAPIKey request /code: rejects 7, so it is not compared: invalid type: integer `7`, expected the authorization code",
            "exchangeAuthCodeForAPIKey request: rejects the example of the properties: invalid type: integer `7`, expected the authorization code",
        ],
    );
    check(
        "code: {type: integer}",
        "code: {type: number}",
        &[
            "exchangeAuthCodeForAPIKey 4XX /error/code: rejects 0.5, so it is not compared: invalid type: floating point `0.5`, expected i64",
            "exchangeAuthCodeForAPIKey 4XX: rejects the example of the properties: invalid type: floating point `0.5`, expected i64",
        ],
    );
}

#[test]
fn type_that_only_one_side_accepts_is_found() {
    check(
        "message: {type: string}",
        "message: {type: [string, 'null']}",
        &["exchangeAuthCodeForAPIKey 4XX /error/message: rejects null"],
    );
    check(
        "user_id: {type: [string, 'null']}\n                required",
        "user_id: {type: string}\n                required",
        &["exchangeAuthCodeForAPIKey 200 /user_id: accepts null and keeps it"],
    );
}

#[test]
fn property_required_by_one_side_is_found() {
    check(
        "required: [code]",
        "required: [code, code_verifier]",
        &["exchangeAuthCodeForAPIKey request /code_verifier: is required in the document, not in the model"],
    );
    check(
        "required: [code, message]",
        "required: [code]",
        &["exchangeAuthCodeForAPIKey 4XX /error/message: is required in the model, not in the document"],
    );
}

#[test]
fn enum_value_of_one_side_is_found() {
    check(
        "enum: [S256, plain, null]",
        "enum: [S256, plain, S512, null]",
        &["exchangeAuthCodeForAPIKey request /code_challenge_method: does not know \"S512\""],
    );
    check(
        "enum: [S256, plain, null]",
        "enum: [S256, null]",
        &[
            "exchangeAuthCodeForAPIKey request /code_challenge_method: knows \"plain\", which is not in the document",
        ],
    );
}

#[test]
fn invalid_example_is_found() {
    check(
        "example: {key: sk-or-v1-0e6f, user_id: null}",
        "example: {key: sk-or-v1-0e6f, user_id: 7}",
        &["exchangeAuthCodeForAPIKey 200 /user_id: changes in the example of the body"],
    );
    check(
        "example: {code: 403, message: No.}",
        "example: {code: 403}",
        &[
            "exchangeAuthCodeForAPIKey 4XX: rejects the example of the schema at `/error`: missing field `message`",
        ],
    );
}

#[test]
fn different_operation_is_found() {
    check(
        "operationId: exchangeAuthCodeForAPIKey",
        "operationId: exchange\n      parameters: [{name: version, in: header}]",
        &[
            "exchangeAuthCodeForAPIKey: has a parameter `version` in the document",
            "exchangeAuthCodeForAPIKey: is named Some(\"exchange\") in the document",
        ],
    );
    check(
        "requestBody:\n        content:\n          application/json",
        "requestBody:\n        content:\n          application/x-www-form-urlencoded",
        &["exchangeAuthCodeForAPIKey: has a body of Json, and of Some(Form) in the document"],
    );
}

#[test]
fn unsupported_schema_is_reported() {
    check(
        "key: {type: string}",
        "key: {type: string, pattern: '^sk-'}",
        &["exchangeAuthCodeForAPIKey 200 /key: `pattern` in the document is not compared"],
    );
    for reference in ["#/components/schemas/Rejection", "#/components/schemas/Nothing", "other.yaml"] {
        let document = DOCUMENT.replacen("#/components/schemas/Error", reference, 1);
        let [exchange, ..] = model::all();
        let result =
            compare_operation(&Document::parse(&document).unwrap(), &exchange, &mut Findings::default());
        assert!(result.is_err(), "{reference}");
    }
}

#[test]
fn numbers_are_compared_by_value() {
    let is_equal = |a: &str, b: &str| {
        crate::json::is_equal(&serde_json::from_str(a).unwrap(), &serde_json::from_str(b).unwrap())
    };
    assert!(is_equal(r#"{"a":[100,0.5]}"#, r#"{"a":[100.0,5e-1]}"#));
    assert!(!is_equal("1", "1.5"));
    assert!(!is_equal("[1]", "[1,1]"));
    assert!(!is_equal("{}", r#"{"a":null}"#));
}
