//! Shared by the tests: clients, requests, and names for errors.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth::{
    ApiKey, Attribution, AuthorizationCode, CallbackUrl, Client, ClientBuilder, CodeChallengeMethod,
    CreateAuthCode, Error, ExchangeAuthCode, ExchangeToken, FederationPolicyId, Retry, blocking,
    models::{CodeVerifier, SubjectToken},
};
use openrouter_oauth_tests::canary;
use openrouter_oauth_transport::{
    Transport,
    testing::{Capture, ManualTimer},
};

/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The challenge of [`VERIFIER`].
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The `user-agent` header of a client.
pub(crate) const USER_AGENT: &str = concat!("user-agent: openrouter-oauth-rust/", env!("CARGO_PKG_VERSION"));
/// The `user-agent` header of the client of [`attributed`].
pub(crate) const USER_AGENT_OF_APP: &str =
    concat!("user-agent: my-app/1.2 openrouter-oauth-rust/", env!("CARGO_PKG_VERSION"));

/// The body of a successful exchange.
pub(crate) const GRANT: &str = r#"{"key":"sk-or-v1-0e6f","user_id":"user_2yOP"}"#;

/// Returns a builder for a client with a key and without waits between attempts.
pub(crate) fn builder() -> ClientBuilder {
    Client::builder().api_key(key()).retry(Retry::default().initial_backoff(Duration::ZERO))
}

/// Builds a client on `transport`, with a stopped clock.
pub(crate) fn client(transport: impl Transport + 'static) -> Client {
    builder().transport(transport).timer(ManualTimer::new()).build().unwrap()
}

/// Builds the same client for calls that block.
pub(crate) fn blocking_client(transport: impl Transport + 'static) -> blocking::Client {
    builder().transport(transport).timer(ManualTimer::new()).build_blocking().unwrap()
}

/// Builds a client with an attribution and a user agent.
pub(crate) fn attributed(transport: impl Transport + 'static) -> Client {
    let attribution = Attribution::new("https://my.app").title("My app");
    let attribution = attribution.categories(["cli-agent", "ide-extension"]);
    let builder = builder().transport(transport).timer(ManualTimer::new()).attribution(attribution);
    builder.user_agent("my-app/1.2").build().unwrap()
}

/// Builds a response.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, value.as_bytes());
    }
    response.body(body.into()).unwrap()
}

pub(crate) fn key() -> ApiKey {
    ApiKey::parse(canary::KEY).unwrap()
}

pub(crate) fn code() -> AuthorizationCode {
    AuthorizationCode::parse(canary::CODE).unwrap()
}

/// Builds an exchange whose code and verifier are canaries.
pub(crate) fn exchange() -> ExchangeAuthCode {
    let verifier = CodeVerifier::parse(canary::VERIFIER).unwrap();
    ExchangeAuthCode::new(code()).pkce(verifier, CodeChallengeMethod::S256)
}

pub(crate) fn create() -> CreateAuthCode {
    CreateAuthCode::new(CallbackUrl::parse("https://my.app/callback").unwrap())
}

/// Builds an exchange whose token is a canary.
pub(crate) fn token() -> ExchangeToken {
    ExchangeToken::new(
        FederationPolicyId::parse("policy_1").unwrap(),
        SubjectToken::parse(canary::TOKEN).unwrap(),
    )
}

/// The five operations, without the types of their responses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    ExchangeAuthCode,
    CreateAuthCode,
    CurrentKey,
    ExchangeToken,
    SigningKeys,
}

impl Operation {
    pub(crate) const ALL: [Self; 5] = [
        Self::ExchangeAuthCode,
        Self::CreateAuthCode,
        Self::CurrentKey,
        Self::ExchangeToken,
        Self::SigningKeys,
    ];
    /// The operations that are not idempotent. They are not sent again if the first request may have arrived.
    pub(crate) const NON_IDEMPOTENT: [Self; 2] = [Self::ExchangeAuthCode, Self::CreateAuthCode];
    /// The other operations.
    pub(crate) const IDEMPOTENT: [Self; 3] = [Self::CurrentKey, Self::ExchangeToken, Self::SigningKeys];

