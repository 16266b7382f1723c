//! Whole sign-ins, against the emulator.

use std::time::Duration;

use openrouter_oauth::{
    ApiKey, AuthorizationCode, AuthorizeUrl, CallbackError, CallbackUrl, CodeChallengeMethod, CreateAuthCode,
    CreditLimit, ExchangeAuthCode, ExchangeToken, KeyLabel, KeyLinks, PendingSignIn, Pkce,
    models::{
        CreatedAuthCode, CurrentKey, Endpoint as _, FederationPolicyId, Jwk, Nullable, SigningKeys,
        SubjectToken, Timestamp, UsageLimitType,
    },
};
use openrouter_oauth_emulator::{DecisionOutcome, DenialBehavior, Fault, Settings};
use openrouter_oauth_tests::{base64url, fields, query, testbed::Testbed};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use crate::support::describe;

/// Returns a testbed in memory, and one over TCP, because a socket can affect the result.
async fn both() -> [Testbed; 2] {
    [testbed(), Testbed::over_tcp(Settings::default()).await]
}

fn testbed() -> Testbed {
    Testbed::in_memory(Settings::default())
}

#[tokio::test]
async fn callback_leads_to_a_key() {
    for testbed in both().await {
        let (url, mut pending) = begin(&testbed);
        let callback = redirected(testbed.user().approve(url.as_str(), Some(5.0)).await.unwrap());
        assert!(callback.starts_with(pending.callback_url().as_str()), "{callback}");
        let code = pending.read_callback(query::target(&callback)).unwrap();
        let grant = pending.exchange(testbed.client(), &code).await.unwrap();

        assert!(grant.user_id.is_some());
        let info = testbed.client().with_key(grant.key.clone()).current_key().await.unwrap();
        assert_eq!(info.label.as_deref(), Some("My app"));
        assert_eq!(info.limit, Nullable::Value(5.0));
        let links = KeyLinks::new(&grant.key);
        let keys = testbed.emulator().keys();
        assert_eq!(links.settings(), format!("https://openrouter.ai/keys/{}", keys[0].hash));
        assert_eq!(testbed.emulator().posts("/auth/keys"), 1);
    }
}

#[tokio::test]
async fn pasted_code_leads_to_a_key() {
    let testbed = testbed();
    let authorize = testbed.client().authorize_headless().key_label("my-cli");
    let (url, mut pending) = authorize.begin().unwrap();
    let DecisionOutcome::Code(shown) = testbed.user().approve(url.as_str(), None).await.unwrap() else {
        panic!("the page shows no code");
    };
    let code = pending.read_pasted(&format!("\u{1b}[200~ {shown}\u{200b}\n\u{1b}[201~")).unwrap();
    let grant = pending.exchange(testbed.client(), &code).await.unwrap();
    let info = testbed.client().with_key(grant.key).current_key().await.unwrap();
    assert_eq!((info.label.as_deref(), info.limit), (Some("my-cli"), Nullable::Null));
}

#[tokio::test]
async fn key_can_create_a_code_for_another_key() {
    let testbed = testbed();
    let pkce = Pkce::generate().unwrap();
    let request = CreateAuthCode::new(callback())
        .challenge(pkce.challenge().clone(), Pkce::METHOD)
        .key_label(KeyLabel::parse("made by a key").unwrap())
        .limit(CreditLimit::new(7.5).unwrap())
        .usage_limit_type(UsageLimitType::Weekly)
        .expires_at(Timestamp::parse("2099-12-31T23:59:59Z").unwrap());
    let created = create(&testbed, request).await;
    assert!(created.app_id.is_some());

    let (verifier, _) = pkce.into_parts();
    let exchange = ExchangeAuthCode::new(created.id).pkce(verifier, Pkce::METHOD);
    let grant = testbed.client().exchange_auth_code(exchange).await.unwrap();
    let info = testbed.client().with_key(grant.key).current_key().await.unwrap();
    assert_eq!(info.label.as_deref(), Some("made by a key"));
    assert_eq!((info.limit, info.limit_remaining), (7.5.into(), 7.5.into()));
    assert_eq!(info.limit_reset, Nullable::Value(UsageLimitType::Weekly));
    assert_eq!(info.expires_at.value().unwrap().to_string(), "2099-12-31T23:59:59Z");
}

