//! Controls Chromium through `WebDriver` (<https://www.w3.org/TR/webdriver2/>), as far as the tests need it.
//!
//! Only [`Browser::wait_for_page`] waits for pages, because a page that waits for an exchange takes long to load.
//!
//! Every function fails if the browser or chromedriver does.
#![expect(clippy::missing_errors_doc, reason = "the module's documentation describes the errors")]

mod cookies;
mod network;

use std::process::Stdio;

use base64ct::{Base64, Encoding as _};
use http::{Method, Request, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::OnceCell,
    time::timeout,
};

pub use self::{cookies::Cookie, network::ReceivedResponse};
use crate::{
    Result,
    poll::{WAIT_TIMEOUT, poll},
};

/// A name that the browser resolves to `127.0.0.1`, as in a DNS rebinding attack.
pub const REBOUND: &str = "rebound.test";

/// The name of the network log in the profile.
const NETWORK_LOG: &str = "network.json";

/// A running chromedriver.
#[derive(Debug)]
pub struct ChromeDriver {
    process: Child,
    client: WebDriverClient,
}

/// A Chromium with its own profile. It must be closed.
#[derive(Debug)]
pub struct Browser {
    client: WebDriverClient,
    session: String,
    profile: TempDir,
    network: OnceCell<Vec<ReceivedResponse>>,
}

/// A client of chromedriver.
#[derive(Clone, Debug)]
struct WebDriverClient {
    http: Client<HttpConnector, Full<Bytes>>,
    base: String,
}

impl ChromeDriver {
    /// Starts chromedriver on a free port.
    pub async fn start() -> Result<Self> {
        let mut command = Command::new("chromedriver");
        // Debian's wrapper script prints warnings on machines with much memory.
        command
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut process = command.spawn().map_err(|error| format!("chromedriver: {error}"))?;
        let mut lines = BufReader::new(process.stdout.take().ok_or("chromedriver has no output")?).lines();
        let port: u16 = loop {
            let line = timeout(WAIT_TIMEOUT, lines.next_line()).await??.ok_or("chromedriver ended")?;
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse()?;
            }
        };
        // Chromedriver keeps printing, and ends if nothing reads its output.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let http = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { process, client: WebDriverClient { http, base: format!("http://127.0.0.1:{port}") } })
    }

    /// Opens a browser that can reach only this machine.
    pub async fn open(&self) -> Result<Browser> {
        self.open_with(&[REBOUND], &[]).await
    }

    /// Opens a browser with further arguments that can reach only this machine, also by these names.
    pub async fn open_with(&self, names: &[&str], extra_arguments: &[&str]) -> Result<Browser> {
        let profile = tempfile::tempdir()?;
        let user_data = format!("--user-data-dir={}", profile.path().display());
        let network = format!("--log-net-log={}", profile.path().join(NETWORK_LOG).display());
        let mapped: String = names.iter().flat_map(|name| ["MAP ", name, " 127.0.0.1, "]).collect();
        let hosts =
            format!("--host-resolver-rules={mapped}MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost");
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &hosts,
            &user_data,
            &network,
            // The log contains cookies.
            "--net-log-capture-mode=IncludeSensitive",
        ];
        let arguments = [&arguments, extra_arguments].concat();
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "pageLoadStrategy": "none",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments},
        }}});
        let opened = self.client.call(Method::POST, "/session", &wanted).await?;
        let session = opened["sessionId"].as_str().ok_or("chromedriver opened no session")?;
        Ok(Browser {
            client: self.client.clone(),
            session: format!("/session/{session}"),
            profile,
            network: OnceCell::new(),
        })
    }

    /// Closes every browser that is still open.
    pub async fn close_browsers(&self) -> Result {
        let open = self.client.call(Method::GET, "/sessions", &Value::Null).await?;
        for session in open.as_array().into_iter().flatten().filter_map(|session| session["id"].as_str()) {
            self.client.call(Method::DELETE, &format!("/session/{session}"), &Value::Null).await?;
        }
        Ok(())
    }

    /// Stops chromedriver, and every browser that is still open.
    pub async fn stop(mut self) -> Result {
        self.client.call(Method::GET, "/shutdown", &Value::Null).await?;
        timeout(WAIT_TIMEOUT, self.process.wait()).await??;
        Ok(())
    }
}

