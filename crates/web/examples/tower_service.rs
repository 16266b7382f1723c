//! The sign-in without a framework: an adapter for every server that takes a `tower_service::Service`, here hyper.
//!
//! ```sh
//! cargo run -p openrouter-oauth-web --example tower_service
//! ```
//!
//! Its user is the value of the cookie `session`. To use the emulator instead of OpenRouter, start it in another terminal,
//! and pass its base URL:
//!
//! ```sh
//! cargo run -p openrouter-oauth-cli -- emulator --port 8080
//! cargo run -p openrouter-oauth-web --example tower_service -- 3000 http://127.0.0.1:8080/api/v1
//! ```
#![expect(clippy::print_stdout, reason = "an example shows its address")]

use std::{
    convert::Infallible,
    env,
    error::Error,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response, StatusCode, header::COOKIE, request::Parts};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use openrouter_oauth::{ApiKey, Client, Entropy, OsEntropy};
use openrouter_oauth_web::{CookieKeys, OneProcessClaims, Route, SignIn, harden};
use tokio::net::TcpListener;
use tower_service::Service;

// The adapter.
#[derive(Clone)]
struct SignInService {
    sign_in: SignIn,
}

impl<B: Send + 'static> Service<Request<B>> for SignInService {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<String>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (sign_in, (parts, _)) = (self.sign_in.clone(), request.into_parts());
        // A task of its own, because the server drops this future when the browser goes away.
        let task = tokio::spawn(async move { respond(&sign_in, &parts).await });
        Box::pin(async move {
            let mut response = task.await.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR));
            harden(&mut response);
            Ok(response)
        })
    }
}

async fn respond(sign_in: &SignIn, parts: &Parts) -> Response<String> {
    let Some(user) = user(parts) else { return status(StatusCode::UNAUTHORIZED) };
    match sign_in.route(parts) {
        Route::Begin => sign_in.begin(parts, user, SignIn::return_to(parts).as_deref(), b""),
        Route::Callback => match sign_in.callback(parts).finish(user).await {
            Ok(connected) => {
                store(user, connected.key());
                connected.done().await
            }
            Err(ending) => ending.into_response(),
        },
        Route::Other(response) => *response,
    }
}
// The end of the adapter.

/// DO NOT COPY: anyone can send this cookie. A real application finds its user by a session.
fn user(parts: &Parts) -> Option<&str> {
    let cookies = parts.headers.get(COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session="))
}

/// A real application stores the key, as a `SealedKey`.
fn store(user: &str, key: &ApiKey) {
    println!("{user} has a key of {} characters", key.expose().len());
}

fn status(status: StatusCode) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    response
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let port = arguments.next().map_or(Ok(3000), |port| port.parse())?;
    let client = match arguments.next() {
        Some(base_url) => Client::builder().base_url(base_url).build()?,
        None => Client::new(),
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    // A real application reads the key from its environment, with `CookieKeys::parse`.
    let mut key = [0; 32];
    OsEntropy::default().fill(&mut key).map_err(|error| error.to_string())?;
    let sign_in =
        SignIn::builder(client, &*origin, CookieKeys::new(key), OneProcessClaims::new(10_000)).build()?;
    println!("Open {origin}");
    let service = TowerToHyperService::new(SignInService { sign_in });
    loop {
        let (stream, _) = listener.accept().await?;
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
        tokio::spawn(connection);
    }
}