#[tokio::test]
async fn denial_reaches_the_program() {
    let testbed = testbed();
    let (url, pending) = begin(&testbed);
    let callback = redirected(testbed.user().deny(url.as_str()).await.unwrap());
    let Err(CallbackError::Denied { description }) = pending.read_callback(&callback) else {
        panic!("the denial is not reported");
    };
    assert_eq!(description.unwrap().as_str(), "The user denied the request");
    assert_eq!(testbed.emulator().posts("/auth/keys"), 0);
}

#[tokio::test]
async fn silent_denial_leaves_the_sign_in_fresh() {
    let testbed = Testbed::in_memory(Settings::default().denial(DenialBehavior::Silent));
    let (url, pending) = begin(&testbed);
    assert_eq!(testbed.user().deny(url.as_str()).await.unwrap(), DecisionOutcome::Denied);
    assert!(pending.is_fresh());
}

#[tokio::test]
async fn callback_without_a_state_is_accepted() {
    let testbed = Testbed::in_memory(Settings::default().state_echo(false));
    let (url, mut pending) = begin(&testbed);
    let callback = approve(&testbed, &url).await;
    assert!(!callback.contains("state="));
    let code = pending.read_callback(&callback).unwrap();
    pending.exchange(testbed.client(), &code).await.unwrap();
}

#[tokio::test]
async fn code_works_once() {
    let testbed = testbed();
    let (url, mut pending) = begin(&testbed);
    let code = pending.read_callback(&approve(&testbed, &url).await).unwrap();
    pending.exchange(testbed.client(), &code).await.unwrap();

    let again = pending.exchange(testbed.client(), &code).await.unwrap_err();
    assert_eq!(describe(&again), "Spent(Exchanged)");
    assert_eq!(testbed.emulator().posts("/auth/keys"), 1);
    let (_, mut other) = begin(&testbed);
    let spent = other.exchange(testbed.client(), &code).await.unwrap_err();
    assert_eq!(describe(&spent), "Api CodeInvalid");
    assert!(spent.is_rejected_code() && !spent.is_expired_code());
    assert!(other.is_fresh(), "a rejected code leaves the sign-in fresh");
}

#[tokio::test]
async fn code_expires_after_ten_minutes() {
    // F38: this also happens while the machine is suspended.
    let testbed = testbed();
    for (seconds, works) in [(590, true), (600, false)] {
        let (url, mut pending) = begin(&testbed);
        let code = pending.read_callback(&approve(&testbed, &url).await).unwrap();
        testbed.emulator().advance(Duration::from_secs(seconds));
        match pending.exchange(testbed.client(), &code).await {
            Ok(_) => assert!(works, "after {seconds} s"),
            Err(expired) => {
                assert!(!works, "after {seconds} s: {expired}");
                assert_eq!(describe(&expired), "Api CodeExpired");
                assert!(expired.is_expired_code() && expired.is_rejected_code());
            }
        }
    }
}

#[tokio::test]
async fn code_needs_its_verifier() {
    let testbed = testbed();
    let (url, mut pending) = begin(&testbed);
    let code = pending.read_callback(&approve(&testbed, &url).await).unwrap();
    let (_, mut other) = begin(&testbed);
    let rejected = other.exchange(testbed.client(), &code).await.unwrap_err();
    assert_eq!(describe(&rejected), "Api CodeInvalid");
    let bare = testbed.client().exchange_auth_code(ExchangeAuthCode::new(code.clone()));
    assert_eq!(describe(&bare.await.unwrap_err()), "Api ChallengeMethodMismatch");
    // The code still works for its own sign-in.
    pending.exchange(testbed.client(), &code).await.unwrap();
}

#[tokio::test]
async fn code_needs_the_method_of_its_challenge() {
    // C-6
    let testbed = testbed();
    for unmatched in ["plain", "S512"] {
        let pkce = Pkce::generate().unwrap();
        let request = CreateAuthCode::new(callback()).challenge(pkce.challenge().clone(), Pkce::METHOD);
        let created = create(&testbed, request).await;
        let (verifier, _) = pkce.into_parts();
        let exchange = ExchangeAuthCode::new(created.id).pkce(verifier, unmatched.into());
        let rejected = testbed.client().exchange_auth_code(exchange).await.unwrap_err();
        assert_eq!(describe(&rejected), "Api ChallengeMethodMismatch", "{unmatched}");
    }
}

