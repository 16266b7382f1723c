//! `demo`: the whole sign-in, step by step. Read it to learn the SDK.
//!
//! The client is the real one, on hyper and over TCP. The service is the emulator, and a [`User`] of the emulator's
//! crate plays the user: it approves or denies what the authorize URL asks for, and returns where that leads.

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
use crate::{exit::Failure, output::Output, status};

pub(crate) async fn run(server: Option<&str>, output: Output) -> Result<(), Failure> {
    // An emulator of one's own stops when it is dropped.
    let (base_url, _emulator) = if let Some(url) = server {
        (emulator_url(url)?.to_owned(), None)
    } else {
        let server = Emulator::new().serve(0).await?;
        (server.base_url(), Some(server))
    };
    let sent = Arc::new(AtomicUsize::new(0));
    let client = Client::builder()
        .base_url(&base_url)
        .transport(counting(Arc::clone(&sent)))
        .timer(TokioTimer::default())
        .build()?;
    // It fails here, in the SDK's words, if nobody is there.
    client.signing_keys().await?;

    let user = User::new(HyperTransport::new());
    let mut demo = Demo { client, sent, user, report: Report::begin(&base_url, output)?, keys: Vec::new() };
    let key = demo.sign_in_with_a_callback().await?;
    demo.sign_in_without_a_callback().await?;
    demo.create_a_code_with_a_key(&key).await?;
    demo.be_denied().await?;
    demo.exchange_a_code_twice().await?;
    demo.look_at_the_key(&key).await?;
    demo.report.end()
}

struct Demo {
    client: Client,
    /// How many requests the client has sent.
    sent: Arc<AtomicUsize>,
    user: User,
    report: Report,
    /// Those that were made so far.
    keys: Vec<ApiKey>,
}

/// The address and not `localhost`, which another program may listen for on another interface (RFC 8252, section 8.3).
const CALLBACK: &str = "http://127.0.0.1:3000/callback";
const LABEL: &str = "openrouter-oauth demo";
const LIMIT: f64 = 5.0;

impl Demo {
    async fn sign_in_with_a_callback(&mut self) -> Result<ApiKey, Failure> {
        self.report.step("Sign in with a callback")?;

        let callback = CallbackUrl::parse(CALLBACK)?;
        let (url, mut pending) = self.client.authorize(callback).key_label(LABEL).begin()?;
        self.line(format!("The program makes a URL for the user: {url:?}"))?;
        self.line("and keeps what finishes the sign-in, with the verifier, in a `PendingSignIn`.")?;

        let came_back = redirected(self.user.approve(url.as_str(), Some(LIMIT)).await?)?;
        self.line(format!("The user sets a limit of {LIMIT} USD and presses Authorize."))?;
        self.line(format!("The browser is sent to {CALLBACK}/[attempt ID]?code=[redacted]."))?;
        self.line("Nobody listens there in this demo: the address goes straight to `read_callback`,")?;
        self.line("as a web server would hand over the browser's request.")?;

        let code = pending.read_callback(&came_back)?;
        let grant = pending.exchange(&self.client, &code).await?;
        self.line(format!("The code is exchanged for a key: {:?}.", grant.key))?;
        self.try_new_key(&grant.key, Some(LIMIT)).await?;
        Ok(grant.key)
    }

    async fn sign_in_without_a_callback(&mut self) -> Result<(), Failure> {
        self.report.step("Sign in without a callback, as over SSH")?;

        let (url, mut pending) = self.client.authorize_headless().key_label(LABEL).begin()?;
        let DecisionOutcome::Code(shown) = self.user.approve(url.as_str(), None).await? else {
            return Err(Failure::Demo("a page that shows a code"));
        };
        self.line("The user presses Authorize, the page shows a code, and the user pastes it.")?;

        let code = pending.read_pasted(&shown)?;
        let grant = pending.exchange(&self.client, &code).await?;
        self.line(format!("The code is exchanged for a key: {:?}.", grant.key))?;
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
        self.line(format!("With the key of step 1 and no page, there is a code: {:?}.", code.id))?;

        let (verifier, _) = pkce.into_parts();
        let request = ExchangeAuthCode::new(code.id).pkce(verifier, Pkce::METHOD);
        let grant = self.client.exchange_auth_code(request).await?;
        self.line(format!("It is exchanged for a key of its own: {:?}.", grant.key))?;
        self.try_new_key(&grant.key, Some(LIMIT)).await
    }

