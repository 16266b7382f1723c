//! `demo`: the whole sign-in, step by step. Read it to learn the SDK.
//!
//! The client is the real one, on hyper and over TCP. The service is the emulator. The emulator's [`User`] plays the
//! user: it approves or denies the request in the authorize URL and returns the outcome.

mod report;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use openrouter_oauth::{
    ApiKey, AuthorizationCode, CallbackError, CallbackUrl, Client, CreateAuthCode, CreditLimit, Error,
    ExchangeAuthCode, KeyLabel, KeyLinks, PendingSignIn, Pkce, SpentReason,
    models::KeyInfo,
    transport::{Transport, from_fn},
    transport_hyper::{HyperTransport, TokioTimer},
};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};

use self::report::Report;
use crate::{args::ServiceOptions, client, exit::Failure, output::Output, status};

pub(crate) async fn run(service: &ServiceOptions, output: Output) -> Result<(), Failure> {
    // Our own emulator stops when it is dropped.
    let (base_url, _emulator) = if let Some(url) = &service.server {
        (emulator_url(url)?.to_owned(), None)
    } else {
        let server = Emulator::new().serve(0).await?;
        (server.base_url(), Some(server))
    };
    let sent = Arc::new(AtomicUsize::new(0));
    let transport = client::transport(service)?;
    let builder = Client::builder()
        .base_url(&base_url)
        .transport(counting(transport.clone(), Arc::clone(&sent)))
        .timer(TokioTimer::default());
    let client = client::build(builder, service)?;
    // If nothing listens there, this fails with the SDK's error.
    client.signing_keys().await?;

    let user = User::new(transport);
    let mut demo = Demo { client, sent, user, report: Report::begin(&base_url, output)?, keys: Vec::new() };
    let key = demo.sign_in_with_a_callback().await?;
    demo.sign_in_without_a_callback().await?;
    demo.create_a_code_with_a_key(&key).await?;
    demo.handle_a_denial().await?;
    demo.exchange_a_code_twice().await?;
    demo.inspect_the_key(&key).await?;
    demo.report.end()
}

struct Demo {
    client: Client,
    /// How many requests the client has sent.
    sent: Arc<AtomicUsize>,
    user: User,
    report: Report,
    /// The keys that the demo has created so far.
    keys: Vec<ApiKey>,
}

/// An IP address rather than `localhost`, because another program may listen for `localhost` on another interface
/// (RFC 8252, section 8.3).
const CALLBACK: &str = "http://127.0.0.1:3000/callback";
const LABEL: &str = "openrouter-oauth demo";
const LIMIT: f64 = 5.0;

impl Demo {
    async fn sign_in_with_a_callback(&mut self) -> Result<ApiKey, Failure> {
        self.report.step("Sign in with a callback")?;

        let callback = CallbackUrl::parse(CALLBACK)?;
        let (url, mut sign_in) = self.client.authorize(callback).key_label(LABEL).begin()?;
        self.line(format!("The program creates a URL for the user: {url:?}"))?;
        self.line("It keeps a `PendingSignIn`, which holds the verifier and finishes the sign-in.")?;

        let came_back = redirected(self.user.approve(url.as_str(), Some(LIMIT)).await?)?;
        self.line(format!("The user sets a limit of {LIMIT} USD and presses Authorize."))?;
        self.line(format!("OpenRouter redirects the browser to {CALLBACK}/[attempt ID]?code=[redacted]."))?;
        self.line("No server listens there in this demo. The demo passes the URL to `read_callback`,")?;
        self.line("as a web server would pass on the browser's request.")?;

        let code = sign_in.read_callback(&came_back)?;
        let grant = sign_in.exchange(&self.client, &code).await?;
        self.line(format!("The program exchanges the code for a key: {:?}.", grant.key))?;
        self.try_new_key(&grant.key, Some(LIMIT)).await?;
        Ok(grant.key)
    }

    async fn sign_in_without_a_callback(&mut self) -> Result<(), Failure> {
        self.report.step("Sign in without a callback, as over SSH")?;

        let (url, mut sign_in) = self.client.authorize_headless().key_label(LABEL).begin()?;
        let DecisionOutcome::Code(shown) = self.user.approve(url.as_str(), None).await? else {
            return Err(Failure::Demo("a page that shows a code"));
        };
        self.line("The user presses Authorize. The page shows a code, and the user pastes it.")?;

        let code = sign_in.read_pasted(&shown)?;
        let grant = sign_in.exchange(&self.client, &code).await?;
        self.line(format!("The program exchanges the code for a key: {:?}.", grant.key))?;
        self.try_new_key(&grant.key, None).await
    }

    async fn create_a_code_with_a_key(&mut self, key: &ApiKey) -> Result<(), Failure> {
        self.report.step("Create a code with a key, and exchange it")?;

        let pkce = Pkce::generate()?;
        let request = CreateAuthCode::new(CallbackUrl::parse(CALLBACK)?)
            .challenge(pkce.challenge().clone(), Pkce::METHOD)
            .key_label(KeyLabel::parse(LABEL)?)
            .limit(CreditLimit::new(LIMIT)?);
        let code = self.client.with_key(key.clone()).create_auth_code(request).await?;
        self.line(format!(
            "The program creates a code with the key of step 1, without the consent page: {:?}.",
            code.id
        ))?;

        let (verifier, _) = pkce.into_parts();
        let request = ExchangeAuthCode::new(code.id).pkce(verifier, Pkce::METHOD);
        let grant = self.client.exchange_auth_code(request).await?;
        self.line(format!("The program exchanges the code for another key: {:?}.", grant.key))?;
        self.try_new_key(&grant.key, Some(LIMIT)).await
    }

