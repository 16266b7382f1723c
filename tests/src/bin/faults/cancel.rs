//! Every future of the SDK, dropped after each of its polls (F50).

use std::{
    error::Error as StdError,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    time::{Duration, Instant},
};

use http::{HeaderMap, StatusCode};
use openrouter_oauth::{
    Attempt, AuthorizationCode, CallbackUrl, Client, CreateAuthCode, Error, ExchangeAuthCode, ExchangeToken,
    FederationPolicyId, Hook, Pkce, SpentReason, SubjectToken,
    transport_hyper::{HyperTransport, TokioTimer},
};
use openrouter_oauth_tests::canary;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    Result,
    case::own_key,
    left::Left,
    table::Table,
    verdict::{Miss, Rule},
};

/// An operation, its answer, and the call of it.
struct Operation {
    name: &'static str,
    body: &'static str,
    call: fn(Client) -> Calling,
}

type Calling = Pin<Box<dyn Future<Output = std::result::Result<(), Error>> + Send>>;

/// More polls than any call takes.
const MOST: usize = 1_000;

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let begun = Instant::now();
    let (mut cases, mut misses) = (0, Vec::new());
    let before = Left::now()?;
    for operation in OPERATIONS {
        let stage = Stage::open(operation.body).await?;
        for polls in 0..MOST {
            let told = Told::default();
            let done = after(polls, (operation.call)(stage.client(&told)?)).await;
            cases += 1;
            misses.extend(told.judge(polls, done.is_some()).map(|text| miss(operation.name, polls, &text)));
            match done {
                Some(Ok(())) => break,
                Some(Err(error)) => misses.push(miss(operation.name, polls, &format!("{error:?}"))),
                None => {}
            }
        }
    }
    cases += pending(&mut misses).await?;
    if let Some(left) = before.settle().await? {
        misses.push(Miss { rule: Rule::Left, text: left });
    }
    table.part("dropped after each poll", cases, "", misses, begun.elapsed());
    Ok(())
}

/// A transaction whose exchange was dropped in flight is spent, and one whose exchange never ran is not.
async fn pending(misses: &mut Vec<Miss>) -> Result<usize> {
    let stage = Stage::open(GRANT).await?;
    let code = AuthorizationCode::parse(canary::CODE)?;
    for polls in 0..MOST {
        let told = Told::default();
        let client = stage.client(&told)?;
        let callback = CallbackUrl::parse("https://app.example/callback")?;
        let (_, mut pending) = client.authorize(callback).begin()?;
        let done = after(polls, pending.exchange(&client, &code)).await.map(|result| result.is_ok());
        let again = after(MOST, pending.exchange(&client, &code)).await;
        let is_right = match (done, &again) {
            (Some(true), Some(Err(Error::Spent(SpentReason::Exchanged)))) => true,
            (None, Some(Err(Error::Spent(SpentReason::Abandoned)))) => polls > 0,
            (None, Some(Ok(_))) => polls == 0,
            _ => false,
        };
        if !is_right {
            misses.push(miss("Pending::exchange", polls, &format!("{done:?}, then {again:?}")));
        }
        if polls > 0 {
            misses.extend(
                told.judge(polls, done.is_some()).map(|text| miss("Pending::exchange", polls, &text)),
            );
        }
        if done.is_some() {
            return Ok(polls + 1);
        }
    }
    Err("an exchange did not end".into())
}

fn miss(name: &str, polls: usize, text: &str) -> Miss {
    Miss { rule: Rule::Dropped, text: format!("{name} after {polls} polls: {text}") }
}

/// Polls a future so often at most, and drops it. None if it was not over.
async fn after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
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

const OPERATIONS: [Operation; 5] = [
    Operation {
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
    Operation {
        name: "create_auth_code",
        body: r#"{"data":{"id":"auth_code_0123456789abcdef","app_id":1,"created_at":"2026-11-23T10:00:00Z"}}"#,
        call: |client| {
            Box::pin(async move {
                let callback = CallbackUrl::parse("https://app.example/callback")?;
                client.create_auth_code(CreateAuthCode::new(callback)).await.map(drop)
            })
        },
    },
    Operation {
        name: "current_key",
        body: r#"{"data":{"label":"a key"}}"#,
        call: |client| Box::pin(async move { client.current_key().await.map(drop) }),
    },
    Operation {
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
    Operation {
        name: "signing_keys",
        body: r#"{"keys":[]}"#,
        call: |client| Box::pin(async move { client.signing_keys().await.map(drop) }),
    },
];

/// A server that gives every answer in small pieces, so that a call is polled often.
struct Stage {
    base_url: String,
    transport: HyperTransport,
    _serving: JoinSet<()>,
}

impl Stage {
    async fn open(body: &'static str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}/api/v1", listener.local_addr()?);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                connections.spawn(dribble(tcp, body));
            }
        });
        let transport = HyperTransport::builder().idle_timeout(Duration::ZERO).build()?;
        Ok(Self { base_url, transport, _serving: serving })
    }

    fn client(&self, told: &Told) -> Result<Client> {
        let builder = Client::builder().base_url(self.base_url.as_str()).transport(self.transport.clone());
        Ok(builder.timer(TokioTimer::default()).api_key(own_key()?).hook(told.clone()).build()?)
    }
}

async fn dribble(mut tcp: TcpStream, body: &str) {
    let _late = tcp.set_nodelay(true);
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    if tcp.read(&mut [0; 4096]).await.is_ok() {
        for piece in answer.as_bytes().chunks(8) {
            if tcp.write_all(piece).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Until the client has gone.
        let _gone = tcp.read(&mut [0]).await;
    }
}

/// What a hook was told.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    begun: AtomicUsize,
    ended: AtomicUsize,
    abandoned: AtomicUsize,
}

impl Told {
    /// What is wrong with it, after so many polls.
    fn judge(&self, polls: usize, is_done: bool) -> Option<String> {
        let counts = [&self.0.begun, &self.0.ended, &self.0.abandoned].map(|count| count.load(SeqCst));
        let right = match (polls, is_done) {
            (0, _) => [0, 0, 0],
            (_, true) => [1, 1, 0],
            (_, false) => [1, 0, 1],
        };
        (counts != right).then(|| format!("begun, ended and abandoned are {counts:?} in place of {right:?}"))
    }
}

impl Hook for Told {
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