#[tokio::test]
async fn code_without_a_challenge_takes_no_verifier() {
    let testbed = testbed();
    let without = create(&testbed, CreateAuthCode::new(callback())).await;
    let (verifier, _) = Pkce::generate().unwrap().into_parts();
    let exchange = ExchangeAuthCode::new(without.id.clone()).pkce(verifier, CodeChallengeMethod::S256);
    let rejected = testbed.client().exchange_auth_code(exchange).await.unwrap_err();
    assert_eq!(describe(&rejected), "Api ChallengeMethodMismatch");
    let exchange = ExchangeAuthCode::new(without.id);
    testbed.client().exchange_auth_code(exchange).await.unwrap();
}

#[tokio::test]
async fn models_have_every_field_that_the_emulator_sends() {
    let testbed = testbed();
    let client =
        testbed.client().with_key(ApiKey::parse(&testbed.emulator().issue_management_key()).unwrap());
    let created = client
        .create_auth_code(CreateAuthCode::new(callback()))
        .keep_body()
        .send_with_response()
        .await
        .unwrap();
    let exchange = ExchangeAuthCode::new(created.value().id.clone());
    let exchanged = client.exchange_auth_code(exchange).keep_body().send_with_response().await.unwrap();
    let key = client.current_key().keep_body().send_with_response().await.unwrap();
    let token = client.exchange_token(token_exchange()).keep_body().send_with_response().await.unwrap();
    let keys = client.signing_keys().keep_body().send_with_response().await.unwrap();
    for (operation, body) in [
        (CreateAuthCode::OPERATION, created.expose_body()),
        (ExchangeAuthCode::OPERATION, exchanged.expose_body()),
        (CurrentKey::OPERATION, key.expose_body()),
        (ExchangeToken::OPERATION, token.expose_body()),
        (SigningKeys::OPERATION, keys.expose_body()),
    ] {
        let body = serde_json::from_slice(body.unwrap()).unwrap();
        let [_, fields_of_response] = fields::of_operation(operation).unwrap();
        let unknown = fields::unknown(&body, &fields_of_response(&body));
        assert!(unknown.is_empty(), "{operation} {unknown:?}");
    }
    assert!(key.value().other.as_map().is_empty(), "{:?}", key.value().other);
}

#[tokio::test]
async fn access_token_is_signed_by_a_published_key() {
    let testbed = testbed();
    let issued = testbed.client().exchange_token(token_exchange()).await.unwrap();
    assert!(issued.expires_in.is_some_and(|seconds| seconds <= 900));

    let token = issued.access_token.expose().to_owned();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let header: serde_json::Value = serde_json::from_slice(&base64url::decode(header)).unwrap();
    let keys = testbed.client().signing_keys().await.unwrap();
    let key = keys.find(header["kid"].as_str().unwrap()).unwrap();
    let (signed, signature) = (signed.as_bytes(), base64url::decode(signature));
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(key));
    public.verify(signed, &signature).unwrap();
    // It is a bearer token like a key, of any length.
    let client = testbed.client().with_access_token(issued.access_token);
    assert_eq!(client.current_key().await.unwrap().label.as_deref(), Some("policy_1"));

    let mut forged = signed.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    public.verify(&forged, &signature).unwrap_err();
}

#[tokio::test]
async fn key_reports_its_limits() {
    let testbed = testbed();
    for limit in [None, Some(0.0), Some(0.01), Some(100.0)] {
        let authorize = testbed.client().authorize(callback()).key_label("limited");
        let authorize = match limit {
            Some(limit) => authorize.limit(limit),
            None => authorize,
        };
        let (url, mut pending) = authorize.begin().unwrap();
        let code = pending.read_callback(&approve(&testbed, &url).await).unwrap();
        let grant = pending.exchange(testbed.client(), &code).await.unwrap();
        let info = testbed.client().with_key(grant.key).current_key().await.unwrap();
        assert_eq!(info.limit, limit.map_or(Nullable::Null, Nullable::Value));
        assert_eq!(info.limit_remaining, info.limit);
        assert_eq!(info.usage, Some(0.0));
    }
}

#[tokio::test]
async fn key_belongs_to_the_requested_workspace() {
    let workspace = "123e4567-e89b-12d3-a456-426614174000";
    let testbed = testbed();
    let authorize = || testbed.client().authorize(callback()).key_label("My app");
    for authorize in [authorize().workspace_id(workspace), authorize().required_workspace_id(workspace)] {
        let (url, mut pending) = authorize.begin().unwrap();
        let callback = approve(&testbed, &url).await;
        let code = pending.read_callback(&callback).unwrap();
        let grant = pending.exchange(testbed.client(), &code).await.unwrap();
        let info = testbed.client().with_key(grant.key).current_key().await.unwrap();
        assert_eq!(info.workspace_id, Nullable::Value(workspace.to_owned()));
    }
}

