//! Floods of junk callbacks and of begins.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use openrouter_oauth_axum::OneProcessClaims;
use openrouter_oauth_emulator::Emulator;
use openrouter_oauth_tests::open_files;
use tokio::{net::TcpStream, task::JoinSet};

use crate::{
    app::{Fleet, Store},
    browser::{APP, Browser, send},
    examples::Example,
};

const CONNECTIONS: usize = 100;

/// By how much a flood may grow the memory of an application: by 250 bytes for each request.
const MAX_GROWTH_KIB: usize = 5000;

#[tokio::test(flavor = "multi_thread")]
async fn flood_takes_no_place_among_the_claims() {
    // W-6
    open_files::raise_limit().unwrap();
    let fleet = Fleet::start(Store::Memory(OneProcessClaims::new(10))).await;
    let cookie = Cookie::of_a_sign_in(fleet.address, APP, "__Host-session=mallory").await;
    // The claims have room for ten attempts only.
    flood(fleet.address, APP, &cookie, 10).await;
    assert_eq!(fleet.exchanges(), 0);
    for _ in 0..10 {
        let browser = fleet.browser("alice");
        let callback = fleet.begin_and_approve(&browser).await;
        assert_eq!(browser.open(&callback).await.body, "your settings");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn third_flood_needs_no_more_memory() {
    // W-6
    open_files::raise_limit().unwrap();
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    let example = Example::start(env!("CARGO_BIN_EXE_example_web_app"), &server.base_url()).await;
    let address = example.origin.strip_prefix("http://").unwrap().parse().unwrap();
    let browser = Browser::at_origin(&example.origin);
    browser.send(Method::POST, "/login", &[]).await;
    let cookie = Cookie::of_a_sign_in(address, &example.origin, &browser.cookies("/")).await;
    // The first floods fill the pools of the allocator and of the runtime.
    for _ in 0..2 {
        flood(address, &example.origin, &cookie, 100).await;
    }
    let before = example.memory_kib();
    flood(address, &example.origin, &cookie, 100).await;
    let growth = example.memory_kib().saturating_sub(before);
    assert!(growth < MAX_GROWTH_KIB, "{growth} KiB over {before} KiB");
    assert_eq!(emulator.posts("/auth/keys"), 0);
    // Only the seal kept the junk out: the same callback with the whole cookie sends its code.
    send(address, cookie.callback(&cookie.attempt, &cookie.pair(&cookie.attempt, &cookie.value))).await;
    assert_eq!(emulator.posts("/auth/keys"), 1);
}

/// Sends junk callbacks and begins, over many connections at once, `count` of each over each connection.
async fn flood(address: SocketAddr, origin: &str, cookie: &Cookie, count: usize) {
    let mut flood = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let (cookie, origin, session) = (cookie.clone(), origin.to_owned(), cookie.session.clone());
        let junk = move |number| cookie.junk(connection * count + number);
        flood.spawn(repeat(address, count, junk, StatusCode::NOT_FOUND));
        flood.spawn(repeat(address, count, move |_| begin(&origin, &session), StatusCode::SEE_OTHER));
    }
    flood.join_all().await;
}

/// Sends `count` requests over one connection, one after another.
async fn repeat(
    address: SocketAddr,
    count: usize,
    request: impl Fn(usize) -> Request<Full<Bytes>>,
    expected: StatusCode,
) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    for number in 0..count {
        let response = sender.send_request(request(number)).await.unwrap();
        assert_eq!(response.status(), expected);
        response.into_body().collect().await.unwrap();
        sender.ready().await.unwrap();
    }
    connection.abort();
}

/// The cookie of a real attempt, and the session of its user.
#[derive(Clone)]
struct Cookie {
    session: String,
    prefix: String,
    attempt: String,
    value: String,
}

impl Cookie {
    async fn of_a_sign_in(address: SocketAddr, origin: &str, session: &str) -> Self {
        let page = send(address, begin(origin, session)).await;
        let (name, rest) = page.header("set-cookie").split_once('=').unwrap();
        let (prefix, attempt) = name.split_at(name.len() - 22);
        let value = rest.split(';').next().unwrap();
        let [session, prefix, attempt, value] = [session, prefix, attempt, value].map(str::to_owned);
        Self { session, prefix, attempt, value }
    }

    fn pair(&self, attempt: &str, value: &str) -> String {
        format!("{}{attempt}={value}", self.prefix)
    }

    /// Returns a callback with a cookie of a real key, but with another content, or without it.
    fn junk(&self, number: usize) -> Request<Full<Bytes>> {
        let attempt = format!("{number:022}");
        let middle = self.value.len() / 2;
        let value = [&self.value[..middle], &attempt, &self.value[middle + attempt.len()..]].concat();
        let cookie =
            if number.is_multiple_of(3) { "other=cookie".to_owned() } else { self.pair(&attempt, &value) };
        self.callback(&attempt, &cookie)
    }

    fn callback(&self, attempt: &str, cookie: &str) -> Request<Full<Bytes>> {
        let request = Request::get(format!("/openrouter/callback/{attempt}?code=junk"));
        let request = request.header("cookie", format!("{}; {cookie}", self.session));
        request.header("host", "my.app").body(Full::default()).unwrap()
    }
}

fn begin(origin: &str, session: &str) -> Request<Full<Bytes>> {
    let request = Request::post("/openrouter").header("origin", origin).header("host", "my.app");
    request.header("cookie", session).body(Full::default()).unwrap()
}