    async fn be_denied(&mut self) -> Result<(), Failure> {
        self.report.step("Be denied")?;

        let callback = CallbackUrl::parse(CALLBACK)?;
        let (url, pending) = self.client.authorize(callback).begin()?;
        let came_back = redirected(self.user.deny(url.as_str()).await?)?;
        match pending.read_callback(&came_back) {
            Err(CallbackError::Denied { .. }) => {
                self.line("The user presses Deny, and the program is told so.")
            }
            _ => Err(Failure::Demo("a denial")),
        }
    }

    async fn exchange_a_code_twice(&mut self) -> Result<(), Failure> {
        self.report.step("Exchange a code twice")?;

        let (mut pending, code) = self.begin_and_approve().await?;
        let grant = pending.exchange(&self.client, &code).await?;
        self.line(format!("The first exchange brings a key: {:?}.", grant.key))?;
        self.try_new_key(&grant.key, None).await?;

        let before = self.sent.load(Ordering::Relaxed);
        let again = pending.exchange(&self.client, &code).await;
        if self.sent.load(Ordering::Relaxed) != before {
            return Err(Failure::Demo("a second exchange that sends nothing"));
        }
        match again {
            Err(Error::Spent(SpentReason::Exchanged)) => {
                self.line("`PendingSignIn` rejects the second, and sends nothing.")?;
            }
            _ => return Err(Failure::Demo("a sign-in that cannot be used again")),
        }

        let forced = self.client.exchange_auth_code(ExchangeAuthCode::new(code)).await;
        match forced {
            Err(error) if error.is_rejected_code() => {
                self.line(format!("Forced through the raw operation, the service rejects the code: {error}."))
            }
            _ => Err(Failure::Demo("a rejected code")),
        }
    }

    async fn look_at_the_key(&mut self, key: &ApiKey) -> Result<(), Failure> {
        self.report.step("Look at the key of step 1")?;

        let info = self.info(key, Some(LIMIT)).await?;
        for line in status::describe(&info) {
            self.line(line)?;
        }
        let links = KeyLinks::new(key);
        self.line(format!("activity  {}", links.activity()))?;
        self.line(format!("settings  {}", links.settings()))
    }

    /// A sign-in up to its code.
    async fn begin_and_approve(&self) -> Result<(PendingSignIn, AuthorizationCode), Failure> {
        let callback = CallbackUrl::parse(CALLBACK)?;
        let (url, pending) = self.client.authorize(callback).key_label(LABEL).begin()?;
        let came_back = redirected(self.user.approve(url.as_str(), None).await?)?;
        let code = pending.read_callback(&came_back)?;
        Ok((pending, code))
    }

    /// A key that was just made works, is what was asked for, and is none of those before.
    async fn try_new_key(&mut self, key: &ApiKey, limit: Option<f64>) -> Result<(), Failure> {
        self.info(key, limit).await?;
        if self.keys.contains(key) {
            return Err(Failure::Demo("a key that was not there before"));
        }
        self.keys.push(key.clone());
        self.line("It is a new one, it works, and its label and limit are those that were asked for.")
    }

    /// What the service says of a key, with the label and the limit that were asked for.
    async fn info(&self, key: &ApiKey, limit: Option<f64>) -> Result<KeyInfo, Failure> {
        let info = self.client.with_key(key.clone()).current_key().await?;
        if info.label.as_deref() != Some(LABEL) || info.limit.value().copied() != limit {
            return Err(Failure::Demo("a key with the label and the limit that were asked for"));
        }
        Ok(info)
    }

    fn line(&mut self, line: impl Into<String>) -> Result<(), Failure> {
        self.report.line(line.into())
    }
}

/// An emulator is reached by http on this machine (which the client checks); OpenRouter itself never is.
fn emulator_url(url: &str) -> Result<&str, Failure> {
    let scheme = url.get(.."http://".len());
    if scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://")) {
        Ok(url)
    } else {
        Err(Failure::Usage(
            "the demo plays the user, so it needs an emulator: --server http://127.0.0.1:PORT/api/v1",
        ))
    }
}

/// The default transport, which also counts what goes through it.
fn counting(sent: Arc<AtomicUsize>) -> impl Transport {
    let transport = Arc::new(HyperTransport::new());
    from_fn(move |request, limits| {
        sent.fetch_add(1, Ordering::Relaxed);
        let transport = Arc::clone(&transport);
        async move { transport.send(request, limits).await }
    })
}

/// Where the page sent the browser.
fn redirected(outcome: DecisionOutcome) -> Result<String, Failure> {
    match outcome {
        DecisionOutcome::Redirected(url) => Ok(url),
        _ => Err(Failure::Demo("a redirect to the callback")),
    }
}
