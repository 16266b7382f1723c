//! Instances of an application, behind a proxy that takes them in turn.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    extract::{FromRequestParts, State},
    routing::get,
};
use http::{StatusCode, request::Parts};
use openrouter_oauth::{Client, Retry};
use openrouter_oauth_axum::{
    Callback, CookieKeys, NotConnected, OneProcessClaims, SignIn, SignInRouter, Subject,
};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, EmulatorServer, User};
use openrouter_oauth_tests::servers::{Postgres, Redis};
use openrouter_oauth_web::RedisClaims;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use crate::{
    browser::{APP, Browser},
    postgres_claims::PostgresClaims,
    wait::TIMEOUT,
};

/// Where the instances keep their claims.
#[derive(Clone)]
pub(crate) enum Store {
    Redis(String),
    Postgres(String),
    Memory(OneProcessClaims),
}

/// The user of the application, by the cookie of their session.
pub(crate) struct LocalUser(String);

impl Subject for LocalUser {
    fn subject(&self) -> std::borrow::Cow<'_, str> {
        self.0.as_str().into()
    }
}

impl<S: Sync> FromRequestParts<S> for LocalUser {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let cookies = parts.headers.get("cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let user = cookies.split("; ").find_map(|pair| pair.strip_prefix("__Host-session="));
        user.map(|user| Self(user.into())).ok_or((StatusCode::UNAUTHORIZED, "log in to my app first"))
    }
}

/// The keys that the application stored: the user, and the key.
pub(crate) type Stored = Arc<Mutex<Vec<(String, String)>>>;

async fn connected(
    user: LocalUser,
    State(stored): State<Stored>,
    callback: Callback,
) -> Result<http::Response<String>, NotConnected> {
    let connected = callback.finish(&user).await?;
    stored.lock().unwrap().push((user.0, connected.key().expose().to_owned()));
    Ok(connected.done().await)
}

/// Returns the routes of the application.
pub(crate) fn routes(sign_in: &SignIn, stored: Stored) -> Router {
    Router::new()
        .route("/settings", get(|| async { "your settings" }))
        .merge(sign_in.router::<LocalUser, _, _>(connected))
        .with_state(stored)
}

/// A wall clock that a test moves.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn now(&self) -> SystemTime {
        let offset = self.0.load(Ordering::Relaxed);
        let by = Duration::from_secs(offset.unsigned_abs());
        if offset < 0 { SystemTime::now() - by } else { SystemTime::now() + by }
    }
}

pub(crate) const fn key(number: u8) -> [u8; 32] {
    let mut key = [number; 32];
    key[0] = 0;
    key
}

/// The settings of an instance.
#[derive(Clone)]
pub(crate) struct InstanceSettings {
    pub(crate) store: Store,
    pub(crate) service: String,
    pub(crate) keys: Vec<[u8; 32]>,
    pub(crate) clock: Clock,
    pub(crate) stored: Stored,
    /// How long to wait for OpenRouter.
    pub(crate) timeout: Duration,
}

impl InstanceSettings {
    async fn sign_in(&self) -> SignIn {
        let client = Client::builder().base_url(self.service.as_str()).retry(Retry::none());
        let client = client.timeout(self.timeout).build().unwrap();
        let keys =
            self.keys.iter().skip(1).fold(CookieKeys::new(self.keys[0]), |keys, key| keys.open_with(*key));
        let builder = match &self.store {
            Store::Redis(url) => SignIn::builder(client, APP, keys, RedisClaims::open(url).unwrap()),
            Store::Postgres(url) => {
                SignIn::builder(client, APP, keys, PostgresClaims::connect(url).await.unwrap())
            }
            Store::Memory(claims) => SignIn::builder(client, APP, keys, claims.clone()),
        };
        let clock = self.clock.clone();
        builder.key_label("my app").clock(move || clock.now()).build().unwrap()
    }
}

/// One instance of the application, with a runtime of its own.
pub(crate) struct Instance {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Instance {
    pub(crate) async fn start(settings: InstanceSettings) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let started = runtime.spawn(async move {
            let routes = routes(&settings.sign_in().await, settings.stored.clone());
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, routes).await });
            address
        });
        Self { address: started.await.unwrap(), runtime: Some(runtime) }
    }

    /// Ends all tasks at once, as the end of its process would.
    pub(crate) fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Instances of the application, a proxy, and OpenRouter.
pub(crate) struct Fleet {
    pub(crate) emulator: Emulator,
    pub(crate) instances: Vec<Instance>,
    pub(crate) settings: InstanceSettings,
    pub(crate) address: SocketAddr,
    _server: EmulatorServer,
}

