//! What the tests share: clients, requests, and a table of refusals.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use openrouter_oauth::{
    ApiKey, Attribution, AuthorizationCode, CallbackUrl, Client, ClientBuilder, CodeChallengeMethod,
    CreateAuthCode, Error, ExchangeAuthCode, ExchangeToken, FederationPolicyId, Retry,
    models::{CodeVerifier, SubjectToken},
};
use openrouter_oauth_tests::{
    canary,
    server::{Server, Step},
};
use openrouter_oauth_transport::testing::ManualTimer;

/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The challenge of [`VERIFIER`].
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What a client calls itself.
pub(crate) const USER_AGENT: &str = concat!("user-agent: openrouter-oauth-rust/", env!("CARGO_PKG_VERSION"));
/// What that of [`attributed`] calls itself.
pub(crate) const USER_AGENT_OF_APP: &str =
    concat!("user-agent: my-app/1.2 openrouter-oauth-rust/", env!("CARGO_PKG_VERSION"));

/// A success of an exchange.
pub(crate) const GRANT: &str = r#"{"key":"sk-or-v1-0e6f","user_id":"user_2yOP"}"#;

/// A client of `server` with a key, which tries again at once.
pub(crate) fn client(server: &Server) -> Client {
    builder().base_url(server.base_url()).build().unwrap()
}

/// A client with a key, which tries again at once.
pub(crate) fn builder() -> ClientBuilder {
    let moment = Duration::from_millis(1);
    Client::builder().api_key(key()).retry(Retry::default().initial(moment).maximum(moment))
}

/// A client that says which app it is.
pub(crate) fn attributed(server: &Server) -> Client {
    let attribution = Attribution::new("https://my.app").title("My app");
    let attribution = attribution.categories(["cli-agent", "ide-extension"]);
    let builder = builder().base_url(server.base_url()).attribution(attribution);
    builder.user_agent("my-app/1.2").build().unwrap()
}

pub(crate) fn key() -> ApiKey {
    ApiKey::parse(canary::KEY).unwrap()
}

pub(crate) fn code() -> AuthorizationCode {
    AuthorizationCode::parse(canary::CODE).unwrap()
}

/// An exchange whose code and verifier are canaries.
pub(crate) fn exchange() -> ExchangeAuthCode {
    let verifier = CodeVerifier::parse(canary::VERIFIER).unwrap();
    ExchangeAuthCode::new(code()).pkce(verifier, CodeChallengeMethod::S256)
}

pub(crate) fn create() -> CreateAuthCode {
    CreateAuthCode::new(CallbackUrl::parse("https://my.app/callback").unwrap())
}

/// An exchange whose token is a canary.
pub(crate) fn token() -> ExchangeToken {
    ExchangeToken::new(
        FederationPolicyId::parse("policy_1").unwrap(),
        SubjectToken::parse(canary::TOKEN).unwrap(),
    )
}

/// The five operations, with what they return left out.
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
    /// Those that make something, and so are never sent again if they may have arrived.
    pub(crate) const MAKING: [Self; 2] = [Self::ExchangeAuthCode, Self::CreateAuthCode];
    /// The others.
    pub(crate) const READING: [Self; 3] = [Self::CurrentKey, Self::ExchangeToken, Self::SigningKeys];

    pub(crate) async fn call(self, client: &Client) -> Result<(), Error> {
        match self {
            Self::ExchangeAuthCode => client.exchange_auth_code(exchange()).await.map(drop),
            Self::CreateAuthCode => client.create_auth_code(create()).await.map(drop),
            Self::CurrentKey => client.current_key().await.map(drop),
            Self::ExchangeToken => client.exchange_token(token()).await.map(drop),
            Self::SigningKeys => client.signing_keys().await.map(drop),
        }
    }

    /// A success of it.
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

/// The shapes that the body of a refusal comes in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    /// OpenRouter's own.
    Nested,
    /// RFC 6749, section 5.2.
    OAuth,
    Zod,
    Text,
    /// Of whatever stands in front of the service.
    Html,
    Empty,
    /// JSON that ends early.
    Torn,
}

/// Every shape.
pub(crate) const ANY: &[Shape] =
    &[Shape::Nested, Shape::OAuth, Shape::Zod, Shape::Text, Shape::Html, Shape::Empty, Shape::Torn];

