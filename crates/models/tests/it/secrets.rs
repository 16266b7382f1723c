//! Tests that only `expose()` returns a secret.
// S-1

use std::{
    fmt::{Debug, Display},
    marker::PhantomData,
    ops::Deref,
};

use http::StatusCode;
use openrouter_oauth_models::{
    AccessToken, ApiError, ApiKey, ApiKeyGrant, AuthorizationCode, CallbackUrl, CodeChallenge,
    CodeChallengeMethod, CodeVerifier, CreateAuthCode, CreatedAuthCode, CreditLimit, CurrentKey, Data,
    Endpoint as _, ErrorEnvelope, ExchangeAuthCode, ExchangeToken, FederationPolicyId, InvalidValue, JwkSet,
    KeyInfo, KeyLabel, Nullable, OAuthErrorCode, ServerText, SigningKeys, State, SubjectToken, Timestamp,
    TokenResponse, UsageLimitType, WorkspaceId,
};
use serde::Serialize;

const CANARY: &str = "sk-or-v1-canary-0123456789-0123456789-0123456789";

#[track_caller]
fn check_hidden(value: &impl Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[test]
fn messages_do_not_print_their_secrets() {
    // S-1
    let code = || AuthorizationCode::parse(CANARY).unwrap();
    let key = || ApiKey::parse(CANARY).unwrap();
    let challenge = CodeChallenge::parse(CANARY).unwrap();
    let create = CreateAuthCode::new(CallbackUrl::parse("https://myapp.com/").unwrap());
    check_hidden(&key());
    check_hidden(&code());
    check_hidden(&CodeVerifier::parse(CANARY).unwrap());
    check_hidden(&State::parse(CANARY).unwrap());
    check_hidden(&SubjectToken::parse(CANARY).unwrap());
    check_hidden(&AccessToken::parse(CANARY).unwrap());
    check_hidden(&challenge);
    check_hidden(&Nullable::Value(key()));
    check_hidden(&Data { data: key() });
    check_hidden(
        &ExchangeAuthCode::new(code()).pkce(CodeVerifier::parse(CANARY).unwrap(), CodeChallengeMethod::S256),
    );
    check_hidden(&ApiKeyGrant::new(key()));
    check_hidden(&create.challenge(challenge, CodeChallengeMethod::Plain));
    check_hidden(&CreatedAuthCode::new(code()));
    check_hidden(&ExchangeToken::new(
        FederationPolicyId::parse("policy").unwrap(),
        SubjectToken::parse(CANARY).unwrap(),
    ));
    check_hidden(&TokenResponse::new(AccessToken::parse(CANARY).unwrap()));
    let info = format!(r#"{{"data":{{"new":["{CANARY}"]}}}}"#);
    check_hidden(&CurrentKey::decode(info.as_bytes()).unwrap());
    check_hidden(&ServerText::new(CANARY));
    check_hidden(&ApiError::read(&CurrentKey::new(), None, StatusCode::OK, CANARY.as_bytes()));
}

#[test]
fn error_does_not_repeat_the_rejected_value() {
    // S-1
    let bad = format!("{CANARY}\n");
    let errors: [Result<(), InvalidValue>; 9] = [
        ApiKey::parse(&bad).map(drop),
        AuthorizationCode::parse(&bad).map(drop),
        CodeVerifier::parse(&bad).map(drop),
        CodeChallenge::parse(&bad).map(drop),
        State::try_from(bad.clone()).map(drop),
        SubjectToken::try_from(bad.as_str()).map(drop),
        AccessToken::parse(&bad).map(drop),
        KeyLabel::parse(&bad).map(drop),
        WorkspaceId::parse(&bad).map(drop),
    ];
    for error in errors.map(Result::unwrap_err) {
        check_hidden(&error);
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn secrets_are_compared_by_value() {
    // S-11
    assert_eq!(ApiKey::parse("ab").unwrap(), ApiKey::parse("ab").unwrap());
    for other in ["aB", "a", "abc"] {
        assert_ne!(ApiKey::parse("ab").unwrap(), ApiKey::parse(other).unwrap());
    }
}

/// Returns whether `$type` implements `$trait`, without a trait bound.
///
/// The inherent constant takes precedence over the trait's constant, and exists only if `$type` implements `$trait`.
macro_rules! has {
    ($type:ty: $($trait:tt)+) => {{
        #[allow(dead_code, reason = "used only if the type lacks the trait")]
        trait Lacks {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Lacks for Probe<T> {}
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code, reason = "used only if the type has the trait")]
        impl<T: ?Sized + $($trait)+> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$type>>::HAS
    }};
}

#[test]
fn secret_is_readable_only_through_expose() {
    // S-1. First check that the macro can return true.
    const {
        assert!(
            has!(String: Display) && has!(String: Serialize) && has!(String: Deref) && has!(String: Clone)
        );
    };
    macro_rules! check {
        ($($secret:ty),+) => {$(
            const { assert!(!has!($secret: Display)) };
            const { assert!(!has!($secret: Serialize)) };
            const { assert!(!has!($secret: Deref)) };
            const { assert!(!has!($secret: AsRef<str>)) };
            const { assert!(!has!($secret: std::borrow::Borrow<str>)) };
            const { assert!(!has!($secret: Into<String>)) };
            const { assert!(!has!($secret: std::str::FromStr)) };
            const { assert!(!has!($secret: std::hash::Hash)) };
        )+};
    }
    check!(ApiKey, AuthorizationCode, CodeVerifier, State, SubjectToken, AccessToken);
}

#[test]
fn values_of_one_sign_in_are_not_clone() {
    // C-5
    const { assert!(!has!(CodeVerifier: Clone)) };
    const { assert!(!has!(State: Clone)) };
    const { assert!(!has!(ExchangeAuthCode: Clone)) };
}

#[test]
fn public_types_are_send_and_sync() {
    const fn check<T: Send + Sync + Unpin + 'static>() {}
    const {
        check::<(TokenResponse, ApiError, ApiKeyGrant, CreatedAuthCode, CallbackUrl, CodeChallenge)>();
        check::<(CreateAuthCode, CreditLimit, CurrentKey, ErrorEnvelope, ExchangeAuthCode, ExchangeToken)>();
        check::<(InvalidValue, JwkSet, KeyInfo, KeyLabel, OAuthErrorCode, ServerText, SigningKeys, State)>();
        check::<(Timestamp, UsageLimitType, WorkspaceId)>();
    }
}