impl Fleet {
    /// Starts three instances.
    pub(crate) async fn start(store: Store) -> Self {
        Self::of(3, store).await
    }

    /// Starts three instances that wait this long for OpenRouter.
    pub(crate) async fn with_timeout(store: Store, timeout: Duration) -> Self {
        Self::each(store, |settings| vec![InstanceSettings { timeout, ..settings }; 3]).await
    }

    pub(crate) async fn of(instances: usize, store: Store) -> Self {
        Self::each(store, |settings| vec![settings; instances]).await
    }

    /// Starts a fleet whose instances have different settings.
    pub(crate) async fn with_keys(store: Store, keys: [Vec<[u8; 32]>; 3]) -> Self {
        let each =
            |settings: InstanceSettings| keys.map(|keys| InstanceSettings { keys, ..settings.clone() });
        Self::each(store, |settings| each(settings).into()).await
    }

    async fn each(store: Store, each: impl FnOnce(InstanceSettings) -> Vec<InstanceSettings>) -> Self {
        let emulator = Emulator::new();
        let server = emulator.serve(0).await.unwrap();
        let settings = InstanceSettings {
            store,
            service: server.base_url(),
            keys: vec![key(1)],
            clock: Clock::default(),
            stored: Stored::default(),
            timeout: TIMEOUT,
        };
        let mut instances = Vec::new();
        for settings in each(settings.clone()) {
            instances.push(Instance::start(settings).await);
        }
        let address = proxy(instances.iter().map(|instance| instance.address).collect()).await;
        Self { emulator, instances, settings, address, _server: server }
    }

    pub(crate) fn browser(&self, user: &str) -> Browser {
        Browser::new(self.address, user)
    }

    /// Returns how many codes were sent.
    pub(crate) fn exchanges(&self) -> usize {
        self.emulator.posts("/auth/keys")
    }

    pub(crate) fn stored(&self) -> Vec<(String, String)> {
        self.settings.stored.lock().unwrap().clone()
    }

    /// The user approves at OpenRouter. Returns the URL of the callback.
    pub(crate) async fn approve(&self, url: &str) -> String {
        let outcome = User::new(self.emulator.clone()).approve(url, None).await.unwrap();
        let DecisionOutcome::Redirected(callback) = outcome else { panic!("{outcome:?}") };
        callback
    }

    pub(crate) async fn begin_and_approve(&self, browser: &Browser) -> String {
        let url = browser.begin().await;
        self.approve(&url).await
    }
}

/// Forwards each connection to the next instance that accepts it.
async fn proxy(instances: Vec<SocketAddr>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let turn = AtomicUsize::new(0);
    tokio::spawn(async move {
        while let Ok((mut browser, _)) = listener.accept().await {
            for _ in 0..instances.len() {
                let next = instances[turn.fetch_add(1, Ordering::Relaxed) % instances.len()];
                if let Ok(mut instance) = TcpStream::connect(next).await {
                    tokio::spawn(
                        async move { tokio::io::copy_bidirectional(&mut browser, &mut instance).await },
                    );
                    break;
                }
            }
        }
    });
    address
}

/// A server with the claims of a fleet, which stops at the end of a test.
pub(crate) enum ClaimServer {
    Redis(Redis),
    Postgres(Postgres),
}

impl ClaimServer {
    /// Starts every server that the machine has.
    pub(crate) fn all() -> Vec<Self> {
        let redis = Redis::start().map(Self::Redis);
        redis.into_iter().chain(Postgres::start().map(Self::Postgres)).collect()
    }

    /// Starts every server that the machine has, and that keeps its claims over a restart.
    pub(crate) fn durable() -> Vec<Self> {
        let redis = Redis::start_durable().map(Self::Redis);
        redis.into_iter().chain(Postgres::start().map(Self::Postgres)).collect()
    }

    pub(crate) fn kill(&mut self) {
        match self {
            Self::Redis(redis) => redis.kill(),
            Self::Postgres(postgres) => postgres.kill(),
        }
    }

    pub(crate) fn restart(&mut self) {
        match self {
            Self::Redis(redis) => redis.restart(),
            Self::Postgres(postgres) => postgres.restart(),
        }
    }

    pub(crate) fn store(&self) -> Store {
        match self {
            Self::Redis(redis) => Store::Redis(redis.url()),
            Self::Postgres(postgres) => Store::Postgres(postgres.url()),
        }
    }
}
