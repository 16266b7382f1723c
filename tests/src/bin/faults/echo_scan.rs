//! Searches all output and traces of the SDK for secrets that a server echoes.

use std::{
    fmt::Write as _,
    io,
    time::{Duration, Instant},
};

use openrouter_oauth::{
    AuthorizationCode, CallbackUrl, Client, CodeVerifier, CreateAuthCode, Error, ExchangeAuthCode,
    ExchangeToken, FederationPolicyId, Pkce, Retry, SubjectToken, TracingHook,
};
use openrouter_oauth_tests::{Result, canary};
use openrouter_oauth_transport_contract::{
    ReceivedRequest, RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection,
};

use crate::{
    cli,
    operation::{OWN_KEY, own_key},
    secret_forms::SecretForms,
    table::Table,
    traces::Traces,
    verdict::{Rule, Violation},
};

/// The secrets of every request and response.
const SECRETS: [&str; 6] =
    [canary::CODE, canary::VERIFIER, canary::KEY, canary::TOKEN, canary::BODY, OWN_KEY];

/// How the server responds. The response contains the whole request.
#[derive(Clone, Copy, Debug)]
enum Echo {
    /// With this status, in the message of an error.
    Status(u16),
    /// With this status, as text that is not JSON.
    Text(u16),
    /// In a redirect.
    Location,
    /// In headers, with this status.
    Header(u16),
    /// In a success, as a field of the wrong type.
    WrongType,
    /// As text that is not HTTP.
    Garbage,
    /// In a truncated body.
    Cut,
    /// No response.
    Silence,
}

/// One echo of each kind. If the class of the status matters, one of each class.
const ECHOES: [Echo; 10] = [
    Echo::Status(403),
    Echo::Text(200),
    Echo::Text(502),
    Echo::Location,
    Echo::Header(403),
    Echo::Header(500),
    Echo::WrongType,
    Echo::Garbage,
    Echo::Cut,
    Echo::Silence,
];

/// A call whose request the server echoes.
#[derive(Clone, Copy, Debug)]
enum EchoedCall {
    ExchangeAuthCode,
    CreateAuthCode,
    CurrentKey,
    ExchangeToken,
    SigningKeys,
}

const CALLS: [EchoedCall; 5] = [
    EchoedCall::ExchangeAuthCode,
    EchoedCall::CreateAuthCode,
    EchoedCall::CurrentKey,
    EchoedCall::ExchangeToken,
    EchoedCall::SigningKeys,
];

/// A piece of output, with a name for reports.
struct Output {
    name: String,
    text: String,
}

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let start = Instant::now();
    let mut outputs = tokio::task::spawn_blocking(sdk_outputs).await??;
    let secret_forms = SecretForms::new(&SECRETS);
    let mut violations = find_secrets(&secret_forms, &outputs);
    let cases = outputs.len();
    let bytes: usize = outputs.iter().map(|output| output.text.len()).sum();
    outputs.clear();

    let (printed, secrets) = cli::demos().await?;
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let printed: Vec<Output> = printed.into_iter().map(|(name, text)| Output { name, text }).collect();
    violations.extend(find_secrets(&SecretForms::new(&secrets), &printed));
    let printed_bytes: usize = printed.iter().map(|output| output.text.len()).sum();
    let details = format!(
        "{} KiB and {} secrets; in the demo {} KiB and {} secrets",
        bytes / 1024,
        SECRETS.len(),
        printed_bytes / 1024,
        secrets.len()
    );
    table.add_part("secrets in output", cases + printed.len(), &details, violations, start.elapsed());
    Ok(())
}

fn find_secrets(secret_forms: &SecretForms, outputs: &[Output]) -> Vec<Violation> {
    let shown = |output: &Output| {
        let form = secret_forms.find(&output.text)?;
        Some(Violation { rule: Rule::Secret, text: format!("{} contains {form}", output.name) })
    };
    outputs.iter().filter_map(shown).collect()
}

/// Collects the errors, responses and traces of every call. Everything runs on one thread, because a subscriber sees
/// the traces of only one.
fn sdk_outputs() -> Result<Vec<Output>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let traces = Traces::default();
    let mut all = Vec::new();
    tracing::subscriber::with_default(traces.clone(), || {
        runtime.block_on(async {
            for echo in ECHOES {
                for echoed in CALLS {
                    let text = output_of(echoed, echo).await?;
                    let name = format!("{echoed:?} after {echo:?}");
                    all.push(Output { name: format!("a trace of {name}"), text: traces.take() });
                    all.push(Output { name, text });
                }
            }
            Result::Ok(())
        })
    })?;
    if !all.iter().any(|output| output.text.contains("openrouter_oauth")) {
        return Err("there are no traces".into());
    }
    Ok(all)
}

