//! Two proxies between the SDK and the emulator, which replace OpenRouter's responses with the pages of gateways.
//!
//! One proxy passes each request on and replaces the response: a key is created, but the program never receives it. The
//! other proxy responds without passing anything on. The SDK cannot tell them apart.

// A1, A2, A15

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use openrouter_oauth::{
    ApiKey, AuthorizationCode, CallbackUrl, Client, CreateAuthCode, Error, PendingSignIn, Retry,
    UnknownReason,
    transport::Transport,
    transport_hyper::{HyperTransport, TokioTimer},
};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, EmulatorServer, User};
use openrouter_oauth_tests::{Result, canary};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    gateway_page::{self, GatewayPage, PageMeaning},
    resources::Resources,
    table::Table,
    verdict::{Rule, Violation},
};

const EXCHANGE: &str = "/api/v1/auth/keys";
const LABEL: &str = "behind a gateway";
const CALLBACK: &str = "https://app.example/callback";

/// Tests both proxies, with `wrap` around the transport of the client.
pub(crate) async fn run(wrap: fn(HyperTransport) -> Arc<dyn Transport>, table: &mut Table) -> Result<()> {
    let (start, before) = (Instant::now(), Resources::now()?);
    let (mut violations, mut cases) = (Vec::new(), 0);
    for page in gateway_page::all() {
        // The second exchange goes past the proxy at once, or after another one through it.
        let most_pages = if page.meaning() == PageMeaning::Doubt { 2 } else { 1 };
        for pages in 1..=most_pages {
            violations.extend(exchange_with_replaced_response(wrap, page, pages).await?);
            cases += 1;
        }
        violations.extend(create_with_replaced_response(wrap, page).await?);
        cases += 1;
    }
    violations.extend(before.settle().await?.map(|text| Violation { rule: Rule::Leak, text }));
    table.add_part("proxy that replaces responses", cases, &count_pages(), violations, start.elapsed());

    let (start, before) = (Instant::now(), Resources::now()?);
    let (mut violations, mut cases) = (Vec::new(), 0);
    for page in gateway_page::all() {
        violations.extend(exchange_without_request(wrap, page).await?);
        violations.extend(read_without_request(wrap, page).await?);
        cases += 2;
    }
    violations.extend(before.settle().await?.map(|text| Violation { rule: Rule::Leak, text }));
    table.add_part("proxy that responds itself", cases, &count_pages(), violations, start.elapsed());
    Ok(())
}

/// Counts the pages, in words: `220 pages: 20 turned away, 100 in doubt, 100 unknown`.
fn count_pages() -> String {
    let count = |meaning| gateway_page::all().filter(|page| page.meaning() == meaning).count();
    let [away, doubt, unknown] =
        [PageMeaning::TurnedAway, PageMeaning::Doubt, PageMeaning::Unknown].map(count);
    format!("{} pages: {away} turned away, {doubt} in doubt, {unknown} unknown", away + doubt + unknown)
}

/// Exchanges a code through a proxy that passes the request on and replaces the response, `pages` times. Then, if the
/// sign-in is still fresh, sends the code past the proxy.
async fn exchange_with_replaced_response(
    wrap: fn(HyperTransport) -> Arc<dyn Transport>,
    page: GatewayPage,
    pages: usize,
) -> Result<Vec<Violation>> {
    let testbed = ProxyTestbed::open(wrap).await?;
    let (mut pending, code) = testbed.approve().await?;
    let mut check = Check::new("the response was replaced by", page);
    testbed.proxy.set(Behavior::Replace(page));
    for number in 1..=pages {
        let outcome = pending.exchange(&testbed.client, &code).await;
        check.posts(testbed.posts(), number);
        let Some(error) = check.fails(outcome, code.expose()) else { return Ok(check.violations) };
        check.first_exchange(&error, &pending);
    }
    testbed.proxy.set(Behavior::Relay);
    let outcome = pending.exchange(&testbed.client, &code).await;
    if let Some(error) = check.fails(outcome, code.expose()) {
        check.second_exchange(&error, &pending);
    }
    let sent_again = page.meaning() != PageMeaning::Unknown;
    check.posts(testbed.posts(), pages + usize::from(sent_again));
    check.keys(testbed.keys(), 1);
    Ok(check.violations)
}

