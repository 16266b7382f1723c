//! Requests written from the source of the official Go SDK, sent byte for byte, and how that SDK reads the responses.
//!
//! `tests/conformance/go/README.md` lists the sources. The SDK itself does not run here.

mod requests;
mod verdict;

use std::{path::Path, time::Duration};

use openrouter_oauth_tests::Result;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command, time::timeout};

use self::{requests::Operation, verdict::Verdict};
use crate::emulator::{EmulatorProcess, receive_json};

/// How long the Go program may take, including its compilation.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends both requests, each of which must succeed, and checks the key that they lead to.
pub(crate) async fn sign_in() -> Result {
    let emulator = EmulatorProcess::start().await?;
    let (host, key) = (emulator.host(), emulator.create_key().await?);
    let created = requests::send(host, &Operation::CreateCode.request(host, &key)?).await?;
    let id = match Verdict::from_response(Operation::CreateCode, &created) {
        Verdict::Value(value) => value["data"]["id"].as_str().unwrap_or_default().to_owned(),
        other => return Err(format!("creating a code led to {other:?}").into()),
    };
    let granted = requests::send(host, &Operation::Exchange.request(host, &id)?).await?;
    let Verdict::Value(grant) = Verdict::from_response(Operation::Exchange, &granted) else {
        return Err(format!("the exchange led to {granted:?}").into());
    };
    let key = grant["key"].as_str().unwrap_or_default();
    let current = receive_json(emulator.api(Method::GET, "/key").bearer_auth(key)).await?;
    let (label, limit) = (&current["data"]["label"], &current["data"]["limit"]);
    if label != "Conformance" || limit.as_f64() != Some(12.5) {
        return Err(format!("the key has the label {label} and the limit {limit}").into());
    }
    Ok(())
}

/// Injects each fault of the table, and checks the class of the SDK's error and its fields.
pub(crate) async fn read_errors() -> Result {
    let emulator = EmulatorProcess::start().await?;
    let (host, key) = (emulator.host(), emulator.create_key().await?);
    for (operation, fault, expected) in verdict::table() {
        // The code must be valid, because one fault changes a success.
        let secret = match operation {
            Operation::Exchange => create_code(host, &key).await?,
            Operation::CreateCode => key.clone(),
        };
        emulator.inject(&fault).await?;
        let response = requests::send(host, &operation.request(host, &secret)?).await?;
        let verdict = Verdict::from_response(operation, &response);
        if verdict != expected {
            return Err(format!("{operation:?}, {fault}: {verdict:?} instead of {expected:?}").into());
        }
    }
    Ok(())
}

async fn create_code(host: &str, key: &str) -> Result<String> {
    let response = requests::send(host, &Operation::CreateCode.request(host, key)?).await?;
    let body: Value = serde_json::from_str(&response.body)?;
    Ok(body["data"]["id"].as_str().ok_or("there is no code")?.to_owned())
}

/// Returns whether Go is installed.
pub(crate) async fn is_go_installed() -> bool {
    Command::new("go").arg("version").output().await.is_ok_and(|output| output.status.success())
}

/// Runs the Go program, and compares its requests with those written from the source.
pub(crate) async fn compare() -> Result {
    let emulator = EmulatorProcess::start().await?;
    let key = emulator.create_key().await?;
    for operation in [Operation::Exchange, Operation::CreateCode] {
        let secret = match operation {
            Operation::Exchange => create_code(emulator.host(), &key).await?,
            Operation::CreateCode => key.clone(),
        };
        emulator.inject(&json!({ "status": 403, "path": operation.path() })).await?;
        let (sent, host, printed) = run_program(&emulator, operation, &secret).await?;
        let written = operation.request(&host, &secret)?;
        if sent != written {
            return Err(format!("{operation:?}: Go sent {sent:?} instead of {written:?}").into());
        }
        if printed != "403 403 Forbidden\n" {
            return Err(format!("{operation:?}: Go printed {printed:?}").into());
        }
    }
    Ok(())
}

/// Runs the Go program, and passes its request on to the emulator. Returns the request, the host that the program
/// called, and what it printed.
async fn run_program(
    emulator: &EmulatorProcess,
    operation: Operation,
    secret: &str,
) -> Result<(String, String, String)> {
    let relay = TcpListener::bind("127.0.0.1:0").await?;
    let host = relay.local_addr()?.to_string();
    let mut go = Command::new("go");
    go.args(["run", "sdk.go", &format!("http://{host}/api/v1"), operation.name(), secret])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/go"))
        .env("NO_PROXY", "127.0.0.1")
        .kill_on_drop(true);
    let run = async { tokio::join!(go.output(), requests::pass_on(&relay, emulator.host())) };
    let (output, request) = timeout(PROGRAM_TIMEOUT, run).await?;
    let output = output?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok((request?, host, String::from_utf8_lossy(&output.stdout).into_owned()))
}