/// Returns everything that the SDK prints about one call.
async fn output_of(echoed: EchoedCall, echo: Echo) -> Result<String> {
    let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, move |peer, number| {
        respond(peer, &peer.received(number), echo)
    })?;
    let builder =
        Client::builder().base_url(server.url("/api/v1")).api_key(own_key()?).hook(TracingHook::new());
    let client = builder.retry(Retry::none()).timeout(Duration::from_millis(200)).build()?;
    let mut output = format!("{client:?}\n{client:#?}\n");
    if let Err(error) = call(echoed, &client, &mut output).await {
        output.push_str(&canary::everything(&error));
        if let Some(api) = error.api() {
            let _infallible = write!(output, "{api}\n{api:?}\n{:?}", api.message());
        }
    }
    Ok(output)
}

/// Makes a call, and appends the `Debug` output of its request and response.
async fn call(echoed: EchoedCall, client: &Client, output: &mut String) -> std::result::Result<(), Error> {
    match echoed {
        EchoedCall::ExchangeAuthCode => {
            let request = ExchangeAuthCode::new(AuthorizationCode::parse(canary::CODE)?)
                .pkce(CodeVerifier::parse(canary::VERIFIER)?, Pkce::METHOD);
            let _infallible = write!(output, "{request:?}");
            let response = client.exchange_auth_code(request).send_with_response().await?;
            let _infallible = write!(output, "{response:?}{:?}", response.value());
        }
        EchoedCall::CreateAuthCode => {
            let request = CreateAuthCode::new(CallbackUrl::parse("https://app.example/callback")?);
            let response = client.create_auth_code(request).send_with_response().await?;
            let _infallible = write!(output, "{response:?}{:?}", response.value());
        }
        EchoedCall::CurrentKey => {
            // The fields are not checked: they are the server's own text, and the caller may print them.
            client.current_key().await?;
        }
        EchoedCall::ExchangeToken => {
            let policy = FederationPolicyId::parse("0f8fad5b-d9cb-469f-a165-70867728950e")?;
            let request = ExchangeToken::new(policy, SubjectToken::parse(canary::TOKEN)?);
            let _infallible = write!(output, "{request:?}");
            let response = client.exchange_token(request).send_with_response().await?;
            let _infallible = write!(output, "{response:?}{:?}", response.value());
        }
        EchoedCall::SigningKeys => {
            client.signing_keys().await?;
        }
    }
    Ok(())
}

fn respond(peer: &mut ScriptedConnection, request: &ReceivedRequest, echo: Echo) -> io::Result<()> {
    let response = echo.response(&format!("{} {}", text(request), canary::KEY));
    peer.send(response.as_bytes())?;
    if matches!(echo, Echo::Silence) { peer.wait_for_close() } else { close_connection() }
}

/// Formats the whole request.
fn text(request: &ReceivedRequest) -> String {
    let mut text = format!("{}\r\n", request.line);
    for (name, value) in &request.headers {
        let _infallible = write!(text, "{name}: {}\r\n", String::from_utf8_lossy(value));
    }
    text + "\r\n" + &String::from_utf8_lossy(&request.body)
}

impl Echo {
    fn response(self, request: &str) -> String {
        let words = serde_json::Value::from(request).to_string();
        let line = request.replace(['\r', '\n'], " ");
        match self {
            Self::Status(status) => {
                response_text(status, "", &format!(r#"{{"error":{{"code":{status},"message":{words}}}}}"#))
            }
            Self::Text(status) => response_text(status, "", request),
            Self::Location => {
                response_text(302, &format!("location: http://127.0.0.1/?{}\r\n", line.replace(' ', "+")), "")
            }
            Self::Header(status) => response_text(
                status,
                &format!("cf-ray: {line}\r\nx-request-id: {line}\r\nx-echo: {line}\r\n"),
                "{}",
            ),
            Self::WrongType => {
                response_text(200, "", &format!(r#"{{"key":[{words}],"data":{words},"keys":{words}}}"#))
            }
            Self::Garbage => format!("{line}\r\n\r\n"),
            Self::Cut => format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{words}"),
            Self::Silence => String::new(),
        }
    }
}

fn response_text(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