/// Creates a code through a proxy that passes the request on and replaces the response.
async fn create_with_replaced_response(
    wrap: fn(HyperTransport) -> Arc<dyn Transport>,
    page: GatewayPage,
) -> Result<Vec<Violation>> {
    let testbed = ProxyTestbed::open(wrap).await?;
    let key = testbed.emulator.issue_management_key();
    let client = testbed.client.with_key(ApiKey::parse(&key)?);
    let mut check = Check::new("the response to a new code was replaced by", page);
    testbed.proxy.set(Behavior::Replace(page));
    let request = CreateAuthCode::new(CallbackUrl::parse(CALLBACK)?);
    let outcome = client.create_auth_code(request).await;
    check.posts(testbed.emulator.posts("/auth/keys/code"), 1);
    if let Some(error) = check.fails(outcome, &key) {
        check.verdict(&error);
    }
    Ok(check.violations)
}

/// Exchanges a code through a proxy that responds without passing the request on. Then, if the sign-in is still fresh,
/// sends the code past the proxy.
async fn exchange_without_request(
    wrap: fn(HyperTransport) -> Arc<dyn Transport>,
    page: GatewayPage,
) -> Result<Vec<Violation>> {
    let testbed = ProxyTestbed::open(wrap).await?;
    let (mut pending, code) = testbed.approve().await?;
    let mut check = Check::new("the proxy responded with", page);
    testbed.proxy.set(Behavior::Respond(page));
    let outcome = pending.exchange(&testbed.client, &code).await;
    check.posts(testbed.posts(), 0);
    if let Some(error) = check.fails(outcome, code.expose()) {
        check.first_exchange(&error, &pending);
    }
    testbed.proxy.set(Behavior::Relay);
    let outcome = pending.exchange(&testbed.client, &code).await;
    let is_spent = page.meaning() == PageMeaning::Unknown;
    match outcome {
        Ok(_) if !is_spent => check.keys(testbed.keys(), 1),
        Err(Error::Spent(_)) if is_spent => check.keys(testbed.keys(), 0),
        Ok(_) => check.violate(Rule::Doubt, "a sign-in with an unknown outcome was used again"),
        Err(error) => check.violate(Rule::Foreign, &format!("the code is lost: {error:?}")),
    }
    Ok(check.violations)
}

/// Reads the details of a key through a proxy that responds without passing the request on, and then past the proxy.
async fn read_without_request(
    wrap: fn(HyperTransport) -> Arc<dyn Transport>,
    page: GatewayPage,
) -> Result<Vec<Violation>> {
    let testbed = ProxyTestbed::open(wrap).await?;
    let key = testbed.emulator.issue_management_key();
    let client = testbed.reader.with_key(ApiKey::parse(&key)?);
    let mut check = Check::new("the proxy responded to a read with", page);
    testbed.proxy.set(Behavior::Respond(page));
    match client.current_key().await {
        Ok(_) => check.violate(Rule::Class, "the page was read as the details of a key"),
        Err(error) => check.read(&error, &key),
    }
    testbed.proxy.set(Behavior::Relay);
    if let Err(error) = client.current_key().await {
        check.violate(Rule::Foreign, &format!("the key is lost: {error:?}"));
    }
    Ok(check.violations)
}

/// Compares outcomes with the rules, and collects the violations.
struct Check {
    /// What happened to the response.
    setup: &'static str,
    page: GatewayPage,
    violations: Vec<Violation>,
}

impl Check {
    fn new(setup: &'static str, page: GatewayPage) -> Self {
        Self { setup, page, violations: Vec::new() }
    }

    fn violate(&mut self, rule: Rule, text: &str) {
        let Self { setup, page, .. } = self;
        let text = format!("{text}: {setup} {page}");
        self.violations.push(Violation { rule, text });
    }

    fn require(&mut self, rule: Rule, holds: bool, error: &Error, text: &str) {
        if !holds {
            self.violate(rule, &format!("{text} ({error}) ({error:?})"));
        }
    }

    fn posts(&mut self, posts: usize, expected: usize) {
        if posts != expected {
            self.violate(Rule::Once, &format!("{posts} requests instead of {expected}"));
        }
    }

