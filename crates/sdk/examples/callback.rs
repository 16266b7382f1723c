//! The steps of a sign-in on a server: `/login` sends the browser to OpenRouter, and `/callback/ID` exchanges the code.
//!
//! A web application with users and several instances uses `openrouter-oauth-axum` or `openrouter-oauth-web` instead.
//!
//! ```sh
//! cargo run -p openrouter-oauth --example callback
//! ```
//!
//! To use the emulator instead of OpenRouter, start it in another terminal, and pass its base URL:
//!
//! ```sh
//! cargo run -p openrouter-oauth-cli -- emulator --port 8080
//! cargo run -p openrouter-oauth --example callback -- http://127.0.0.1:8080/api/v1
//! ```
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "the example talks to its user")]

use std::{
    collections::{HashMap, hash_map::Entry},
    env,
    error::Error,
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
};

use openrouter_oauth::{AuthorizationCode, CallbackError, Client, PendingSignIn};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

struct App {
    client: Client,
    callback: String,
    /// The sign-ins in progress, by attempt ID. A real app also drops those that are older than ten minutes.
    pending: Mutex<HashMap<String, PendingSignIn>>,
}

type BoxError = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), BoxError> {
    let mut builder = Client::builder();
    if let Some(base_url) = env::args().nth(1) {
        builder = builder.base_url(base_url);
    }
    let client = builder.build()?;

    // Port 3000, or a free port if 3000 is taken.
    let listener =
        TcpListener::bind(&[3000, 0].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))[..]).await?;
    let address = listener.local_addr()?;
    println!("Open http://{address}/login in a browser.");
    let app = App { client, callback: format!("http://{address}/callback"), pending: Mutex::default() };
    let app = Arc::new(app);
    loop {
        let (browser, _) = listener.accept().await?;
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            if let Err(error) = app.serve(browser).await {
                print_error(&*error);
            }
        });
    }
}

impl App {
    /// Reads one request, and responds to it. A real app leaves this to its web framework.
    async fn serve(&self, mut browser: TcpStream) -> Result<(), BoxError> {
        let mut lines = BufReader::new(&mut browser).take(16 * 1024).lines();
        let request = lines.next_line().await?.unwrap_or_default();
        let mut attempt_id = String::new();
        while let Some(line) = lines.next_line().await?.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("cookie") {
                let sign_in = value.split(';').find_map(|cookie| cookie.trim().strip_prefix("sign_in="));
                sign_in.unwrap_or_default().clone_into(&mut attempt_id);
            }
        }
        let response = match request.split(' ').nth(1).unwrap_or_default() {
            "/login" => self.login().await?,
            target if target.starts_with("/callback/") => self.callback(target, &attempt_id).await,
            _ => page("404 Not Found", "Not found. Open /login."),
        };
        browser.write_all(format!("HTTP/1.1 {response}").as_bytes()).await?;
        Ok(browser.shutdown().await?)
    }

    /// Begins a sign-in, and redirects the browser to OpenRouter.
    async fn login(&self) -> Result<String, BoxError> {
        let (url, pending) = self.client.authorize(&*self.callback).key_label("callback example").begin()?;
        let attempt_id = pending.attempt_id().to_owned();
        // The cookie binds the sign-in to this browser. With https, add `Secure`.
        let cookie = format!("sign_in={attempt_id}; Path=/callback; HttpOnly; SameSite=Lax; Max-Age=600");
        self.pending.lock().await.insert(attempt_id, pending);
        Ok(format!("303 See Other\r\nlocation: {url}\r\nset-cookie: {cookie}\r\n\r\n"))
    }

    /// Finishes a sign-in, and shows the result.
    async fn callback(&self, target: &str, attempt_id: &str) -> String {
        let (mut pending, code) = match self.take(target, attempt_id).await {
            Ok(taken) => taken,
            Err(error) => return page("400 Bad Request", &format!("Not signed in: {error}.")),
        };
        match pending.exchange(&self.client, &code).await {
            // A real app stores `grant.key` for this user, and never shows it.
            Ok(grant) => match grant.user_id {
                Some(user) => page("200 OK", &format!("Signed in as {user}.")),
                None => page("200 OK", "Signed in."),
            },
            // If the error is retryable, a real app keeps `pending` and exchanges the code again.
            Err(error) => {
                print_error(&error);
                page("502 Bad Gateway", &format!("Not signed in: {error}."))
            }
        }
    }

    /// Reads a callback, and removes its sign-in. A foreign callback removes nothing.
    async fn take(
        &self,
        target: &str,
        attempt_id: &str,
    ) -> Result<(PendingSignIn, AuthorizationCode), CallbackError> {
        let mut pending = self.pending.lock().await;
        let Entry::Occupied(sign_in) = pending.entry(attempt_id.to_owned()) else {
            return Err(CallbackError::NotOurs);
        };
        match sign_in.get().read_callback(target) {
            Err(error) if !error.ends_sign_in() => Err(error),
            result => {
                let sign_in = sign_in.remove();
                Ok((sign_in, result?))
            }
        }
    }
}

fn page(status: &str, text: &str) -> String {
    format!("{status}\r\ncontent-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\n\r\n{text}\n")
}

fn print_error(error: &dyn Error) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("caused by: {error}");
        cause = error.source();
    }
}
