//! The built command `openrouter-oauth emulator`, controlled over HTTP as a program in any language would.

use std::{env, process::Stdio, time::Duration};

use openrouter_oauth_tests::{Result, tls};
use reqwest::{Client, Method, RequestBuilder, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// How long to wait on a busy machine.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// An emulator in its own process. Dropping it ends the process.
pub(crate) struct EmulatorProcess {
    _process: Child,
    http: Client,
    base_url: String,
}

impl EmulatorProcess {
    /// Starts the command, which is next to this program, on a free port.
    ///
    /// # Errors
    ///
    /// If the command is missing, or ends before it listens.
    pub(crate) async fn start() -> Result<Self> {
        let program = env::current_exe()?.with_file_name("openrouter-oauth");
        let mut process = Command::new(&program)
            .args(["emulator", "--port", "0"])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let stdout = process.stdout.take().ok_or("the emulator has no output")?;
        // The command prints its base URL once it listens.
        let line = timeout(WAIT_TIMEOUT, BufReader::new(stdout).lines().next_line()).await??;
        let base_url = line.ok_or("the emulator ended at once")?;
        tls::use_ring();
        let http = Client::builder().no_proxy().timeout(WAIT_TIMEOUT).build()?;
        Ok(Self { _process: process, http, base_url })
    }

    /// Returns the base URL of the API.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the origin, as in `http://127.0.0.1:1234`.
    pub(crate) fn origin(&self) -> &str {
        self.base_url.trim_end_matches("/api/v1")
    }

    /// Returns the host and port.
    pub(crate) fn host(&self) -> &str {
        self.origin().trim_start_matches("http://")
    }

    /// Creates a management key.
    pub(crate) async fn create_key(&self) -> Result<String> {
        let created = self.control(Method::POST, "keys", &Value::Null).await?;
        Ok(created["key"].as_str().ok_or("the emulator created no key")?.to_owned())
    }

    /// Injects a fault, in the JSON of `/emulator/faults`.
    pub(crate) async fn inject(&self, fault: &Value) -> Result {
        self.control(Method::POST, "faults", fault).await.map(drop)
    }

    /// Advances the clock.
    pub(crate) async fn advance(&self, by: Duration) -> Result {
        self.control(Method::POST, "advance", &json!({ "seconds": by.as_secs() })).await.map(drop)
    }

    /// Returns the last requests.
    pub(crate) async fn log(&self) -> Result<Vec<Value>> {
        let log = self.control(Method::GET, "log", &Value::Null).await?;
        Ok(log.as_array().ok_or("the log is not a list")?.clone())
    }

    /// Returns the number of keys that came from exchanged codes.
    pub(crate) async fn granted_keys(&self) -> Result<usize> {
        let keys = self.control(Method::GET, "keys", &Value::Null).await?;
        let keys = keys.as_array().ok_or("the keys are not a list")?;
        Ok(keys.iter().filter(|key| key["is_management_key"] == false).count())
    }

    /// Returns how many exchanges of a code returned a key, even if it was revoked since.
    pub(crate) async fn exchanges(&self) -> Result<usize> {
        let log = self.control(Method::GET, "log", &Value::Null).await?;
        let log = log.as_array().ok_or("the log is not a list")?;
        let is_exchange = |entry: &&Value| entry["path"] == "/api/v1/auth/keys" && entry["status"] == 200;
        Ok(log.iter().filter(is_exchange).count())
    }

    /// Approves as the user, with one request to the authorize URL, and returns the code.
    pub(crate) async fn approve(&self, url: &str) -> Result<String> {
        let request = with_json(self.http.post(url), &json!({ "decision": "approve" }));
        let outcome = receive_json(request).await?;
        let callback = outcome["redirect_to"].as_str().and_then(|callback| callback.split_once("code="));
        let code = callback.map(|(_, code)| code).or(outcome["code"].as_str());
        Ok(code.ok_or_else(|| format!("approving led to {outcome}"))?.to_owned())
    }

    /// Approves without PKCE, with a limit, and returns the code.
    pub(crate) async fn approve_without_pkce(&self) -> Result<String> {
        self.approve(&format!("{}/auth?callback_url=https://my.app&limit=5", self.origin())).await
    }

    /// Begins a request for a path of the API.
    pub(crate) fn api(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base_url))
    }

    async fn control(&self, method: Method, name: &str, body: &Value) -> Result<Value> {
        let request = self.http.request(method, format!("{}/emulator/{name}", self.origin()));
        receive_json(with_json(request, body)).await
    }
}

/// Adds a body to a request, unless it is null.
pub(crate) fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    if body.is_null() {
        return request;
    }
    request.header(CONTENT_TYPE, "application/json").body(body.to_string())
}

/// Sends a request, and returns the JSON of a successful response.
pub(crate) async fn receive_json(request: RequestBuilder) -> Result<Value> {
    let response = request.send().await?;
    let (url, status) = (response.url().clone(), response.status());
    let text = response.text().await?;
    if !status.is_success() {
        return Err(format!("{url}: {status}: {text}").into());
    }
    Ok(serde_json::from_str(&text)?)
}