    fn keys(&mut self, keys: usize, expected: usize) {
        if keys != expected {
            self.violate(Rule::Once, &format!("{keys} keys instead of {expected}"));
        }
    }

    /// Returns the error of a call. Checks that it hides the code or the key that the call sent.
    fn fails<T>(&mut self, outcome: std::result::Result<T, Error>, secret: &str) -> Option<Error> {
        let Err(error) = outcome else {
            self.violate(Rule::Class, "the call succeeded");
            return None;
        };
        let shows_secret = canary::everything(&error).contains(secret);
        self.require(Rule::Secret, !shows_secret, &error, "the error contains the secret");
        Some(error)
    }

    /// Checks the error of a request that is not idempotent, whose response was the page.
    fn verdict(&mut self, error: &Error) {
        let meaning = self.page.meaning();
        let says_nothing_about_the_code =
            !error.is_rejected_code() && !error.is_expired_code() && !error.is_unauthorized();
        self.require(
            Rule::Foreign,
            says_nothing_about_the_code,
            error,
            "the page was taken for OpenRouter's",
        );
        self.require(
            Rule::Doubt,
            error.may_have_acted() == (meaning != PageMeaning::TurnedAway),
            error,
            "the error is wrong about whether OpenRouter may have acted",
        );
        self.require(
            Rule::Doubt,
            error.is_outcome_unknown() == (meaning == PageMeaning::Unknown),
            error,
            "the outcome should be unknown, or should not be",
        );
        let turns_away = matches!(error, Error::RateLimited { .. } | Error::ServiceUnavailable { .. });
        self.require(
            Rule::Class,
            turns_away == (meaning == PageMeaning::TurnedAway),
            error,
            "the request was turned away, or was not",
        );
    }

    /// Checks the first exchange, whose response was the page.
    fn first_exchange(&mut self, error: &Error, pending: &PendingSignIn) {
        self.verdict(error);
        let meaning = self.page.meaning();
        let says_it = error.to_string().contains("may have been created");
        self.require(
            Rule::Doubt,
            says_it == (meaning != PageMeaning::TurnedAway),
            error,
            "the message is wrong about whether a key may exist",
        );
        self.require(
            Rule::Foreign,
            pending.is_fresh() == (meaning != PageMeaning::Unknown),
            error,
            "the sign-in should be fresh, or should not be",
        );
    }

    /// Checks the exchange that sent the same code again, after OpenRouter created a key for it.
    fn second_exchange(&mut self, error: &Error, pending: &PendingSignIn) {
        let text = error.to_string();
        match (self.page.meaning(), error) {
            // OpenRouter's own verdict on the code counts again.
            (PageMeaning::TurnedAway, error) => {
                self.require(Rule::Class, error.is_rejected_code(), error, "OpenRouter rejected the code");
            }
            (PageMeaning::Doubt, Error::OutcomeUnknown(unknown)) => {
                let says_it = unknown.reason() == UnknownReason::RejectedLater
                    && text.contains(&format!("a key labeled \"{LABEL}\" may have been created"));
                self.require(Rule::Doubt, says_it, error, "the error does not describe the doubt");
                self.require(Rule::Doubt, !pending.is_fresh(), error, "the sign-in is not spent");
            }
            (PageMeaning::Doubt, error) => {
                self.require(Rule::Doubt, false, error, "the sign-in forgot that a key may exist");
            }
            (PageMeaning::Unknown, error) => {
                let is_spent = matches!(error, Error::Spent(_));
                self.require(Rule::Doubt, is_spent, error, "the sign-in is not spent");
            }
        }
    }

    /// Checks a read, whose response was the page.
    fn read(&mut self, error: &Error, key: &str) {
        let says_nothing = !error.is_unauthorized() && !error.is_rejected_code();
        self.require(Rule::Foreign, says_nothing, error, "the page was taken for OpenRouter's");
        let has_no_doubt = !error.is_outcome_unknown() && !error.may_have_acted();
        self.require(Rule::Doubt, has_no_doubt, error, "a read has an unknown outcome");
        let shows_key = canary::everything(error).contains(key);
        self.require(Rule::Secret, !shows_key, error, "the error contains the key");
    }
}

