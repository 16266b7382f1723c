//! The outcome of each response in `fixtures/responses.jsonl`, over a real socket: responses of OpenRouter, gateways,
//! firewalls, and networks' sign-in pages.

use std::{collections::BTreeSet, error::Error as _, fmt::Write as _, fs};

use openrouter_oauth::{
    AuthorizationCode, Client, ClientBuilder, Error, HeadlessSignIn, PendingSignIn, Retry, UnknownReason,
    models::ApiError,
};
use openrouter_oauth_tests::{base64url, canary};
use openrouter_oauth_transport::{self as transport, ErrorKind, from_fn, testing::ManualTimer};
use openrouter_oauth_transport_contract::{
    RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::support::{GRANT, Operation, create, describe, key, token};

/// The code of every exchange. Some of the responses contain it.
const CODE: &str = "auth_code_abc123";

/// The statuses of final responses.
const FIRST_STATUS: usize = 200;
const LAST_STATUS: usize = 599;

/// The label of the key of every exchange.
const LABEL: &str = "my-cli on my-host";

/// A line of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    operation: String,
    status: u16,
    /// Values are strings. A `content-length` replaces the real one.
    headers: Map<String, Value>,
    /// The body as text, or in base64url without padding.
    #[serde(default)]
    body: String,
    #[serde(default)]
    base64url: String,
    expected: Outcome,
    why: String,
}

/// The outcome of a call. Nothing is left out: a predicate that is not listed is false, and a missing value is absent.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Outcome {
    /// `Ok`, or the variant of the error with its reason and the reason of the rejection.
    result: String,
    /// The predicates that are true.
    is: BTreeSet<String>,
    /// The value, as JSON.
    value: Value,
    /// Parts of the messages of the error and its causes.
    shows: Vec<String>,
    /// The server's message.
    message: String,
    request_id: Option<String>,
    /// In seconds.
    retry_after: Option<u64>,
    /// Whether `OutcomeUnknown::expose_body` returns the body.
    keeps_body: bool,
}