    pub(crate) async fn call(self, client: &Client) -> Result<(), Error> {
        match self {
            Self::ExchangeAuthCode => client.exchange_auth_code(exchange()).await.map(drop),
            Self::CreateAuthCode => client.create_auth_code(create()).await.map(drop),
            Self::CurrentKey => client.current_key().await.map(drop),
            Self::ExchangeToken => client.exchange_token(token()).await.map(drop),
            Self::SigningKeys => client.signing_keys().await.map(drop),
        }
    }

    pub(crate) fn call_blocking(self, client: &blocking::Client) -> Result<(), Error> {
        match self {
            Self::ExchangeAuthCode => client.exchange_auth_code(exchange()).send().map(drop),
            Self::CreateAuthCode => client.create_auth_code(create()).send().map(drop),
            Self::CurrentKey => client.current_key().send().map(drop),
            Self::ExchangeToken => client.exchange_token(token()).send().map(drop),
            Self::SigningKeys => client.signing_keys().send().map(drop),
        }
    }

    /// Returns the body of a successful response.
    pub(crate) fn success(self) -> &'static str {
        match self {
            Self::ExchangeAuthCode => GRANT,
            Self::CreateAuthCode => {
                r#"{"data":{"id":"auth_code_xyz789","app_id":12345,"created_at":"2025-08-24T10:30:00Z"}}"#
            }
            Self::CurrentKey => r#"{"data":{"label":"sk-or-v1-au7...890"}}"#,
            Self::ExchangeToken => {
                r#"{"access_token":"a.b.c","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer"}"#
            }
            Self::SigningKeys => r#"{"keys":[]}"#,
        }
    }
}

/// Names an error by its variant, the reason of its rejection, and whether a retry may help.
pub(crate) fn describe(error: &Error) -> String {
    let variant = match error {
        Error::Invalid(invalid) => format!("Invalid({})", invalid.what()),
        Error::MissingKey => "MissingKey".into(),
        Error::KeySource(_) => "KeySource".into(),
        Error::Randomness(_) => "Randomness".into(),
        Error::Callback(callback) => format!("Callback({callback:?})"),
        Error::OriginMismatch { .. } => "OriginMismatch".into(),
        Error::Spent(reason) => format!("Spent({reason:?})"),
        Error::NotSent(_) => "NotSent".into(),
        Error::ProxyAuthRequired(_) => "ProxyAuthRequired".into(),
        Error::Tls(_) => "Tls".into(),
        Error::Api(_) => "Api".into(),
        Error::RateLimited { .. } => "RateLimited".into(),
        Error::ServiceUnavailable { .. } => "ServiceUnavailable".into(),
        Error::UnexpectedRedirect { same_origin, .. } => format!("UnexpectedRedirect({same_origin})"),
        Error::NoResponse(error) => format!("NoResponse({:?})", error.kind()),
        Error::UnexpectedResponse(_) => "UnexpectedResponse".into(),
        Error::OutcomeUnknown(unknown) => format!("OutcomeUnknown({:?})", unknown.reason()),
        other => panic!("this error has no name here: {other:?}"),
    };
    let reason = error.api().map_or(String::new(), |api| format!(" {:?}", api.reason()));
    let retryable = if error.is_retryable() { ", retryable" } else { "" };
    format!("{variant}{reason}{retryable}")
}

/// Checks the one request that was sent, line by line: method and URL, sorted headers, an empty line, the body.
#[track_caller]
pub(crate) fn assert_sent(capture: &Capture, lines: &[&str]) {
    let request = capture.expect_request();
    let mut headers: Vec<String> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let mut sent = vec![format!("{} {}", request.method(), request.uri())];
    sent.extend(headers);
    sent.extend([String::new(), body(&request).to_owned()]);
    assert_eq!(sent, lines);
}

/// Returns the body of a request as text.
pub(crate) fn body(request: &Request<Bytes>) -> &str {
    std::str::from_utf8(request.body()).unwrap()
}

/// Lets other tasks of this thread run until `ready`. Fails after a timeout.
pub(crate) async fn wait_until(mut ready: impl FnMut() -> bool) {
    let start = Instant::now();
    while !ready() {
        assert!(start.elapsed() < Duration::from_secs(20), "the condition never became true");
        tokio::task::yield_now().await;
    }
}

/// Checks that values of a type can cross threads.
pub(crate) fn crosses_threads<T: Debug + Send + Sync + 'static>() {}