impl Browser {
    /// Closes the browser if it is open, and returns all responses that it received.
    pub async fn close(&self) -> Result<&[ReceivedResponse]> {
        let close = async || {
            self.call(Method::DELETE, "", Value::Null).await?;
            network::responses(&self.profile.path().join(NETWORK_LOG))
        };
        Ok(self.network.get_or_try_init(close).await?)
    }

    /// Navigates to `url`, as if the user typed it.
    pub async fn navigate(&self, url: &str) -> Result {
        self.post("/url", json!({"url": url})).await.map(drop)
    }

    /// Goes back in the history, as if the user pressed the button.
    pub async fn back(&self) -> Result {
        self.post("/back", json!({})).await.map(drop)
    }

    /// Reloads the page.
    pub async fn reload(&self) -> Result {
        self.post("/refresh", json!({})).await.map(drop)
    }

    /// Waits until a page with this title is loaded.
    pub async fn wait_for_page(&self, title: &str) -> Result {
        self.wait_for("[document.title, document.readyState]", &json!([title, "complete"])).await
    }

    /// Does something that loads a page, and waits until a new page with this title is loaded, even if the old one has
    /// the same title.
    pub async fn load(&self, title: &str, act: impl AsyncFnOnce() -> Result) -> Result {
        self.run("window.isOld = true").await?;
        act().await?;
        let loaded = json!([title, "complete", false]);
        self.wait_for("[document.title, document.readyState, Boolean(window.isOld)]", &loaded).await
    }

    /// Waits until an expression has this value in the page.
    pub async fn wait_for(&self, expression: &str, value: &Value) -> Result {
        let mut found = Value::Null;
        let what = format!("{expression} to be {value}");
        let waited = poll(&what, async || {
            match self.run(&format!("return {expression}")).await {
                Ok(now) => found = now,
                Err(error) if is_by_navigation(&error.to_string()) => return Ok(None),
                Err(error) => return Err(error),
            }
            Ok((found == *value).then_some(()))
        });
        match waited.await {
            Ok(()) => Ok(()),
            Err(error) => Err(format!("{error}; it is {found} at {}", self.address().await?).into()),
        }
    }

    /// Returns the URL in the address bar without its query, which can contain a code.
    pub async fn address(&self) -> Result<String> {
        Ok(self.url().await?.split('?').next().unwrap_or_default().to_owned())
    }

    /// Returns the URL in the address bar.
    pub async fn url(&self) -> Result<String> {
        Ok(text(self.get("/url").await?))
    }

    /// Types text into an element.
    pub async fn enter(&self, css: &str, text: &str) -> Result {
        let element = self.find(css).await?;
        self.post(&format!("/element/{element}/value"), json!({"text": text})).await.map(drop)
    }

    /// Returns the visible text of an element.
    pub async fn text(&self, css: &str) -> Result<String> {
        let element = self.find(css).await?;
        Ok(text(self.get(&format!("/element/{element}/text")).await?))
    }

    /// Returns the accessible role and name of an element.
    pub async fn role_and_name(&self, css: &str) -> Result<(String, String)> {
        let element = self.find(css).await?;
        let role = self.get(&format!("/element/{element}/computedrole")).await?;
        let name = self.get(&format!("/element/{element}/computedlabel")).await?;
        Ok((text(role), text(name)))
    }

    /// Clicks an element.
    pub async fn click(&self, css: &str) -> Result {
        let element = self.find(css).await?;
        self.post(&format!("/element/{element}/click"), json!({})).await.map(drop)
    }

    /// Runs a script in the page, regardless of the page's policy, and returns its result.
    pub async fn run(&self, script: &str) -> Result<Value> {
        self.post("/execute/sync", json!({"script": script, "args": []})).await
    }

