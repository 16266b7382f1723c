//! Responses that are only read are read field by field: one odd field does not lose the others.
// A3

use openrouter_oauth_models::{
    CreateAuthCode, CurrentKey, Data, Endpoint, ExchangeAuthCode, ExchangeToken, KeyInfo, Nullable,
    SigningKeys, TokenType,
};
use proptest::{prelude::*, sample::select};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::any::{access_token, auth_code, grant, key_info, value};

fn key(body: &str) -> KeyInfo {
    CurrentKey::decode(body.as_bytes()).unwrap()
}

#[test]
fn unreadable_field_is_absent_and_kept_as_json() {
    let info =
        key(r#"{"data":{"label":"x","usage":"1.5","limit_reset":3,"rate_limit":"none","limit":null}}"#);
    assert_eq!((info.label.as_deref(), info.usage, info.limit_reset), (Some("x"), None, Nullable::Absent));
    assert_eq!((info.rate_limit, info.limit), (None, Nullable::Null));
    assert_eq!(json!(info.other), json!({ "usage": "1.5", "limit_reset": 3, "rate_limit": "none" }));
}

#[test]
fn last_of_two_equal_names_wins() {
    assert_eq!(key(r#"{"data":{"label":"x"},"data":{"label":"a","label":"b"}}"#).label.as_deref(), Some("b"));
    let keys = SigningKeys::decode(br#"{"keys":[],"keys":[{"kty":"EC","kid":"a","kid":"b"}]}"#).unwrap();
    assert_eq!(keys.keys[0].kid.as_deref(), Some("b"));
}

#[test]
fn bytes_that_are_not_utf_8_spoil_one_field() {
    let info =
        CurrentKey::decode(b"{\"data\":{\"label\":\"a\xffb\",\"expires_at\":\"\xff\",\"usage\":1}}").unwrap();
    assert_eq!((info.label.as_deref(), info.usage), (Some("a\u{fffd}b"), Some(1.0)));
    assert!(info.expires_at.is_absent());
}

#[test]
fn time_without_an_offset_is_absent() {
    assert!(key(r#"{"data":{"expires_at":"2027-12-31T23:59:59"}}"#).expires_at.is_absent());
    let expires_at = key(r#"{"data":{"expires_at":"2027-12-31T23:59Z"}}"#).expires_at;
    assert_eq!(expires_at.value().unwrap().to_string(), "2027-12-31T23:59:00Z");
}

#[test]
fn token_needs_only_itself() {
    let read = |body: &str| ExchangeToken::decode(body.as_bytes());
    let token = read(r#"{"access_token":"t","expires_in":"900","token_type":"Bearer"}"#).unwrap();
    assert_eq!((token.access_token.expose(), token.expires_in), ("t", Some(900)));
    assert_eq!((token.token_type, token.issued_token_type), (Some(TokenType::Bearer), None));
    for (written, seconds) in [
        ("900", Some(900)),
        ("900.9", Some(900)),
        ("\" 900 \"", Some(900)),
        ("null", None),
        ("-1", None),
        ("1e400", None),
        ("\"soon\"", None),
        ("[900]", None),
    ] {
        let token = read(&format!(r#"{{"access_token":"t","expires_in":{written},"scope":7}}"#)).unwrap();
        assert_eq!((token.expires_in, token.scope), (seconds, None), "{written}");
    }
    assert!(read(r#"{"expires_in":900}"#).is_err());
    assert!(read(r#"{"access_token":7}"#).is_err());
}

#[test]
fn signing_key_that_cannot_be_read_is_left_out() {
    // RFC 7517, section 5
    let keys = r#"{"keys":[{"kid":"nokty","x":"A"},7,{"kty":"EC","kid":8},{"kty":"EC","kid":"a","x":"A","new":[]}]}"#;
    let set = SigningKeys::decode(keys.as_bytes()).unwrap();
    assert_eq!(set.keys.len(), 1);
    assert_eq!(set.find("a").unwrap().x.as_deref(), Some("A"));
    for other in [r#"{"issuer":"https://example.com"}"#, r#"{"keys":{}}"#, r#"{"keys":null}"#, "[]"] {
        assert!(SigningKeys::decode(other.as_bytes()).is_err(), "{other}");
    }
}

#[test]
fn error_gives_the_place_in_the_body() {
    let error = CurrentKey::decode(b"{\n\"data\": 7}").unwrap_err();
    assert_eq!((error.line(), error.column()), (2, 9));
}

/// JSON of any shape, up to 100 levels deep.
fn deep_value() -> impl Strategy<Value = Value> {
    (value(), 0..90_usize).prop_map(|(value, depth)| {
        (0..depth)
            .fold(value, |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) })
    })
}

/// Puts `odd` into the field `name`, which the response can do without, and finds all others as they were.
fn check<E>(
    response: &impl Serialize,
    name: &str,
    odd: Value,
    envelope: fn(Value) -> Value,
) -> Result<(), TestCaseError>
where
    E: Endpoint<Response: Serialize>,
{
    let Value::Object(fields) = serde_json::to_value(response).unwrap() else { unreachable!() };
    let mut changed = fields.clone();
    changed.insert(name.to_owned(), odd);
    let read = E::decode(envelope(Value::Object(changed)).to_string().as_bytes());
    let read = serde_json::to_value(read.map_err(|error| TestCaseError::fail(error.to_string()))?).unwrap();
    let without = |fields: &Map<String, Value>| {
        let mut fields = fields.clone();
        fields.remove(name);
        fields
    };
    prop_assert_eq!(without(read.as_object().unwrap()), without(&fields));
    Ok(())
}

fn data(value: Value) -> Value {
    json!(Data { data: value })
}

const KEY_INFO: [&str; 26] = [
    "label",
    "limit",
    "limit_remaining",
    "limit_reset",
    "include_byok_in_limit",
    "usage",
    "usage_daily",
    "usage_weekly",
    "usage_monthly",
    "byok_usage",
    "byok_usage_daily",
    "byok_usage_weekly",
    "byok_usage_monthly",
    "is_free_tier",
    "is_management_key",
    "is_provisioning_key",
    "creator_user_id",
    "expires_at",
    "organization_id",
    "workspace_id",
    "allowed_data_regions",
    "free_model_daily_requests",
    "budgets",
    "effective_budget",
    "rate_limit",
    "a_field_of_2027",
];

proptest! {
    #[test]
    fn any_json_in_any_field_leaves_the_others(
        (info, name) in (key_info(), select(&KEY_INFO[..])),
        grant in grant(),
        (code, code_field) in (auth_code(), select(vec!["app_id", "created_at", "new"])),
        (token, token_field) in
            (access_token(), select(vec!["expires_in", "issued_token_type", "scope", "token_type", "new"])),
        odd in deep_value(),
    ) {
        check::<CurrentKey>(&info, name, odd.clone(), data)?;
        check::<ExchangeAuthCode>(&grant, "user_id", odd.clone(), |value| value)?;
        check::<CreateAuthCode>(&code, code_field, odd.clone(), data)?;
        check::<ExchangeToken>(&token, token_field, odd, |value| value)?;
    }
}

#[test]
fn nesting_does_not_overflow_the_stack() {
    for depth in [1, 100, 126, 127, 128, 10_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = [&open.repeat(depth), "0", &close.repeat(depth)].concat();
            for name in KEY_INFO.into_iter().filter(|&name| name != "label") {
                let info = key(&format!(r#"{{"data":{{"{name}":{nested},"label":"x"}}}}"#));
                assert_eq!(info.label.as_deref(), Some("x"), "{name} {depth}");
            }
        }
    }
}
