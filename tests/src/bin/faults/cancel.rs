//! Drops every future of the SDK after each of its polls.

// F50

use std::{
    error::Error as StdError,
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use http::{HeaderMap, StatusCode};
use openrouter_oauth::{
    Attempt, AuthorizationCode, CallbackUrl, Client, CreateAuthCode, Error, ExchangeAuthCode, ExchangeToken,
    FederationPolicyId, Hook, Pkce, SubjectToken,
    transport_hyper::{HyperTransport, TokioTimer},
};
use openrouter_oauth_tests::{Result, canary};
use openrouter_oauth_transport_contract::{RunScript, Scheme, ScriptedConnection, ScriptedServer};

use crate::{
    operation::own_key,
    resources::Resources,
    table::Table,
    verdict::{Rule, Violation},
};

/// An operation: the body of its response, and its call.
struct OperationCall {
    name: &'static str,
    body: &'static str,
    call: fn(Client) -> CallFuture,
}

type CallFuture = Pin<Box<dyn Future<Output = std::result::Result<(), Error>> + Send>>;

/// More polls than any call needs.
const MAX_POLLS: usize = 1_000;

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let start = Instant::now();
    let (mut cases, mut violations) = (0, Vec::new());
    let before = Resources::now()?;
    for operation in OPERATIONS {
        let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, move |peer, _| {
            trickle_response(peer, operation.body)
        })?;
        let transport = HyperTransport::builder().idle_timeout(Duration::ZERO).build()?;
        for polls in 0..MAX_POLLS {
            let hook = CountingHook::default();
            let done = poll_at_most(polls, (operation.call)(client(&server, &transport, &hook)?)).await;
            cases += 1;
            violations.extend(
                hook.check(polls, done.is_some()).map(|text| violation(operation.name, polls, &text)),
            );
            match done {
                Some(Ok(())) => break,
                Some(Err(error)) => violations.push(violation(operation.name, polls, &format!("{error:?}"))),
                None => {}
            }
        }
    }
    if let Some(leak) = before.settle().await? {
        violations.push(Violation { rule: Rule::Leak, text: leak });
    }
    table.add_part("dropped after each poll", cases, "", violations, start.elapsed());
    Ok(())
}

fn violation(name: &str, polls: usize, text: &str) -> Violation {
    Violation { rule: Rule::HookCounts, text: format!("{name} after {polls} polls: {text}") }
}

/// Polls a future at most this often, then drops it. Returns its output if it was ready.
async fn poll_at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    if polls == 0 {
        return None;
    }
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polled == polls => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

const GRANT: &str = r#"{"key":"sk-or-v1-0123456789abcdef","user_id":"user_1"}"#;

const OPERATIONS: [OperationCall; 5] = [
    OperationCall {
        name: "exchange_auth_code",
        body: GRANT,
        call: |client| {
            Box::pin(async move {
                let (verifier, _) = Pkce::generate()?.into_parts();
                let code = AuthorizationCode::parse(canary::CODE)?;
                let request = ExchangeAuthCode::new(code).pkce(verifier, Pkce::METHOD);
                client.exchange_auth_code(request).await.map(drop)
            })
        },
    },
    OperationCall {
        name: "create_auth_code",
        body: r#"{"data":{"id":"auth_code_0123456789abcdef","app_id":1,"created_at":"2026-11-23T10:00:00Z"}}"#,
        call: |client| {
            Box::pin(async move {
                let callback = CallbackUrl::parse("https://app.example/callback")?;
                client.create_auth_code(CreateAuthCode::new(callback)).await.map(drop)
            })
        },
    },
    OperationCall {
        name: "current_key",
        body: r#"{"data":{"label":"a key"}}"#,
        call: |client| Box::pin(async move { client.current_key().await.map(drop) }),
    },
    OperationCall {
        name: "exchange_token",
        body: r#"{"access_token":"a","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer"}"#,
        call: |client| {
            Box::pin(async move {
                let policy = FederationPolicyId::parse("0f8fad5b-d9cb-469f-a165-70867728950e")?;
                let request = ExchangeToken::new(policy, SubjectToken::parse(canary::TOKEN)?);
                client.exchange_token(request).await.map(drop)
            })
        },
    },
    OperationCall {
        name: "signing_keys",
        body: r#"{"keys":[]}"#,
        call: |client| Box::pin(async move { client.signing_keys().await.map(drop) }),
    },
];

fn client(server: &ScriptedServer, transport: &HyperTransport, hook: &CountingHook) -> Result<Client> {
    let builder = Client::builder().base_url(server.url("/api/v1")).transport(transport.clone());
    Ok(builder.timer(TokioTimer::default()).api_key(own_key()?).hook(hook.clone()).build()?)
}

/// Sends a response in small pieces, so that the call is polled often.
fn trickle_response(peer: &mut ScriptedConnection, body: &str) -> io::Result<()> {
    let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for piece in response.as_bytes().chunks(8) {
        peer.send(piece)?;
        thread::sleep(Duration::from_millis(1));
    }
    peer.wait_for_close()
}

/// Counts what the SDK reports to a hook.
#[derive(Clone, Debug, Default)]
struct CountingHook(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    begun: AtomicUsize,
    ended: AtomicUsize,
    abandoned: AtomicUsize,
}

impl CountingHook {
    /// Compares the counts with those expected after this many polls, and describes a difference.
    fn check(&self, polls: usize, is_done: bool) -> Option<String> {
        let counts = [&self.0.begun, &self.0.ended, &self.0.abandoned].map(|count| count.load(SeqCst));
        let expected = match (polls, is_done) {
            (0, _) => [0, 0, 0],
            (_, true) => [1, 1, 0],
            (_, false) => [1, 0, 1],
        };
        (counts != expected)
            .then(|| format!("begun, ended and abandoned are {counts:?} instead of {expected:?}"))
    }
}

impl Hook for CountingHook {
    fn before_attempt(
        &self,
        _: &Attempt,
        _: &mut HeaderMap,
    ) -> std::result::Result<(), openrouter_oauth::transport::BoxError> {
        self.0.begun.fetch_add(1, SeqCst);
        Ok(())
    }

    fn after_response(&self, _: &Attempt, _: StatusCode, _: &HeaderMap) {
        self.0.ended.fetch_add(1, SeqCst);
    }

    fn after_error(&self, _: &Attempt, _: &(dyn StdError + 'static)) {
        self.0.ended.fetch_add(1, SeqCst);
    }

    fn abandoned(&self, _: &Attempt) {
        self.0.abandoned.fetch_add(1, SeqCst);
    }
}
