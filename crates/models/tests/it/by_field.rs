//! Responses are read field by field: one odd field does not lose the others.
// A3

use std::time::{Duration, Instant};

use http::StatusCode;
use openrouter_oauth_models::{
    AccessToken, ApiError, ApiKey, ApiKeyGrant, AuthorizationCode, CreateAuthCode, CreatedAuthCode,
    CurrentKey, Data, Endpoint, ExchangeAuthCode, ExchangeToken, Jwk, KeyInfo, Nullable, OAuthErrorCode,
    RejectionReason, SigningKeys, TokenResponse, TokenType,
};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde::Serialize;
use serde_json::{Value, json};

use crate::any::{access_token, auth_code, grant, jwk, key_info, value};

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
fn many_unreadable_fields_take_little_time() {
    // If each of them cost a pass over all fields, this would take minutes.
    let fields: Vec<_> =
        (0..20_000).map(|number| format!(r#""{number}":{}"#, ["1e400", "1"][number % 2])).collect();
    let fields = fields.join(",");
    let info = key(&format!(r#"{{"data":{{{fields},"label":"x","usage":"","zone":1}}}}"#));
    assert_eq!((info.label.as_deref(), info.usage), (Some("x"), None));
    assert_eq!(info.other.as_map().len(), 10_002);
}

#[test]
fn bytes_that_are_not_utf_8_spoil_one_field() {
    let info =
        CurrentKey::decode(b"{\"data\":{\"label\":\"a\xffb\",\"expires_at\":\"\xff\",\"usage\":1}}").unwrap();
    assert_eq!((info.label.as_deref(), info.usage), (Some("a\u{fffd}b"), Some(1.0)));
    assert!(info.expires_at.is_absent());
}

#[test]
fn escape_of_half_a_character_spoils_only_itself() {
    for (written, label) in [
        (r"a\ud83d", "a\u{fffd}"),
        (r"\uDE00b", "\u{fffd}b"),
        (r"\ud83d\ud83d\ude00\ude00", "\u{fffd}\u{1f600}\u{fffd}"),
        (r"\ud83d\n\\ud83d", "\u{fffd}\n\\ud83d"),
        (r"\ud83d\\\ud83d", "\u{fffd}\\\u{fffd}"),
    ] {
        // In a value and in a name.
        let info = key(&format!(r#"{{"data":{{"label":"{written}","{written}":1,"usage":2}}}}"#));
        assert_eq!((info.label.as_deref(), info.usage), (Some(label), Some(2.0)), "{written}");
        assert_eq!(info.other.as_map()[label], 1, "{written}");
    }
    for broken in
        [r#"{"data":{"label":"\ud8"}}"#, r#"{"data":{"label":"\ud83"#, "{\"data\":\"\\\u{e9}\\ud83d"]
    {
        // The label is absent, or nothing can be read.
        let label = CurrentKey::decode(broken.as_bytes()).map(|info| info.label);
        assert!(label.is_err() || label.is_ok_and(|label| label.is_none()), "{broken}");
    }
    let cut = br#"{"error":{"code":403,"message":"No \ud83d"}}"#;
    let error = ApiError::read(&CurrentKey::new(), None, StatusCode::FORBIDDEN, cut);
    assert_eq!((error.reason(), error.message().as_str()), (RejectionReason::Forbidden, "No \u{fffd}"));
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
    let keys = r#"{"keys":[{"kid":"nokty","x":"A"},7,["EC"],{"kty":"EC","kid":8},{"kty":"EC","kid":"a","x":"A","new":[]}]}"#;
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
    (value(), prop_oneof![Just(0), 1..90_usize]).prop_map(|(value, depth)| {
        (0..depth)
            .fold(value, |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) })
    })
}

/// Puts `odd` into each field that the response can do without, one after the other. Checks that all others are as they
/// were.
fn check<E>(
    response: &impl Serialize,
    optional: &[&str],
    odd: &Value,
    envelope: fn(Value) -> Value,
) -> Result<(), TestCaseError>
where
    E: Endpoint<Response: Serialize>,
{
    let Value::Object(fields) = serde_json::to_value(response).unwrap() else { unreachable!() };
    for &name in optional {
        let mut changed = fields.clone();
        changed.insert(name.to_owned(), odd.clone());
        let read = E::decode(envelope(Value::Object(changed)).to_string().as_bytes());
        let read = read.map_err(|error| TestCaseError::fail(format!("{name}: {error}")))?;
        let Value::Object(mut read) = serde_json::to_value(read).unwrap() else { unreachable!() };
        let mut fields = fields.clone();
        // The odd value may be readable.
        read.remove(name);
        fields.remove(name);
        prop_assert_eq!(read, fields, "{}", name);
    }
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
    NEW,
];
const GRANT: [&str; 2] = ["user_id", NEW];
const AUTH_CODE: [&str; 3] = ["app_id", "created_at", NEW];
const TOKEN: [&str; 5] = ["expires_in", "issued_token_type", "scope", "token_type", NEW];

/// A field that this version does not know.
const NEW: &str = "a_field_of_2027";

/// The fields that a response cannot do without, and the one that keeps unknown fields.
const EXCEPT: [&str; 4] = ["key", "id", "access_token", "other"];

#[test]
fn property_covers_every_field() {
    let code = AuthorizationCode::parse("c").unwrap();
    for (debug, optional) in [
        (format!("{:#?}", KeyInfo::default()), &KEY_INFO[..]),
        (format!("{:#?}", ApiKeyGrant::new(ApiKey::parse("k").unwrap())), &GRANT),
        (format!("{:#?}", CreatedAuthCode::new(code)), &AUTH_CODE),
        (format!("{:#?}", TokenResponse::new(AccessToken::parse("t").unwrap())), &TOKEN),
    ] {
        // `Debug` names every field of a struct.
        let fields = debug.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": "));
        let mut fields: Vec<_> = fields.map(|(name, _)| name).filter(|name| !name.starts_with(' ')).collect();
        fields.retain(|name| !EXCEPT.contains(name));
        fields.push(NEW);
        fields.sort_unstable();
        let mut optional = optional.to_vec();
        optional.sort_unstable();
        assert_eq!(optional, fields, "{debug}");
    }
}

/// Reads an error response.
fn error(body: &Value) -> ApiError {
    ApiError::read(&CurrentKey::new(), None, StatusCode::FORBIDDEN, body.to_string().as_bytes())
}

/// Puts `odd` into each optional field of each error envelope, one after the other.
fn check_errors(odd: &Value) -> Result<(), TestCaseError> {
    for pointer in ["/user_id", "/openrouter_metadata", "/new", "/error/metadata", "/error/new"] {
        let mut body = json!({ "error": { "code": 403, "message": "No." } });
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = odd.clone();
        let error = error(&body);
        prop_assert_eq!((error.code(), error.message().as_str()), (Some(403), "No."), "{}", pointer);
    }
    for name in ["error_description", "error_uri", "new"] {
        let mut body = json!({ "error": "invalid_grant" });
        body[name] = odd.clone();
        let error = error(&body);
        prop_assert_eq!(error.oauth_code(), Some(&OAuthErrorCode::InvalidGrant), "{}", name);
    }
    let issues = json!([{ "path": ["code"], "message": "Required" }]);
    for (name, message) in [("message", "code: Required"), ("issues", "No."), ("new", "code: Required")] {
        let mut body =
            json!({ "success": false, "error": { "name": "ZodError", "issues": issues, "message": "No." } });
        body["error"][name] = odd.clone();
        let error = error(&body);
        prop_assert_eq!(error.message().as_str(), message, "{}", name);
        prop_assert_eq!(error.reason(), RejectionReason::Forbidden, "{}", name);
    }
    Ok(())
}

/// Puts `odd` among the keys, and into a field of the set and of one key.
fn check_keys(keys: &[Jwk], odd: &Value, place: Index) -> Result<(), TestCaseError> {
    let read = |keys: &[Value]| {
        let body = json!({ "keys": keys, "new": odd });
        SigningKeys::decode(body.to_string().as_bytes())
            .map_err(|error| TestCaseError::fail(error.to_string()))
    };
    let mut json: Vec<_> = keys.iter().map(|key| json!(key)).collect();
    json.insert(place.index(keys.len() + 1), odd.clone());
    prop_assert_eq!(&read(&json)?.keys, keys);

    if keys.is_empty() {
        return Ok(());
    }
    let place = place.index(keys.len());
    for name in ["kty", "crv", "alg", "use", "kid", "x", "y", "new"] {
        let mut json: Vec<_> = keys.iter().map(|key| json!(key)).collect();
        json[place][name] = odd.clone();
        let read = read(&json)?.keys;
        let others = [&keys[..place], &keys[place + 1..]].concat();
        // The odd value may be readable.
        let is_left_out = read.len() == others.len();
        let read = if is_left_out { read } else { [&read[..place], &read[place + 1..]].concat() };
        prop_assert_eq!(read, others, "{}", name);
    }
    Ok(())
}

proptest! {
    // Few cases, because each tries every field.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_json_in_any_field_leaves_the_others(
        info in key_info(),
        grant in grant(),
        code in auth_code(),
        token in access_token(),
        (keys, place) in (vec(jwk(), 0..4), any::<Index>()),
        odd in deep_value(),
    ) {
        check::<CurrentKey>(&info, &KEY_INFO, &odd, data)?;
        check::<ExchangeAuthCode>(&grant, &GRANT, &odd, |value| value)?;
        check::<CreateAuthCode>(&code, &AUTH_CODE, &odd, data)?;
        check::<ExchangeToken>(&token, &TOKEN, &odd, |value| value)?;
        check_keys(&keys, &odd, place)?;
        check_errors(&odd)?;
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

#[test]
fn name_that_serde_json_uses_itself_loses_no_other_field() {
    for name in ["$serde_json::private::RawValue", r"\u0024serde_json::private::RawValue"] {
        let odd = format!(r#"{{"a":[{{"{name}":1}}]}}"#);
        let info = key(&format!(r#"{{"data":{{"new":{odd},"label":"x","budgets":{odd},"other":{{}}}}}}"#));
        assert_eq!((info.label.as_deref(), info.budgets), (Some("x"), None), "{name}");
        assert_eq!(json!(info.other)["other"], json!({}), "{name}");
        let grant =
            ExchangeAuthCode::decode(format!(r#"{{"key":"sk-or-v1-0e6f","new":{odd}}}"#).as_bytes()).unwrap();
        assert_eq!(grant.key.expose(), "sk-or-v1-0e6f");
    }
    let label = "of $serde_json::private::RawValue";
    assert_eq!(key(&format!(r#"{{"data":{{"label":"{label}"}}}}"#)).label.as_deref(), Some(label));
}

#[test]
fn time_to_read_grows_with_the_body_only() {
    let body = |numbers: &str| {
        let good = (0..3_000).map(|i| format!("\"a{i}\":1"));
        let bad = (0..2_500).map(|i| format!("\"b{i}\":{numbers}"));
        format!(r#"{{"data":{{"label":"x",{}}}}}"#, good.chain(bad).collect::<Vec<_>>().join(","))
    };
    let time = |body: &str, fields| {
        assert!(body.len() < 64 * 1024);
        let run = |_| {
            let start = Instant::now();
            assert_eq!(key(body).other.as_map().len(), fields);
            start.elapsed()
        };
        // The fastest run is the one that other programs interrupted least.
        (0..5).map(run).min().unwrap()
    };
    let good = time(&body("1e99"), 5_500);
    // These numbers cannot be read.
    let bad = time(&body("1e999"), 3_000);
    assert!(bad < 20 * good + Duration::from_millis(100), "{bad:?} instead of {good:?}");
}