    async fn handle_a_denial(&mut self) -> Result<(), Failure> {
        self.report.step("Handle a denial")?;

        let callback = CallbackUrl::parse(CALLBACK)?;
        let (url, sign_in) = self.client.authorize(callback).begin()?;
        let came_back = redirected(self.user.deny(url.as_str()).await?)?;
        match sign_in.read_callback(&came_back) {
            Err(CallbackError::Denied { .. }) => {
                self.line("The user presses Deny, and `read_callback` returns `CallbackError::Denied`.")
            }
            _ => Err(Failure::Demo("a denial")),
        }
    }

    async fn exchange_a_code_twice(&mut self) -> Result<(), Failure> {
        self.report.step("Exchange a code twice")?;

        let (mut sign_in, code) = self.begin_and_approve().await?;
        let grant = sign_in.exchange(&self.client, &code).await?;
        self.line(format!("The first exchange returns a key: {:?}.", grant.key))?;
        self.try_new_key(&grant.key, None).await?;

        let before = self.sent.load(Ordering::Relaxed);
        let again = sign_in.exchange(&self.client, &code).await;
        if self.sent.load(Ordering::Relaxed) != before {
            return Err(Failure::Demo("a second exchange that sends nothing"));
        }
        match again {
            Err(Error::Spent(SpentReason::Exchanged)) => {
                self.line("`PendingSignIn` returns an error for the second exchange and sends nothing.")?;
            }
            _ => return Err(Failure::Demo("a sign-in that cannot be used again")),
        }

        let forced = self.client.exchange_auth_code(ExchangeAuthCode::new(code)).await;
        match forced {
            Err(error) if error.is_rejected_code() => self.line(format!(
                "The raw operation sends the code again, and the service rejects it: {error}."
            )),
            _ => Err(Failure::Demo("a rejected code")),
        }
    }

    async fn inspect_the_key(&mut self, key: &ApiKey) -> Result<(), Failure> {
        self.report.step("Inspect the key of step 1")?;

        let info = self.info(key, Some(LIMIT)).await?;
        for line in status::describe(&info) {
            self.line(line)?;
        }
        let links = KeyLinks::new(key);
        self.line(format!("activity  {}", links.activity()))?;
        self.line(format!("settings  {}", links.settings()))
    }

    /// Begins a sign-in, approves it, and returns it with its code.
    async fn begin_and_approve(&self) -> Result<(PendingSignIn, AuthorizationCode), Failure> {
        let callback = CallbackUrl::parse(CALLBACK)?;
        let (url, sign_in) = self.client.authorize(callback).key_label(LABEL).begin()?;
        let came_back = redirected(self.user.approve(url.as_str(), None).await?)?;
        let code = sign_in.read_callback(&came_back)?;
        Ok((sign_in, code))
    }

    /// Checks that a key is new, works, and has the requested label and limit.
    async fn try_new_key(&mut self, key: &ApiKey, limit: Option<f64>) -> Result<(), Failure> {
        self.info(key, limit).await?;
        if self.keys.contains(key) {
            return Err(Failure::Demo("a new key"));
        }
        self.keys.push(key.clone());
        self.line("The key is new, it works, and it has the requested label and limit.")
    }

    /// Returns the service's description of a key, after checking its label and limit.
    async fn info(&self, key: &ApiKey, limit: Option<f64>) -> Result<KeyInfo, Failure> {
        let info = self.client.with_key(key.clone()).current_key().await?;
        if info.label.as_deref() != Some(LABEL) || info.limit.value().copied() != limit {
            return Err(Failure::Demo("a key with the requested label and limit"));
        }
        Ok(info)
    }

    fn line(&mut self, line: impl Into<String>) -> Result<(), Failure> {
        self.report.line(line.into())
    }
}

/// Checks that the URL uses `http`, which OpenRouter itself never does. The client checks that it is on this machine.
fn emulator_url(url: &str) -> Result<&str, Failure> {
    let scheme = url.get(.."http://".len());
    if scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://")) {
        Ok(url)
    } else {
        Err(Failure::Usage(
            "the demo acts as the user, so it needs an emulator: --server http://127.0.0.1:PORT/api/v1",
        ))
    }
}

/// Returns the transport with a counter of the requests sent through it.
fn counting(transport: HyperTransport, sent: Arc<AtomicUsize>) -> impl Transport {
    from_fn(move |request, limits| {
        sent.fetch_add(1, Ordering::Relaxed);
        let transport = transport.clone();
        async move { transport.send(request, limits).await }
    })
}

/// Returns the URL that the page redirected the browser to.
fn redirected(outcome: DecisionOutcome) -> Result<String, Failure> {
    match outcome {
        DecisionOutcome::Redirected(url) => Ok(url),
        _ => Err(Failure::Demo("a redirect to the callback")),
    }
}