#[tokio::test]
async fn unknown_key_is_unauthorized() {
    let testbed = testbed();
    let key = ApiKey::parse("sk-or-v1-0000").unwrap();
    let rejected = testbed.client().with_key(key).current_key().await.unwrap_err();
    assert_eq!(describe(&rejected), "Api Unauthorized");
    assert_eq!(rejected.api().unwrap().message().as_str(), "User not found.");
    let missing = testbed.client().current_key().await.unwrap_err();
    assert_eq!(describe(&missing), "MissingKey");
}

#[tokio::test]
async fn exchange_with_a_lost_response_is_not_retried() {
    for (fault, reason) in [
        (Fault::drop_before_commit(), "OutcomeUnknown(Cut)"),
        (Fault::drop_after_commit(), "OutcomeUnknown(Cut)"),
        (Fault::cut_after(40), "OutcomeUnknown(Cut)"),
        (Fault::status(500), "OutcomeUnknown(Status) ServerError"),
        (Fault::status(200).body("<html>"), "OutcomeUnknown(Unreadable)"),
    ] {
        for testbed in both().await {
            let (url, mut pending) = begin(&testbed);
            let code = pending.read_callback(&approve(&testbed, &url).await).unwrap();
            testbed.emulator().inject(fault.clone().on("/auth/keys"));
            let lost = pending.exchange(testbed.client(), &code).await.unwrap_err();
            assert_eq!(describe(&lost), reason);
            let again = pending.exchange(testbed.client(), &code).await.unwrap_err();
            assert_eq!(describe(&again), "Spent(OutcomeUnknown)");
            assert_eq!(testbed.emulator().posts("/auth/keys"), 1);
        }
    }
}

#[tokio::test]
async fn busy_service_leaves_the_sign_in_fresh() {
    let testbed = testbed();
    let (url, mut pending) = begin(&testbed);
    let code = pending.read_callback(&approve(&testbed, &url).await).unwrap();
    for (status, expected) in
        [(429, "RateLimited RateLimited, retryable"), (503, "ServiceUnavailable ServerError, retryable")]
    {
        testbed.emulator().inject(Fault::status(status).header("Retry-After", "1").on("/auth/keys"));
        let busy = pending.exchange(testbed.client(), &code).await.unwrap_err();
        assert_eq!(describe(&busy), expected);
    }
    pending.exchange(testbed.client(), &code).await.unwrap();
    assert_eq!(testbed.emulator().posts("/auth/keys"), 3);
}

fn token_exchange() -> ExchangeToken {
    let subject = [r#"{"alg":"RS256"}"#, r#"{"sub":"job-7"}"#, "signature"];
    let subject = subject.map(|part| base64url::encode(part.as_bytes())).join(".");
    ExchangeToken::new(FederationPolicyId::parse("policy_1").unwrap(), SubjectToken::parse(&subject).unwrap())
}

fn callback() -> CallbackUrl {
    CallbackUrl::parse("https://my.app/callback?tenant=7").unwrap()
}

fn begin(testbed: &Testbed) -> (AuthorizeUrl, PendingSignIn) {
    testbed.client().authorize(callback()).key_label("My app").begin().unwrap()
}

/// Approves the sign-in, and returns the URL of the redirect.
async fn approve(testbed: &Testbed, url: &AuthorizeUrl) -> String {
    redirected(testbed.user().approve(url.as_str(), None).await.unwrap())
}

#[track_caller]
fn redirected(outcome: DecisionOutcome) -> String {
    match outcome {
        DecisionOutcome::Redirected(url) => url,
        other => panic!("no redirect: {other:?}"),
    }
}

/// Creates a code with the key of an account's owner.
async fn create(testbed: &Testbed, request: CreateAuthCode) -> CreatedAuthCode {
    let owner = ApiKey::parse(&testbed.emulator().issue_management_key()).unwrap();
    let client = testbed.client().with_key(owner);
    let created = client.create_auth_code(request).await.unwrap();
    assert!(AuthorizationCode::parse(created.id.expose()).is_ok());
    created
}

/// A point of P-256 in the uncompressed form that ring expects.
fn point(key: &Jwk) -> Vec<u8> {
    let coordinate = |text: &Option<String>| base64url::decode(text.as_deref().unwrap());
    [vec![4], coordinate(&key.x), coordinate(&key.y)].concat()
}