    /// Waits for a promise in the page, and returns its value.
    pub async fn await_promise(&self, promise: &str) -> Result<Value> {
        let script = format!("({promise}).then(arguments[0], (error) => arguments[0](String(error)))");
        self.post("/execute/async", json!({"script": script, "args": []})).await
    }

    /// Runs a command of the Chrome `DevTools` protocol, and returns its result.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        self.post("/goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    /// Sets the color scheme that the user prefers, `light` or `dark`.
    pub async fn prefer(&self, scheme: &str) -> Result {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// Returns the current tab.
    pub async fn current_tab(&self) -> Result<String> {
        Ok(text(self.get("/window").await?))
    }

    /// Waits until `count` tabs and windows are open in addition to `before`, and returns them.
    pub async fn opened_since(&self, before: &[String], count: usize) -> Result<Vec<String>> {
        poll(&format!("{count} windows"), async || {
            let mut opened = self.tabs().await?;
            opened.retain(|tab| !before.contains(tab));
            Ok((opened.len() == count).then_some(opened))
        })
        .await
    }

    /// Returns all tabs and windows.
    pub async fn tabs(&self) -> Result<Vec<String>> {
        let tabs = self.get("/window/handles").await?;
        Ok(tabs.as_array().into_iter().flatten().cloned().map(text).collect())
    }

    /// Opens a tab, and switches to it.
    pub async fn open_tab(&self) -> Result<String> {
        let opened = self.post("/window/new", json!({"type": "tab"})).await?;
        let tab = opened["handle"].as_str().ok_or("the tab has no handle")?.to_owned();
        self.switch_to(&tab).await?;
        Ok(tab)
    }

    /// Switches to another tab.
    pub async fn switch_to(&self, tab: &str) -> Result {
        self.post("/window", json!({"handle": tab})).await.map(drop)
    }

    /// Closes the current tab. Then switch to another.
    pub async fn close_tab(&self) -> Result {
        self.call(Method::DELETE, "/window", Value::Null).await.map(drop)
    }

    /// Returns a screenshot of the window as PNG.
    pub async fn screenshot(&self) -> Result<Vec<u8>> {
        let encoded = text(self.get("/screenshot").await?);
        Ok(Base64::decode_vec(&encoded).map_err(|error| error.to_string())?)
    }

    /// Returns the console's messages since the last call.
    pub async fn console(&self) -> Result<Vec<String>> {
        let entries = self.post("/se/log", json!({"type": "browser"})).await?;
        let messages = entries.as_array().into_iter().flatten().map(|entry| entry["message"].clone());
        Ok(messages.map(text).collect())
    }

    async fn find(&self, css: &str) -> Result<String> {
        let found = self.post("/element", json!({"using": "css selector", "value": css})).await?;
        // An element has one field, whose name the standard defines.
        let element = found.as_object().and_then(|fields| fields.values().next());
        Ok(element.and_then(Value::as_str).ok_or_else(|| format!("no {css}"))?.to_owned())
    }

    async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.call(Method::POST, path, body).await
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Result<Value> {
        self.client.call(method, &format!("{}{path}", self.session), &body).await
    }
}

impl WebDriverClient {
    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(Full::new(body.into()))?;
        let response = async {
            let response = self.http.request(request).await?;
            let is_success = response.status().is_success();
            let body = response.into_body().collect().await?.to_bytes();
            Ok((is_success, serde_json::from_slice::<Value>(&body)?))
        };
        match timeout(2 * WAIT_TIMEOUT, response).await? {
            Ok((true, response)) => Ok(response["value"].clone()),
            Ok((false, response)) => Err(format!("{path}: {}", response["value"]["message"]).into()),
            Err(error) => Err(error),
        }
    }
}

/// Returns whether a script failed because its page was just being replaced.
fn is_by_navigation(error: &str) -> bool {
    let of_chromedriver = ["aborted by navigation", "target frame detached", "no such execution context"];
    of_chromedriver.iter().any(|part| error.contains(part))
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
