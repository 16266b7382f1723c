//! No code, verifier, key, or cookie appears in a log, a page, or a header.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{Router, extract::Request, http::header};
use openrouter_oauth::{Client, Entropy, OsEntropy, transport::BoxError};
use openrouter_oauth_axum::{CookieKeys, OneProcessClaims, SignIn};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, Fault, User};
use openrouter_oauth_tests::base64url;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tower_http::{
    sensitive_headers::SetSensitiveRequestHeadersLayer,
    trace::{DefaultOnResponse, TraceLayer},
};
use tracing::Level;

use crate::{
    app::{Stored, key, routes},
    browser::{APP, Browser, Page},
    traces::Traces,
};

/// The operating system's random generator, which remembers its output.
#[derive(Clone, Debug, Default)]
struct RecordedEntropy {
    outputs: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Entropy for RecordedEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        OsEntropy::default().fill(bytes)?;
        self.outputs.lock().unwrap().push(bytes.to_vec());
        Ok(())
    }
}

/// The pages of one sign-in that fails, and of one that connects.
#[derive(Default)]
struct Seen {
    pages: String,
    secrets: Vec<(&'static str, String)>,
}

impl Seen {
    fn page(&mut self, page: &Page) {
        self.pages += &page.body;
        for (name, value) in &page.headers {
            if name != header::SET_COOKIE {
                self.pages += &[name.as_str(), ": ", value.to_str().unwrap(), "\n"].concat();
            }
        }
    }

    #[track_caller]
    fn assert_hidden(&self, text: &str) {
        for (name, secret) in &self.secrets {
            assert!(secret.len() > 15, "{name}");
            assert!(!text.contains(secret), "{name} is visible:\n{text}");
        }
    }
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// Signs in with each ending through `layer`.
async fn sign_in(layer: impl FnOnce(Router) -> Router) -> Seen {
    let (emulator, entropy, stored) = (Emulator::new(), RecordedEntropy::default(), Stored::default());
    let server = emulator.serve(0).await.unwrap();
    let client = Client::builder().base_url(server.base_url()).entropy(entropy.clone()).build().unwrap();
    let sign_in = SignIn::builder(client, APP, CookieKeys::new(key(1)), OneProcessClaims::new(100));
    let sign_in = sign_in.key_label("my app").build().unwrap();
    let browser = Browser::new(serve(layer(routes(&sign_in, stored.clone()))).await, "alice");
    let mut seen = Seen::default();
    for fault in [
        None,
        Some(Fault::status(403).body("body-canary-0123456789")),
        Some(Fault::status(503).header("Retry-After", "5")),
        Some(Fault::drop_after_commit()),
        Some(Fault::wrong_content_type("text/plain")),
    ] {
        let url = browser.begin().await;
        assert!(url.contains(&challenge(&entropy)), "{url}");
        let DecisionOutcome::Redirected(callback) =
            User::new(emulator.clone()).approve(&url, None).await.unwrap()
        else {
            panic!("no redirect")
        };
        seen.secrets.push(("cookie", browser.cookies("/").rsplit('=').next().unwrap().to_owned()));
        let query: Vec<_> = callback.split_once('?').unwrap().1.split('&').collect();
        let value = |name: &str| query.iter().find_map(|pair| pair.strip_prefix(name)).unwrap().to_owned();
        seen.secrets.extend([("code", value("code=")), ("state", value("state="))]);
        if let Some(fault) = fault {
            emulator.inject(fault.on("/auth/keys"));
        }
        let first = browser.get(&callback).await;
        seen.page(&first);
        seen.page(&browser.open(&callback).await);
    }
    seen.secrets.push(("body", "body-canary-0123456789".to_owned()));
    seen.secrets.extend(stored.lock().unwrap().iter().map(|(_, key)| ("key", key.clone())));
    let outputs = entropy.outputs.lock().unwrap();
    seen.secrets.extend(
        outputs.iter().filter(|bytes| bytes.len() == 32).map(|bytes| ("verifier", base64url::encode(bytes))),
    );
    assert_eq!(seen.secrets.iter().filter(|(name, _)| *name == "verifier").count(), 5);
    assert!(seen.secrets.iter().any(|(name, _)| *name == "key"));
    seen
}

/// Returns the challenge of the newest verifier.
fn challenge(entropy: &RecordedEntropy) -> String {
    let outputs = entropy.outputs.lock().unwrap();
    let verifier = outputs.iter().rfind(|bytes| bytes.len() == 32).unwrap();
    base64url::encode(&Sha256::digest(base64url::encode(verifier)))
}

/// The layer of axum's page about proxies.
fn traced(routes: Router) -> Router {
    routes.layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
        tracing::info_span!("request", method = %request.method(), path = request.uri().path())
    }))
}

/// The layers for an application that logs headers.
fn traced_with_headers(routes: Router) -> Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(|request: &Request| {
            let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
            tracing::debug_span!("request", %method, path, ?headers)
        })
        .on_response(DefaultOnResponse::new().level(Level::DEBUG).include_headers(true));
    routes.layer(trace).layer(SetSensitiveRequestHeadersLayer::new([header::COOKIE]))
}

#[tokio::test]
async fn no_secret_is_in_a_log_or_on_a_page() {
    // W-9
    let traces = Traces::default();
    let _guard = tracing::subscriber::set_default(traces.clone());
    for (layers, has_headers) in [(traced as fn(Router) -> Router, false), (traced_with_headers, true)] {
        let seen = sign_in(layers).await;
        let log = traces.take();
        assert!(log.contains("tower_http") && log.contains("path=\"/openrouter/callback/"), "{log}");
        for header in ["\"set-cookie\": Sensitive", "\"cookie\": Sensitive"] {
            assert_eq!(log.contains(header), has_headers, "{log}");
        }
        seen.assert_hidden(&log);
        seen.assert_hidden(&seen.pages);
    }
}

#[tokio::test]
async fn default_trace_layer_would_log_the_code() {
    let traces = Traces::default();
    let _guard = tracing::subscriber::set_default(traces.clone());
    let seen = sign_in(|routes| routes.layer(TraceLayer::new_for_http())).await;
    let log = traces.take();
    let code = &seen.secrets.iter().find(|(name, _)| *name == "code").unwrap().1;
    assert!(log.contains(code), "the layer is no longer needed:\n{log}");
}