impl Case {
    fn all() -> Vec<Self> {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/responses.jsonl");
        let read = |(number, line)| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("line {}: {error}", number + 1))
        };
        fs::read_to_string(file).unwrap().lines().enumerate().map(read).collect()
    }

    fn body(&self) -> Vec<u8> {
        let encoded = base64url::decode(&self.base64url);
        [self.body.as_bytes(), &encoded].concat()
    }

    /// Returns the response as an HTTP/1.1 message.
    fn response(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} \r\nconnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            write!(head, "{name}: {}\r\n", value.as_str().unwrap()).unwrap();
        }
        if !self.headers.contains_key("content-length") && self.status != 204 {
            write!(head, "content-length: {}\r\n", self.body().len()).unwrap();
        }
        [head.as_bytes(), b"\r\n", &self.body()].concat()
    }

    /// Sends the request, and compares the outcome with the expected one.
    async fn check(&self) {
        let Self { id, .. } = self;
        let server = responding([self.response()]);
        let client = client(&server.url("/api/v1"));
        let mut sign_in = begin(&client);
        let (result, is_fresh) = match self.operation.as_str() {
            "exchange" => {
                let exchanged = json(sign_in.exchange(&client, &code()).await);
                (exchanged, sign_in.is_fresh())
            }
            "create" => (json(client.create_auth_code(create()).await), false),
            "key" => (json(client.current_key().await), false),
            "token" => (json(client.exchange_token(token()).await), false),
            "jwks" => (json(client.signing_keys().await), false),
            other => panic!("{id}: {other} is not an operation"),
        };
        self.check_result(&server, &result, is_fresh);
    }

    /// Like [`check`](Self::check), with calls that block, through ureq.
    fn check_blocking(&self) {
        let server = responding([self.response()]);
        let client = builder(&server.url("/api/v1")).build_blocking().unwrap();
        let mut sign_in = client.authorize_headless().key_label(LABEL).begin().unwrap().1;
        let (result, is_fresh) = match self.operation.as_str() {
            "exchange" => {
                let exchanged = json(sign_in.exchange_blocking(&client, &code()));
                (exchanged, sign_in.is_fresh())
            }
            "create" => (json(client.create_auth_code(create()).send()), false),
            "key" => (json(client.current_key().send()), false),
            "token" => (json(client.exchange_token(token()).send()), false),
            _ => (json(client.signing_keys().send()), false),
        };
        self.check_result(&server, &result, is_fresh);
    }

    fn check_result(&self, server: &ScriptedServer, result: &Result<Value, Error>, is_fresh: bool) {
        let Self { id, .. } = self;
        assert_eq!(server.requests().len(), 1, "{id}: one request is sent");

        let mut outcome = match result {
            Ok(value) => Outcome { result: "Ok".into(), value: value.clone(), ..Outcome::default() },
            Err(error) => self.outcome(error),
        };
        if is_fresh {
            outcome.is.insert("fresh".into());
        }
        let messages = result.as_ref().err().map(chain);
        assert_eq!(outcome, self.expected, "{id}: {messages:?}");
        if let Err(error) = result {
            let sent = server.requests()[0].body.clone();
            self.check_error(error, is_fresh, &String::from_utf8_lossy(&sent));
        }
    }

    /// Returns the outcome of a call that failed.
    fn outcome(&self, error: &Error) -> Outcome {
        let body = self.body();
        let shown = chain(error);
        let is = [
            ("retryable", error.is_retryable()),
            ("unauthorized", error.is_unauthorized()),
            ("rejected_code", error.is_rejected_code()),
            ("expired_code", error.is_expired_code()),
            ("outcome_unknown", error.is_outcome_unknown()),
            ("may_have_acted", error.may_have_acted()),
        ];
        let (request_id, exposed) = match error {
            Error::OutcomeUnknown(unknown) => (unknown.request_id().cloned(), unknown.expose_body()),
            Error::UnexpectedResponse(unexpected) => (unexpected.request_id(), &[][..]),
            _ => (error.api().and_then(ApiError::request_id), &[][..]),
        };
        let retry_after = match error {
            Error::RateLimited { retry_after, .. } | Error::ServiceUnavailable { retry_after, .. } => {
                *retry_after
            }
            _ => None,
        };
        let described = describe(error);
        Outcome {
            result: described.strip_suffix(", retryable").unwrap_or(&described).to_owned(),
            is: is.into_iter().filter(|(_, is)| *is).map(|(name, _)| name.to_owned()).collect(),
            value: Value::Null,
            shows: self.expected.shows.iter().filter(|part| shown.contains(*part)).cloned().collect(),
            message: error.api().map_or(String::new(), |api| api.message().to_string()),
            request_id: request_id.map(|id| id.to_string()),
            retry_after: retry_after.map(|wait| wait.as_secs()),
            keeps_body: !exposed.is_empty() && exposed == &body[..body.len().min(16 * 1024)],
        }
    }

    /// Checks the rules that hold for every error.
    fn check_error(&self, error: &Error, is_fresh: bool, sent: &str) {
        let Self { id, operation, .. } = self;
        let shown = chain(error);

        let mut secrets = vec![CODE, canary::KEY, canary::TOKEN, canary::BODY];
        let sent: Value = serde_json::from_str(sent).unwrap_or_default();
        secrets.extend(sent["code_verifier"].as_str());
        let mut printed = canary::everything(error);
        if let Some(api) = error.api() {
            write!(printed, "{:?} {:?}", api.metadata(), api.envelope()).unwrap();
            if let Some(envelope) = api.envelope() {
                printed += &serde_json::to_string(envelope).unwrap();
            }
        }
        for secret in secrets {
            assert!(!printed.contains(secret), "{id}: {secret} is in {printed}");
        }

        let is_openrouters = error.api().is_some_and(ApiError::is_from_openrouter);
        if error.is_unauthorized() || error.is_rejected_code() || error.is_expired_code() {
            assert!(is_openrouters, "{id}: only OpenRouter judges a key or a code");
        }
        if operation == "exchange" {
            let is_unknown = error.is_outcome_unknown();
            let says_so = shown.contains("may have been created");
            assert_eq!(
                says_so,
                error.may_have_acted(),
                "{id}: the message is wrong about whether a key may exist: {shown}"
            );
            assert_ne!(is_fresh, is_unknown, "{id}: only an unknown outcome spends the sign-in");
            assert_eq!(shown.contains(LABEL), is_unknown, "{id}: the label helps to find the key: {shown}");
        }
        if ["exchange", "create"].contains(&operation.as_str()) {
            let proves = is_openrouters || [429, 503].contains(&self.status);
            assert!(error.may_have_acted() || proves, "{id}: nothing proves that OpenRouter did not act");
        } else {
            assert!(!error.is_outcome_unknown() && !error.may_have_acted(), "{id}: a read changes nothing");
        }
        if error.is_outcome_unknown() {
            assert!(!error.is_retryable(), "{id}: a retry could create a second key");
        }
    }
}

