//! Chromium by `WebDriver` (<https://www.w3.org/TR/webdriver2/>): as much of it as the scenes need.
//!
//! Nothing here waits for a page by itself, since one that waits for an exchange takes its time: [`Browser::see`] does.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

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
    time::{sleep, timeout},
};

use crate::{
    PATIENCE, Result,
    network::{self, Answer},
};

/// Another origin than `127.0.0.1`, which the browser finds there all the same: as a page has it that rebinds its name.
pub(crate) const REBOUND: &str = "rebound.test";

/// The log of the network, in the profile.
const NETWORK: &str = "network.json";

/// A running chromedriver.
pub(crate) struct Driver {
    process: Child,
    service: Service,
}

/// A Chromium with a profile of its own. It has to be closed.
pub(crate) struct Browser {
    service: Service,
    session: String,
    profile: TempDir,
    network: OnceCell<Vec<Answer>>,
}

/// Where chromedriver answers.
#[derive(Clone)]
struct Service {
    http: Client<HttpConnector, Full<Bytes>>,
    base: String,
}

impl Driver {
    pub(crate) async fn start() -> Result<Self> {
        let mut command = Command::new("chromedriver");
        // Debian's script around Chromium complains of machines with much memory.
        command
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut process = command.spawn().map_err(|error| format!("chromedriver: {error}"))?;
        let mut said = BufReader::new(process.stdout.take().ok_or("chromedriver has no output")?).lines();
        let port: u16 = loop {
            let line = timeout(PATIENCE, said.next_line()).await??.ok_or("chromedriver ended")?;
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse()?;
            }
        };
        // It goes on talking, and ends if nobody listens.
        tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
        let http = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { process, service: Service { http, base: format!("http://127.0.0.1:{port}") } })
    }

    /// Opens a browser that finds nothing but this machine.
    pub(crate) async fn open(&self) -> Result<Browser> {
        let profile = tempfile::tempdir()?;
        let user_data = format!("--user-data-dir={}", profile.path().display());
        let network = format!("--log-net-log={}", profile.path().join(NETWORK).display());
        let hosts = format!(
            "--host-resolver-rules=MAP {REBOUND} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
        );
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
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "pageLoadStrategy": "none",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments},
        }}});
        let opened = self.service.call(Method::POST, "/session", &wanted).await?;
        let session = opened["sessionId"].as_str().ok_or("chromedriver opened no session")?;
        Ok(Browser {
            service: self.service.clone(),
            session: format!("/session/{session}"),
            profile,
            network: OnceCell::new(),
        })
    }

    /// Ends chromedriver, and every browser that is still open.
    pub(crate) async fn stop(mut self) -> Result {
        self.service.call(Method::GET, "/shutdown", &Value::Null).await?;
        timeout(PATIENCE, self.process.wait()).await??;
        Ok(())
    }
}

impl Browser {
    /// Closes it, unless it is, and returns all that it was answered while it was open.
    pub(crate) async fn close(&self) -> Result<&[Answer]> {
        let close = async || {
            self.ask(Method::DELETE, "", Value::Null).await?;
            network::answers(&self.profile.path().join(NETWORK))
        };
        Ok(self.network.get_or_try_init(close).await?)
    }

    /// Goes to `url`, as a user does who types it.
    pub(crate) async fn go(&self, url: &str) -> Result {
        self.post("/url", json!({"url": url})).await.map(drop)
    }

    pub(crate) async fn back(&self) -> Result {
        self.post("/back", json!({})).await.map(drop)
    }

    pub(crate) async fn reload(&self) -> Result {
        self.post("/refresh", json!({})).await.map(drop)
    }

