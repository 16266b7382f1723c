//! Tests of fields: unset fields are omitted, and set fields are kept.

use openrouter_oauth_models::{
    AccessToken, ApiKey, ApiKeyGrant, AuthorizationCode, CallbackUrl, CodeChallenge, CodeChallengeMethod,
    CodeVerifier, CreateAuthCode, CreditLimit, CurrentKey, Endpoint, ErrorEnvelope, ErrorResponse,
    ExchangeAuthCode, ExchangeToken, FederationPolicyId, HttpUrl, InvalidValue, Jwk, JwkSet, KeyInfo,
    KeyLabel, Nullable, OAuthErrorCode, OAuthErrorResponse, Origin, SigningKeys, SubjectToken, Timestamp,
    TokenFormat, TokenResponse, TokenScope, UsageLimitType, WorkspaceId,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn exchange() -> ExchangeAuthCode {
    ExchangeAuthCode::new(AuthorizationCode::parse("c").unwrap())
}

fn create() -> CreateAuthCode {
    CreateAuthCode::new(CallbackUrl::parse("https://myapp.com/").unwrap())
}

fn token() -> ExchangeToken {
    ExchangeToken::new(FederationPolicyId::parse("p").unwrap(), SubjectToken::parse("a.b.c").unwrap())
}

#[track_caller]
fn check_sent(message: &impl Serialize, sent: &Value) {
    assert_eq!(&serde_json::to_value(message).unwrap(), sent);
}

#[test]
fn unset_field_is_omitted() {
    check_sent(&exchange(), &json!({ "code": "c" }));
    check_sent(&create(), &json!({ "callback_url": "https://myapp.com/" }));
    check_sent(&CurrentKey::new(), &json!({}));
    check_sent(&SigningKeys::new(), &json!({}));
    check_sent(
        &token(),
        &json!({
            "federation_policy_id": "p",
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "a.b.c",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        }),
    );
    check_sent(&KeyInfo::default(), &json!({}));
    check_sent(&Jwk::new("EC"), &json!({ "kty": "EC" }));
    check_sent(&JwkSet::default(), &json!({ "keys": [] }));
    check_sent(&ErrorResponse::new(400, "No."), &json!({ "error": { "code": 400, "message": "No." } }));
    check_sent(&OAuthErrorResponse::new(OAuthErrorCode::InvalidGrant), &json!({ "error": "invalid_grant" }));
    check_sent(
        &TokenResponse::new(AccessToken::parse("a.b.c").unwrap()),
        &json!({
            "access_token": "a.b.c",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer",
        }),
    );
    // Documented as always present and sometimes null.
    check_sent(&ApiKeyGrant::new(ApiKey::parse("k").unwrap()), &json!({ "key": "k", "user_id": null }));
}

#[test]
fn set_field_is_sent() {
    check_sent(
        &exchange().pkce(CodeVerifier::parse(CHALLENGE).unwrap(), CodeChallengeMethod::S256),
        &json!({ "code": "c", "code_verifier": CHALLENGE, "code_challenge_method": "S256" }),
    );
    check_sent(
        &create()
            .challenge(CodeChallenge::parse(CHALLENGE).unwrap(), CodeChallengeMethod::Plain)
            .expires_at(Timestamp::parse("2027-12-31T23:59:00Z").unwrap())
            .key_label(KeyLabel::parse("My app").unwrap())
            .limit(CreditLimit::new(0.5).unwrap())
            .usage_limit_type(UsageLimitType::Monthly)
            .workspace_id(WorkspaceId::parse("123e4567-e89b-12d3-a456-426614174000").unwrap()),
        &json!({
            "callback_url": "https://myapp.com/",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "plain",
            "expires_at": "2027-12-31T23:59:00Z",
            "key_label": "My app",
            "limit": 0.5,
            "usage_limit_type": "monthly",
            "workspace_id": "123e4567-e89b-12d3-a456-426614174000",
        }),
    );
    let token = token().scope(TokenScope::Inference).requested_token_type(TokenFormat::AccessToken);
    let sent = serde_json::to_value(token).unwrap();
    assert_eq!(sent["scope"], "inference");
    assert_eq!(sent["requested_token_type"], "urn:ietf:params:oauth:token-type:access_token");
}

#[test]
fn null_is_sent_only_on_request() {
    check_sent(
        &create().expires_at(Nullable::Null),
        &json!({ "callback_url": "https://myapp.com/", "expires_at": null }),
    );
    let mut request = exchange();
    request.code_challenge_method = Nullable::Null;
    check_sent(&request, &json!({ "code": "c", "code_challenge_method": null }));
}

#[test]
fn absent_null_and_value_are_different() {
    let read = |json: &str| serde_json::from_str::<KeyInfo>(json).unwrap().limit;
    assert_eq!(read("{}"), Nullable::Absent);
    assert_eq!(read(r#"{"limit":null}"#), Nullable::Null);
    assert_eq!(read(r#"{"limit":100}"#), Nullable::Value(100.0));
}

/// Reads `known` with an extra top-level field, and checks that the result is unchanged.
#[track_caller]
fn check_unknown_field<T: DeserializeOwned + Serialize>(known: &Value) {
    let mut grown = known.clone();
    grown["a_new_field"] = json!({ "a": [null, 1, "b"] });
    let read: T = serde_json::from_value(grown).unwrap();
    check_sent(&read, known);
}

#[test]
fn unknown_field_is_ignored() {
    // C-22
    check_unknown_field::<ExchangeAuthCode>(&json!({ "code": "c" }));
    check_unknown_field::<ApiKeyGrant>(&json!({ "key": "k", "user_id": "u" }));
    check_unknown_field::<CreateAuthCode>(&json!({ "callback_url": "https://myapp.com/" }));
    check_unknown_field::<CurrentKey>(&json!({}));
    check_unknown_field::<TokenResponse>(
        &json!({ "access_token": "t", "issued_token_type": "i", "token_type": "b" }),
    );
    check_unknown_field::<TokenResponse>(&json!({ "access_token": "t" }));
    check_unknown_field::<JwkSet>(&json!({ "keys": [{ "kty": "EC" }] }));
    check_unknown_field::<Jwk>(&json!({ "kty": "EC" }));
    check_unknown_field::<ErrorEnvelope>(&json!({ "error": { "code": 400, "message": "No." } }));
    check_unknown_field::<ErrorEnvelope>(&json!({ "error": "invalid_grant" }));
}

#[test]
fn key_info_keeps_unknown_fields() {
    let grown = json!({ "label": "l", "a_field_of_2027": { "a": [null, 1, "b"] } });
    let read: KeyInfo = serde_json::from_value(grown.clone()).unwrap();
    assert_eq!(read.other.as_map()["a_field_of_2027"]["a"][2], "b");
    check_sent(&read, &grown);
}

#[test]
fn unknown_value_of_an_enum_is_kept() {
    let pointers = ["/code_challenge_method", "/usage_limit_type"];
    let request = json!({ "callback_url": "https://myapp.com/", "code_challenge_method": "S512", "usage_limit_type": "hourly" });
    let read: CreateAuthCode = serde_json::from_value(request.clone()).unwrap();
    assert!(
        matches!(read.usage_limit_type, Some(UsageLimitType::Other(ref other)) if other.as_str() == "hourly")
    );
    let sent = serde_json::to_value(read).unwrap();
    for pointer in pointers {
        assert_eq!(sent.pointer(pointer), request.pointer(pointer));
    }
    let response =
        json!({ "access_token": "t", "issued_token_type": "i", "scope": "s", "token_type": "DPoP" });
    let read = ExchangeToken::decode(response.to_string().as_bytes()).unwrap();
    check_sent(&read, &response);
    // A known value is never `Other`.
    assert_eq!(UsageLimitType::from("daily"), UsageLimitType::Daily);
}

#[test]
fn responses_are_unwrapped_from_their_envelope() {
    let body = br#"{"data":{"id":"c","app_id":7,"created_at":"2025-08-24T10:30:00.25+02:00"}}"#;
    let code = CreateAuthCode::decode(body).unwrap();
    assert_eq!((code.id.expose(), code.app_id), ("c", Some(7)));
    assert_eq!(code.created_at.unwrap().to_string(), "2025-08-24T08:30:00.25Z");
    assert_eq!(CurrentKey::decode(br#"{"data":{}}"#).unwrap(), KeyInfo::default());
    assert!(CurrentKey::decode(b"{}").is_err());
    let keys = SigningKeys::decode(br#"{"keys":[{"kty":"EC","kid":"a","use":"sig"}]}"#).unwrap();
    assert_eq!(keys.find("a").unwrap().usage.as_deref(), Some("sig"));
    assert!(keys.find("b").is_none());
}

#[test]
fn limit_that_is_not_an_amount_is_rejected() {
    for limit in ["-1", "-0.01", "1e400", "\"100\"", "true"] {
        let json = format!(r#"{{"callback_url":"https://myapp.com/","limit":{limit}}}"#);
        assert!(serde_json::from_str::<CreateAuthCode>(&json).is_err(), "{limit}");
    }
}

#[test]
fn open_enum_accepts_any_text() {
    for text in ["daily", "hourly"] {
        let parsed: UsageLimitType = text.parse().unwrap();
        assert_eq!(parsed.as_str(), text);
        let owned = text.to_owned();
        assert_eq!(UsageLimitType::from(&owned), parsed);
        assert_eq!(UsageLimitType::from(owned), parsed);
    }
}

#[test]
fn values_parse_from_every_string_type() {
    fn check<T>(text: &str)
    where
        T: std::str::FromStr<Err = InvalidValue>
            + for<'a> TryFrom<&'a str>
            + for<'a> TryFrom<&'a String>
            + TryFrom<String>,
    {
        assert!(text.parse::<T>().is_ok(), "{text}");
        assert!(T::try_from(text).is_ok() && T::try_from(text.to_owned()).is_ok(), "{text}");
        assert!(T::try_from(&text.to_owned()).is_ok(), "{text}");
    }
    check::<CallbackUrl>("https://my.app/callback");
    check::<FederationPolicyId>("policy");
    check::<HttpUrl>("http://my.app/");
    check::<KeyLabel>("My app");
    check::<Origin>("https://my.app");
    check::<Timestamp>("2027-12-31T23:59:59Z");
    check::<WorkspaceId>("0b4cbd62-5b2a-4c6e-9d0a-6a2f4f9b3f11");
}