fn json(result: Result<impl Serialize, Error>) -> Result<Value, Error> {
    result.map(|value| serde_json::to_value(value).unwrap())
}

/// Returns the messages of an error and its causes.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        write!(text, ": {cause}").unwrap();
        next = cause.source();
    }
    text
}

fn builder(base_url: &str) -> ClientBuilder {
    Client::builder().api_key(key()).base_url(base_url).retry(Retry::none())
}

fn client(base_url: &str) -> Client {
    builder(base_url).build().unwrap()
}

fn begin(client: &Client) -> HeadlessSignIn {
    client.authorize_headless().key_label(LABEL).begin().unwrap().1
}

fn code() -> AuthorizationCode {
    AuthorizationCode::parse(CODE).unwrap()
}

/// Starts a server that sends the responses in this order, and closes the connection after each.
fn responding<const N: usize>(responses: [Vec<u8>; N]) -> ScriptedServer {
    let script = move |peer: &mut ScriptedConnection, number: usize| {
        if let Some(response) = responses.get(number) {
            peer.send(response)?;
        }
        close_connection()
    };
    ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, script).unwrap()
}

#[tokio::test]
async fn each_response_has_its_outcome() {
    // A1, A2, A3, A11, A15
    let mut failed = Vec::new();
    for case in Case::all() {
        let id = case.id.clone();
        if tokio::spawn(async move { case.check().await }).await.is_err() {
            failed.push(id);
        }
    }
    assert!(failed.is_empty(), "these lines of responses.jsonl fail, as shown above: {failed:?}");
}

#[test]
fn each_response_has_the_same_outcome_without_async() {
    let mut failed = Vec::new();
    for case in Case::all() {
        let id = case.id.clone();
        if std::thread::spawn(move || case.check_blocking()).join().is_err() {
            failed.push(id);
        }
    }
    assert!(failed.is_empty(), "these lines of responses.jsonl fail, as shown above: {failed:?}");
}

#[tokio::test]
async fn every_status_of_every_operation_has_the_same_outcome_without_async() {
    for operation in Operation::ALL {
        // One for the client on hyper, and one for the client on ureq.
        let respond = move |peer: &mut ScriptedConnection, number: usize| {
            let status = FIRST_STATUS + number / 2;
            let body = match status {
                204 | 304 => "",
                ..300 => operation.success(),
                300.. => r#"{"error":{"message":"No, thank you"}}"#,
            };
            let head =
                format!("HTTP/1.1 {status} \r\nconnection: close\r\ncontent-type: application/json\r\n");
            peer.send(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())?;
            close_connection()
        };
        let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, respond).unwrap();
        let url = server.url("/api/v1");
        let (client, blocking) = (client(&url), builder(&url).build_blocking().unwrap());
        let mut outcomes = BTreeSet::new();
        for status in FIRST_STATUS..=LAST_STATUS {
            let awaited = operation.call(&client).await.map_err(|error| describe(&error));
            let blocked = operation.call_blocking(&blocking).map_err(|error| describe(&error));
            assert_eq!(blocked, awaited, "{operation:?} {status}");
            outcomes.insert(blocked);
        }
        assert!(outcomes.contains(&Ok(())) && outcomes.len() > 5, "{operation:?}: {outcomes:?}");
    }
}