    /// Waits for a page with this title to be there as a whole.
    pub(crate) async fn see(&self, title: &str) -> Result {
        let begun = Instant::now();
        loop {
            let shown = self.run("return [document.title, document.readyState]").await?;
            if shown == json!([title, "complete"]) {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("the page {title:?} did not come; what is there: {shown}").into());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The text that a user reads.
    pub(crate) async fn text(&self, css: &str) -> Result<String> {
        let element = self.find(css).await?;
        Ok(text(self.get(&format!("/element/{element}/text")).await?))
    }

    /// The role and the name that a screen reader says.
    pub(crate) async fn spoken(&self, css: &str) -> Result<(String, String)> {
        let element = self.find(css).await?;
        let role = self.get(&format!("/element/{element}/computedrole")).await?;
        let name = self.get(&format!("/element/{element}/computedlabel")).await?;
        Ok((text(role), text(name)))
    }

    pub(crate) async fn click(&self, css: &str) -> Result {
        let element = self.find(css).await?;
        self.post(&format!("/element/{element}/click"), json!({})).await.map(drop)
    }

    /// Runs a script in the page, whatever the page's policy says, and returns what it returns.
    pub(crate) async fn run(&self, script: &str) -> Result<Value> {
        self.post("/execute/sync", json!({"script": script, "args": []})).await
    }

    /// Waits for a promise of the page, and returns what it is kept with.
    pub(crate) async fn settle(&self, promise: &str) -> Result<Value> {
        let script = format!("({promise}).then(arguments[0], (error) => arguments[0](String(error)))");
        self.post("/execute/async", json!({"script": script, "args": []})).await
    }

    /// A command of the Chrome `DevTools` protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Result {
        let body = json!({"cmd": command, "params": parameters});
        self.post("/goog/cdp/execute", body).await.map(drop)
    }

    /// The tab that is in front.
    pub(crate) async fn tab(&self) -> Result<String> {
        Ok(text(self.get("/window").await?))
    }

    /// Waits until so many tabs and windows are open beside those of `before`, and returns them.
    pub(crate) async fn opened_since(&self, before: &[String], count: usize) -> Result<Vec<String>> {
        let begun = Instant::now();
        loop {
            let mut opened = self.tabs().await?;
            opened.retain(|tab| !before.contains(tab));
            if opened.len() == count {
                return Ok(opened);
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{} windows opened in place of {count}", opened.len()).into());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn tabs(&self) -> Result<Vec<String>> {
        let tabs = self.get("/window/handles").await?;
        Ok(tabs.as_array().into_iter().flatten().cloned().map(text).collect())
    }

    /// Opens a tab, which is then in front.
    pub(crate) async fn open_tab(&self) -> Result<String> {
        let opened = self.post("/window/new", json!({"type": "tab"})).await?;
        let tab = opened["handle"].as_str().ok_or("the tab has no name")?.to_owned();
        self.switch_to(&tab).await?;
        Ok(tab)
    }

    pub(crate) async fn switch_to(&self, tab: &str) -> Result {
        self.post("/window", json!({"handle": tab})).await.map(drop)
    }

    /// Closes the tab that is in front; another has to be switched to.
    pub(crate) async fn close_tab(&self) -> Result {
        self.ask(Method::DELETE, "/window", Value::Null).await.map(drop)
    }

    /// A PNG of what is in the window.
    pub(crate) async fn screenshot(&self) -> Result<Vec<u8>> {
        let encoded = text(self.get("/screenshot").await?);
        Ok(Base64::decode_vec(&encoded).map_err(|error| error.to_string())?)
    }

    /// What the console said since this was asked last.
    pub(crate) async fn console(&self) -> Result<Vec<String>> {
        let entries = self.post("/se/log", json!({"type": "browser"})).await?;
        let messages = entries.as_array().into_iter().flatten().map(|entry| entry["message"].clone());
        Ok(messages.map(text).collect())
    }

    async fn find(&self, css: &str) -> Result<String> {
        let found = self.post("/element", json!({"using": "css selector", "value": css})).await?;
        // An element has one field, whose name the standard made up.
        let element = found.as_object().and_then(|fields| fields.values().next());
        Ok(element.and_then(Value::as_str).ok_or_else(|| format!("no {css}"))?.to_owned())
    }

    async fn get(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.ask(Method::POST, path, body).await
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Result<Value> {
        self.service.call(method, &format!("{}{path}", self.session), &body).await
    }
}

impl Service {
    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(Full::new(body.into()))?;
        let answer = async {
            let response = self.http.request(request).await?;
            let is_success = response.status().is_success();
            let body = response.into_body().collect().await?.to_bytes();
            Ok((is_success, serde_json::from_slice::<Value>(&body)?))
        };
        match timeout(2 * PATIENCE, answer).await? {
            Ok((true, answer)) => Ok(answer["value"].clone()),
            Ok((false, answer)) => Err(format!("{path}: {}", answer["value"]["message"]).into()),
            Err(error) => Err(error),
        }
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
