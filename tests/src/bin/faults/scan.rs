//! The canary scan: secrets that a server repeats, in what the SDK says of it at every level.

use std::{
    fmt::Write as _,
    io,
    time::{Duration, Instant},
};

use openrouter_oauth::{
    AuthorizationCode, CallbackUrl, Client, CodeVerifier, CreateAuthCode, Error, ExchangeAuthCode,
    ExchangeToken, FederationPolicyId, Pkce, Retry, SubjectToken, TracingHook,
};
use openrouter_oauth_tests::canary;
use openrouter_oauth_transport_contract::{
    ReceivedRequest, RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection,
};

use crate::{
    Result,
    case::{OWN_KEY, own_key},
    cli,
    needles::Needles,
    table::Table,
    traces::Traces,
    verdict::{Miss, Rule},
};

/// All that is secret here.
const SECRETS: [&str; 6] =
    [canary::CODE, canary::VERIFIER, canary::KEY, canary::TOKEN, canary::BODY, OWN_KEY];

/// How the server answers a request, whose whole text it repeats.
#[derive(Clone, Copy, Debug)]
enum Echo {
    /// With this status, as an error's message.
    Status(u16),
    /// With this status, as text that is not JSON.
    Text(u16),
    /// In a redirect.
    Location,
    /// In headers, with this status.
    Header(u16),
    /// As a success, in a field of the wrong type.
    Wrong,
    /// As what is not HTTP.
    Garbage,
    /// Up to the middle of the body.
    Cut,
    /// Not at all.
    Silence,
}

/// One of each kind, and where the kind of status matters, one of each.
const ECHOES: [Echo; 10] = [
    Echo::Status(403),
    Echo::Text(200),
    Echo::Text(502),
    Echo::Location,
    Echo::Header(403),
    Echo::Header(500),
    Echo::Wrong,
    Echo::Garbage,
    Echo::Cut,
    Echo::Silence,
];

const OPERATIONS: [&str; 5] =
    ["exchange_auth_code", "create_auth_code", "current_key", "exchange_token", "signing_keys"];

/// What was said, and under which name.
struct Said {
    name: String,
    text: String,
}

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let begun = Instant::now();
    let mut said = tokio::task::spawn_blocking(by_the_sdk).await??;
    let needles = Needles::new(&SECRETS);
    let mut misses = find(&needles, &said);
    let cases = said.len();
    let bytes: usize = said.iter().map(|said| said.text.len()).sum();
    said.clear();

    let (printed, secrets) = cli::demos().await?;
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let printed: Vec<Said> = printed.into_iter().map(|(name, text)| Said { name, text }).collect();
    misses.extend(find(&Needles::new(&secrets), &printed));
    let printed_bytes: usize = printed.iter().map(|said| said.text.len()).sum();
    let says = format!(
        "{} KiB and {} secrets; by the demo {} KiB and {} secrets",
        bytes / 1024,
        SECRETS.len(),
        printed_bytes / 1024,
        secrets.len()
    );
    table.part("secrets in what is said", cases + printed.len(), &says, misses, begun.elapsed());
    Ok(())
}

fn find(needles: &Needles, said: &[Said]) -> Vec<Miss> {
    let shown = |said: &Said| {
        let form = needles.find(&said.text)?;
        Some(Miss { rule: Rule::Secret, text: format!("{} shows {form}", said.name) })
    };
    said.iter().filter_map(shown).collect()
}

/// Errors, answers and traces of every operation. Traces are those of a thread, so all runs on one.
fn by_the_sdk() -> Result<Vec<Said>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let traces = Traces::default();
    let mut all = Vec::new();
    tracing::subscriber::with_default(traces.clone(), || {
        runtime.block_on(async {
            for echo in ECHOES {
                for operation in OPERATIONS {
                    let text = said_of(operation, echo).await?;
                    let name = format!("{operation} after {echo:?}");
                    all.push(Said { name: format!("a trace of {name}"), text: traces.take() });
                    all.push(Said { name, text });
                }
            }
            Result::Ok(())
        })
    })?;
    if !all.iter().any(|said| said.text.contains("openrouter_oauth")) {
        return Err("nothing was traced".into());
    }
    Ok(all)
}

