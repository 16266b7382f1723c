//! A web app: `/login` sends the browser to OpenRouter, and the callback signs its user in.
//!
//! Against the emulator, each line in a terminal of its own:
//!
//! ```sh
//! cargo run -p openrouter-oauth-cli -- emulator --port 8080
//! OPENROUTER_BASE_URL=http://127.0.0.1:8080/api/v1 cargo run -p openrouter-oauth --example web_app
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{collections::HashMap, error::Error, sync::Arc};

use openrouter_oauth::{AuthorizationCode, CallbackError, Client, PendingSignIn};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

struct App {
    client: Client,
    /// The sign-ins under way, by attempt ID. A real app also drops those that are older than ten minutes.
    pending: Mutex<HashMap<String, PendingSignIn>>,
}

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let app = Arc::new(App { client: Client::from_env()?, pending: Mutex::default() });
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("Open http://127.0.0.1:3000/login");
    loop {
        let (browser, _) = listener.accept().await?;
        let app = Arc::clone(&app);
        tokio::spawn(async move { app.serve(browser).await });
    }
}

impl App {
    async fn serve(&self, mut browser: TcpStream) -> Result<()> {
        let mut lines = BufReader::new(&mut browser).take(16 * 1024).lines();
        let request = lines.next_line().await?.unwrap_or_default();
        let mut attempt_id = String::new();
        while let Some(line) = lines.next_line().await?.filter(|line| !line.is_empty()) {
            if let Some((_, value)) = line.split_once("sign_in=") {
                value.split(';').next().unwrap_or_default().clone_into(&mut attempt_id);
            }
        }
        let response = match request.split(' ').nth(1).unwrap_or_default() {
            "/login" => self.login().await?,
            target if target.starts_with("/callback/") => self.callback(target, &attempt_id).await,
            _ => page("404 Not Found", "There is only /login here."),
        };
        browser.write_all(format!("HTTP/1.1 {response}").as_bytes()).await?;
        Ok(browser.shutdown().await?)
    }

    async fn login(&self) -> Result<String> {
        let callback = "http://127.0.0.1:3000/callback";
        let (url, pending) = self.client.authorize(callback).key_label("web_app").begin()?;
        let attempt_id = pending.attempt_id().to_owned();
        // Binds the sign-in to this browser. With https, add `Secure`.
        let cookie = format!("sign_in={attempt_id}; Path=/callback; HttpOnly; SameSite=Lax; Max-Age=600");
        self.pending.lock().await.insert(attempt_id, pending);
        Ok(format!("303 See Other\r\nlocation: {url}\r\nset-cookie: {cookie}\r\n\r\n"))
    }

    async fn callback(&self, target: &str, attempt_id: &str) -> String {
        let (mut pending, code) = match self.take(target, attempt_id).await {
            Ok(taken) => taken,
            Err(error) => return page("400 Bad Request", &error.to_string()),
        };
        match pending.exchange(&self.client, &code).await {
            // Here the app keeps `grant.key`, and never shows it.
            Ok(grant) => page("200 OK", &format!("Signed in as {:?}.", grant.user_id)),
            Err(error) => page("502 Bad Gateway", &error.to_string()),
        }
    }

    /// Other people's callbacks change nothing; the right one finds its sign-in once.
    async fn take(
        &self,
        target: &str,
        attempt_id: &str,
    ) -> std::result::Result<(PendingSignIn, AuthorizationCode), CallbackError> {
        let mut pending = self.pending.lock().await;
        let code = pending.get(attempt_id).ok_or(CallbackError::NotOurs)?.read_callback(target)?;
        Ok((pending.remove(attempt_id).ok_or(CallbackError::NotOurs)?, code))
    }
}

fn page(status: &str, text: &str) -> String {
    format!("{status}\r\ncontent-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\n\r\n{text}\n")
}