#[test]
fn every_line_has_an_id_and_a_reason() {
    let cases = Case::all();
    let ids: BTreeSet<_> = cases.iter().map(|case| &case.id).collect();
    assert_eq!(ids.len(), cases.len(), "two lines have the same ID");
    for Case { id, operation, why, .. } in &cases {
        assert!(id.starts_with(&format!("{operation}-")) || id.starts_with("error-"), "{id}");
        assert!(!why.is_empty(), "{id}");
    }
    for operation in ["exchange", "create", "key", "token", "jwks"] {
        assert!(cases.iter().any(|case| case.operation == operation), "{operation}");
    }
}

/// OpenRouter's rejection of a code that is unknown or used.
const REJECTION: &str = r#"{"error":{"message":"Invalid code","code":403}}"#;

fn http(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} \r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Responses that leave the sign-in fresh, although they may hide that OpenRouter created a key.
fn foreign() -> [Vec<u8>; 6] {
    [
        http(403, "content-type: text/html\r\n", "<title>Just a moment...</title>"),
        http(401, "content-type: application/json\r\n", r#"{"message":"Unauthorized"}"#),
        http(404, "content-type: text/plain\r\n", "404 page not found"),
        http(400, "content-type: application/json\r\n", r#"{"error":{"message":"#),
        http(302, "location: http://portal.example/login\r\n", ""),
        http(307, "", ""),
    ]
}

/// Checks that OpenRouter's rejection became an unknown outcome, and that the sign-in cannot be used again.
async fn assert_rejected_later(error: Error, sign_in: &mut HeadlessSignIn, client: &Client) {
    assert_eq!(describe(&error), "OutcomeUnknown(RejectedLater) CodeInvalid");
    let Error::OutcomeUnknown(unknown) = &error else { unreachable!() };
    assert_eq!(unknown.reason(), UnknownReason::RejectedLater);
    assert_eq!(unknown.key_label().unwrap().as_str(), LABEL);
    let text = error.to_string();
    assert!(text.contains("; a key labeled \"my-cli on my-host\" may have been created"), "{text}");
    assert_eq!(error.api().unwrap().message().as_str(), "Invalid code");
    assert!(error.may_have_acted() && !error.is_rejected_code() && !error.is_retryable(), "{error}");
    canary::assert_hidden(&canary::everything(&error), &[CODE]);

    assert!(!sign_in.is_fresh());
    let again = sign_in.exchange(client, &code()).await.unwrap_err();
    assert_eq!(describe(&again), "Spent(OutcomeUnknown)");
}

#[tokio::test]
async fn rejection_after_a_foreign_response_is_an_unknown_outcome() {
    // A1
    for first in foreign() {
        let server = responding([first, http(403, "", REJECTION)]);
        let client = client(&server.url("/api/v1"));
        let mut sign_in = begin(&client);
        let error = sign_in.exchange(&client, &code()).await.unwrap_err();
        assert!(error.may_have_acted() && !error.is_outcome_unknown() && sign_in.is_fresh(), "{error}");
        let error = sign_in.exchange(&client, &code()).await.unwrap_err();
        assert_rejected_later(error, &mut sign_in, &client).await;
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn stored_sign_in_remembers_a_foreign_response() {
    for first in foreign() {
        let server = responding([first.clone(), http(403, "", REJECTION)]);
        let client = client(&server.url("/api/v1"));
        let mut sign_in = begin(&client);
        sign_in.exchange(&client, &code()).await.unwrap_err();
        let stored = sign_in.into_secret_json().unwrap();
        let mut restored = HeadlessSignIn::from_secret_json(stored.expose()).unwrap();
        let error = restored.exchange(&client, &code()).await.unwrap_err();
        assert_rejected_later(error, &mut restored, &client).await;
        assert_eq!(server.requests().len(), 2);

        // A sign-in with a callback does, too.
        let server = responding([first, http(403, "", REJECTION)]);
        let client = self::client(&server.url("/api/v1"));
        let (_, mut sign_in) = client.authorize("https://my.app/callback").key_label(LABEL).begin().unwrap();
        sign_in.exchange(&client, &code()).await.unwrap_err();
        let stored = sign_in.into_secret_json().unwrap();
        let mut restored = PendingSignIn::from_secret_json(stored.expose()).unwrap();
        let error = restored.exchange(&client, &code()).await.unwrap_err();
        assert_eq!(describe(&error), "OutcomeUnknown(RejectedLater) CodeInvalid");
        assert!(!restored.is_fresh());
    }
}

#[tokio::test]
async fn exchange_after_a_foreign_response_can_succeed() {
    for first in foreign() {
        let server = responding([first, http(200, "", GRANT)]);
        let client = client(&server.url("/api/v1"));
        let mut sign_in = begin(&client);
        sign_in.exchange(&client, &code()).await.unwrap_err();
        let grant = sign_in.exchange(&client, &code()).await.unwrap();
        assert_eq!(grant.key.expose(), "sk-or-v1-0e6f");
        assert!(!sign_in.is_fresh());
    }
}

#[tokio::test]
async fn doubt_outlasts_requests_that_were_turned_away() {
    for first in foreign() {
        let limited = http(429, "retry-after: 1\r\n", "");
        let server = responding([first, limited, http(403, "", REJECTION)]);
        let online = client(&server.url("/api/v1"));
        let unreachable =
            from_fn(|_, _| async { Err(transport::Error::from(ErrorKind::Connect).not_sent()) });
        let builder = Client::builder().transport(unreachable).timer(ManualTimer::new());
        let offline = builder.base_url(server.url("/api/v1")).retry(Retry::none()).build().unwrap();

        let mut sign_in = begin(&online);
        sign_in.exchange(&online, &code()).await.unwrap_err();
        let error = sign_in.exchange(&offline, &code()).await.unwrap_err();
        assert_eq!(describe(&error), "NotSent, retryable");
        assert!(!error.may_have_acted() && sign_in.is_fresh(), "{error}");
        let error = sign_in.exchange(&online, &code()).await.unwrap_err();
        assert!(matches!(error, Error::RateLimited { .. }) && sign_in.is_fresh(), "{error}");
        let error = sign_in.exchange(&online, &code()).await.unwrap_err();
        assert_rejected_later(error, &mut sign_in, &online).await;
        assert_eq!(server.requests().len(), 3);
    }
}

#[tokio::test]
async fn rejection_alone_leaves_no_doubt() {
    // OpenRouter's own rejections, and statuses that turn a request away, prove that no key was created.
    let unavailable = http(503, "retry-after: 1\r\n", "");
    let server =
        responding([http(403, "", REJECTION), unavailable, http(429, "", ""), http(403, "", REJECTION)]);
    let client = client(&server.url("/api/v1"));
    let mut sign_in = begin(&client);
    for expected in [
        "Api CodeInvalid",
        "ServiceUnavailable NotFromOpenRouter, retryable",
        "RateLimited NotFromOpenRouter, retryable",
        "Api CodeInvalid",
    ] {
        let error = sign_in.exchange(&client, &code()).await.unwrap_err();
        assert_eq!(describe(&error), expected);
        assert!(!error.may_have_acted() && sign_in.is_fresh(), "{error}");
    }
}

#[tokio::test]
async fn unreadable_response_keeps_its_first_16_kib() {
    let body = format!("<p>{}</p>{}", canary::KEY, "x".repeat(20 * 1024));
    let server = responding([http(200, "content-type: text/html\r\n", &body)]);
    let client = client(&server.url("/api/v1"));
    let error = begin(&client).exchange(&client, &code()).await.unwrap_err();
    canary::assert_hidden(&canary::everything(&error), &[canary::KEY, "xxxxxxxx"]);
    let Error::OutcomeUnknown(unknown) = error else { panic!("{error}") };
    assert_eq!(unknown.expose_body(), &body.as_bytes()[..16 * 1024]);
}

#[tokio::test]
async fn response_keeps_its_body_on_request() {
    // With the spelling of the server, and a field that cannot be read.
    let body = format!(r#"{{"data":{{"label":"{}", "usage":"1.50"}}}}"#, canary::BODY);
    let server = responding([http(200, "", &body), http(200, "", &body)]);
    let client = client(&server.url("/api/v1"));
    let response = client.current_key().keep_body().send_with_response().await.unwrap();
    assert_eq!(response.expose_body(), Some(body.as_bytes()));
    assert_eq!(response.value().label.as_deref(), Some(canary::BODY));
    canary::assert_debug_hides(&response, &[&body]);
    let response = client.current_key().send_with_response().await.unwrap();
    assert_eq!(response.expose_body(), None);
}