impl Shape {
    fn answer(self, status: u16) -> (Step, String) {
        let nested = format!(r#"{{"error":{{"code":{status},"message":"No, thank you"}}}}"#);
        let (content_type, body) = match self {
            Self::Nested => ("application/json", nested),
            Self::OAuth => {
                ("application/json", r#"{"error":"invalid_request","error_description":"No."}"#.into())
            }
            Self::Zod => (
                "application/json; charset=utf-8",
                r#"{"success":false,"error":{"name":"ZodError","message":"[]"}}"#.into(),
            ),
            Self::Text => ("text/plain", "Malformed JSON in request body".into()),
            Self::Html => (
                "text/html; charset=UTF-8",
                format!("<!DOCTYPE html><title>{status}</title>{}", "<p>cloudflare".repeat(400)),
            ),
            Self::Empty => ("text/plain", String::new()),
            Self::Torn => ("application/json", nested[..nested.len() / 2].into()),
        };
        (Step::typed(status, content_type, &body), body)
    }
}

/// Statuses, shapes, the error that is made of them, and how many requests it takes.
pub(crate) type Refusals<'a> = (&'a [u16], &'a [Shape], &'a str, usize);

/// Holds an operation against a table of refusals, each over a socket of its own.
pub(crate) async fn check_refusals(operation: Operation, table: &[Refusals<'_>]) {
    for &(statuses, shapes, expected, requests) in table {
        for &status in statuses {
            for &shape in shapes {
                check_refusal(operation, status, shape, expected, requests).await;
            }
        }
    }
}

async fn check_refusal(operation: Operation, status: u16, shape: Shape, expected: &str, requests: usize) {
    let case = format!("{operation:?} {status} {shape:?}");
    let (step, body) = shape.answer(status);
    let server = Server::start([step]).await;
    let error = operation.call(&client(&server)).await.unwrap_err();
    assert_eq!(describe(&error), expected, "{case}");
    assert_eq!(server.requests().len(), requests, "{case}");

    let api = error.api().unwrap_or_else(|| panic!("{case}: {error:?}"));
    assert_eq!(api.status().as_u16(), status, "{case}");
    assert_eq!(api.raw_body(), body.as_bytes(), "{case}");
    assert!(error.may_have_been_sent(), "{case}");
    let unknown = matches!(error, Error::OutcomeUnknown(_));
    assert_eq!(error.is_outcome_unknown(), unknown, "{case}");
    let shown = canary::everything(&error);
    assert!(!shown.contains("cloudflare"), "{case}: {shown}");
}

/// Holds an operation against the words of refusals: status, JSON, and the error that is made of them.
pub(crate) async fn check_words(operation: Operation, table: &[(u16, &str, &str)]) {
    for &(status, body, expected) in table {
        let server = Server::start([Step::json(status, body)]).await;
        let error = operation.call(&client(&server)).await.unwrap_err();
        assert_eq!(describe(&error), expected, "{status} {body}");
    }
}

/// An error in a word or two: its variant, what the server meant, and whether trying again may help.
pub(crate) fn describe(error: &Error) -> String {
    let variant = match error {
        Error::Invalid(invalid) => format!("Invalid({})", invalid.what()),
        Error::MissingKey => "MissingKey".into(),
        Error::KeySource(_) => "KeySource".into(),
        Error::Randomness(_) => "Randomness".into(),
        Error::Callback(callback) => format!("Callback({callback:?})"),
        Error::OtherService { .. } => "OtherService".into(),
        Error::Spent(reason) => format!("Spent({reason:?})"),
        Error::NotSent(_) => "NotSent".into(),
        Error::ProxyAuthRequired(_) => "ProxyAuthRequired".into(),
        Error::Tls(_) => "Tls".into(),
        Error::Api(_) => "Api".into(),
        Error::RateLimited { .. } => "RateLimited".into(),
        Error::ServiceUnavailable { .. } => "ServiceUnavailable".into(),
        Error::UnexpectedRedirect { same_origin, .. } => format!("UnexpectedRedirect({same_origin})"),
        Error::OutcomeUnknown(unknown) => format!("OutcomeUnknown({:?})", unknown.reason()),
        other => panic!("an error without a name here: {other:?}"),
    };
    let reason = error.api().map_or(String::new(), |api| format!(" {:?}", api.reason()));
    let retryable = if error.is_retryable() { ", retryable" } else { "" };
    format!("{variant}{reason}{retryable}")
}

/// Checks a request line by line: method and path, sorted headers, an empty line, the body.
#[track_caller]
pub(crate) fn assert_sent(server: &Server, lines: &[&str]) {
    assert_eq!(server.request().lines(), lines);
}

/// Calls `operation` on a server that leaves it without an answer, and lets its deadline pass once the request is there.
pub(crate) async fn call_in_silence(operation: Operation, server: &Server) -> Error {
    let timer = ManualTimer::new();
    let client = builder().base_url(server.base_url()).timer(timer.clone()).build().unwrap();
    let clock = async {
        until(|| !server.requests().is_empty()).await;
        timer.advance(Duration::from_secs(30));
    };
    tokio::join!(operation.call(&client), clock).0.unwrap_err()
}

/// Waits until `ready`, giving way to whatever else runs on this thread, and not for ever.
pub(crate) async fn until(mut ready: impl FnMut() -> bool) {
    let start = Instant::now();
    while !ready() {
        assert!(start.elapsed() < Duration::from_secs(20), "it did not come to that");
        tokio::task::yield_now().await;
    }
}

/// Checks that a value is of a kind that crosses threads.
pub(crate) fn crosses_threads<T: Debug + Send + Sync + 'static>() {}