/// All that the SDK says of one call.
async fn said_of(operation: &str, echo: Echo) -> Result<String> {
    let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, move |peer, number| {
        answer(peer, &peer.received(number), echo)
    })?;
    let builder =
        Client::builder().base_url(server.url("/api/v1")).api_key(own_key()?).hook(TracingHook::new());
    let client = builder.retry(Retry::none()).timeout(Duration::from_millis(200)).build()?;
    let mut said = format!("{client:?}\n{client:#?}\n");
    if let Err(error) = call(operation, &client, &mut said).await {
        said.push_str(&canary::everything(&error));
        if let Some(api) = error.api() {
            let _infallible = write!(said, "{api}\n{api:?}\n{:?}", api.message());
        }
    }
    Ok(said)
}

/// Makes a call, and writes down what the request and the answer show of themselves.
async fn call(operation: &str, client: &Client, said: &mut String) -> std::result::Result<(), Error> {
    match operation {
        "exchange_auth_code" => {
            let request = ExchangeAuthCode::new(AuthorizationCode::parse(canary::CODE)?)
                .pkce(CodeVerifier::parse(canary::VERIFIER)?, Pkce::METHOD);
            let _infallible = write!(said, "{request:?}");
            let answer = client.exchange_auth_code(request).send().await?;
            let _infallible = write!(said, "{answer:?}{:?}", answer.value());
        }
        "create_auth_code" => {
            let request = CreateAuthCode::new(CallbackUrl::parse("https://app.example/callback")?);
            let answer = client.create_auth_code(request).send().await?;
            let _infallible = write!(said, "{answer:?}{:?}", answer.value());
        }
        "current_key" => {
            // Its fields are the server's own words, which belong to the caller.
            client.current_key().await?;
        }
        "exchange_token" => {
            let policy = FederationPolicyId::parse("0f8fad5b-d9cb-469f-a165-70867728950e")?;
            let request = ExchangeToken::new(policy, SubjectToken::parse(canary::TOKEN)?);
            let _infallible = write!(said, "{request:?}");
            let answer = client.exchange_token(request).send().await?;
            let _infallible = write!(said, "{answer:?}{:?}", answer.value());
        }
        _ => {
            client.signing_keys().await?;
        }
    }
    Ok(())
}

fn answer(peer: &mut ScriptedConnection, request: &ReceivedRequest, echo: Echo) -> io::Result<()> {
    let answer = echo.answer(&format!("{} {}", text(request), canary::KEY));
    peer.send(answer.as_bytes())?;
    if matches!(echo, Echo::Silence) { peer.wait_for_close() } else { close_connection() }
}

/// A request as it came, to its last byte.
fn text(request: &ReceivedRequest) -> String {
    let mut text = format!("{}\r\n", request.line);
    for (name, value) in &request.headers {
        let _infallible = write!(text, "{name}: {}\r\n", String::from_utf8_lossy(value));
    }
    text + "\r\n" + &String::from_utf8_lossy(&request.body)
}

impl Echo {
    fn answer(self, request: &str) -> String {
        let words = serde_json::Value::from(request).to_string();
        let line = request.replace(['\r', '\n'], " ");
        match self {
            Self::Status(status) => {
                whole(status, "", &format!(r#"{{"error":{{"code":{status},"message":{words}}}}}"#))
            }
            Self::Text(status) => whole(status, "", request),
            Self::Location => {
                whole(302, &format!("location: http://127.0.0.1/?{}\r\n", line.replace(' ', "+")), "")
            }
            Self::Header(status) => {
                whole(status, &format!("cf-ray: {line}\r\nx-request-id: {line}\r\nx-echo: {line}\r\n"), "{}")
            }
            Self::Wrong => whole(200, "", &format!(r#"{{"key":[{words}],"data":{words},"keys":{words}}}"#)),
            Self::Garbage => format!("{line}\r\n\r\n"),
            Self::Cut => format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{words}"),
            Self::Silence => String::new(),
        }
    }
}

fn whole(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