/// An emulator behind a proxy, and clients of the proxy.
struct ProxyTestbed {
    emulator: Emulator,
    proxy: Proxy,
    client: Client,
    /// A client that does not retry.
    reader: Client,
    user: User,
    _server: EmulatorServer,
}

impl ProxyTestbed {
    async fn open(wrap: fn(HyperTransport) -> Arc<dyn Transport>) -> Result<Self> {
        let emulator = Emulator::new();
        let server = emulator.serve(0).await?;
        let proxy = Proxy::open(server.addr()).await?;
        let transport = HyperTransport::builder().idle_timeout(Duration::ZERO).build()?;
        let builder = || {
            Client::builder()
                .base_url(format!("http://{}/api/v1", proxy.address))
                .transport(wrap(transport.clone()))
                .timer(TokioTimer::default())
        };
        let client = builder().retry(Retry::default().initial_backoff(Duration::from_millis(1))).build()?;
        let reader = builder().retry(Retry::none()).build()?;
        Ok(Self { emulator, proxy, client, reader, user: User::new(transport), _server: server })
    }

    /// Begins a sign-in, which the user approves.
    async fn approve(&self) -> Result<(PendingSignIn, AuthorizationCode)> {
        let callback = CallbackUrl::parse(CALLBACK)?;
        let (url, pending) = self.client.authorize(callback).key_label(LABEL).begin()?;
        let DecisionOutcome::Redirected(url) = self.user.approve(url.as_str(), None).await? else {
            return Err("the user was not redirected".into());
        };
        let code = pending.read_callback(&url)?;
        Ok((pending, code))
    }

    /// Returns how many exchanges reached the emulator.
    fn posts(&self) -> usize {
        self.emulator.posts(EXCHANGE)
    }

    /// Returns how many keys the emulator created.
    fn keys(&self) -> usize {
        let log = self.emulator.log();
        log.iter().filter(|entry| entry.path == EXCHANGE && entry.status == Some(200)).count()
    }
}

/// A proxy, whose behavior can change between connections. Dropping it ends it.
struct Proxy {
    address: SocketAddr,
    behavior: Arc<Mutex<Behavior>>,
    task: JoinHandle<()>,
}

/// What the proxy does with a request.
#[derive(Clone, Copy)]
enum Behavior {
    /// Passes it on, and passes the response back.
    Relay,
    /// Passes it on, and responds with the page.
    Replace(GatewayPage),
    /// Responds with the page.
    Respond(GatewayPage),
}

impl Proxy {
    async fn open(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let behavior = Arc::new(Mutex::new(Behavior::Relay));
        let shared = Arc::clone(&behavior);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let behavior = *shared.lock().unwrap_or_else(PoisonError::into_inner);
                // A client that closes its connection early only ends this connection.
                let _gone = serve_connection(client, server, behavior).await;
            }
        });
        Ok(Self { address, behavior, task })
    }

    fn set(&self, behavior: Behavior) {
        *self.behavior.lock().unwrap_or_else(PoisonError::into_inner) = behavior;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves one request, and closes the connection.
async fn serve_connection(mut client: TcpStream, server: SocketAddr, behavior: Behavior) -> io::Result<()> {
    let request = read_request(&mut client).await?;
    let response = match behavior {
        Behavior::Relay => pass_on(&request, server).await?,
        Behavior::Replace(page) => {
            pass_on(&request, server).await?;
            page.bytes()
        }
        Behavior::Respond(page) => page.bytes(),
    };
    client.write_all(&response).await?;
    client.shutdown().await
}

/// Reads a request to the end of its body.
async fn read_request(client: &mut TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if length.and_then(|length| length.parse().ok()).is_none_or(|length| body.len() >= length) {
            return Ok(text.into_owned());
        }
    }
}

/// Sends the request to the server, and returns its response. Both end their connections.
async fn pass_on(request: &str, server: SocketAddr) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(server).await?;
    let request = request.replacen("\r\n\r\n", "\r\nconnection: close\r\n\r\n", 1);
    server.write_all(request.as_bytes()).await?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).await?;
    Ok(response)
}
