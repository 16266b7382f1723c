//! Floods the listener of a login from another process. The browser must still get its page, and memory must stay flat.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use openrouter_oauth::{Client, PendingSignIn, transport::testing::Never};
use openrouter_oauth_login::{Listener, RejectedRequest, ResultPage};
use openrouter_oauth_tests::Result;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    task::JoinSet,
    time::{interval, sleep, sleep_until, timeout},
};

use crate::{
    memory,
    resources::Resources,
    table::Table,
    verdict::{DEADLINE_MARGIN, Rule, Violation},
};

/// How long the attack lasts.
const ATTACK_DURATION: Duration = Duration::from_secs(10);

/// How many connections send one byte a second.
const SLOW_CONNECTIONS: usize = 1000;

/// How many wrong requests the attacker tries to send in a second.
const WRONG_REQUESTS_PER_SECOND: u32 = 10_000;

/// How many wrong requests are in flight at a time: more than the listener accepts, so that it is never idle.
const SENDERS: u32 = 64;

/// The minimum number of responses per second. With fewer, the listener was not under attack.
const MIN_RESPONSES_PER_SECOND: u64 = 1000;

/// The time within which 95 of 100 browsers must have their page.
const PAGE_TIMEOUT: Duration = Duration::from_millis(250);

/// How much memory the listener may use under attack.
const MEMORY_LIMIT: usize = 4 << 20;

/// The time between two browsers.
const BROWSER_INTERVAL: Duration = Duration::from_millis(100);

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let start = Instant::now();
    let client = Client::builder().transport(Never::new()).without_deadline().build()?;
    let resources = Resources::now()?;
    let mut listener = Listener::bind(0).await?;
    let rejected = RejectedCounts::count(&mut listener);
    // Signs in once without an attack, so that all one-time allocations exist.
    let (mut violations, mut waits, mut browsers) = (Vec::new(), Vec::new(), 0);
    sign_in(&client, &mut listener).await?;

    let mut attack = Command::new(std::env::current_exe()?)
        .args(["attack", &listener.port().to_string()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let before = memory::reset_peak();
    while attack.try_wait()?.is_none() {
        browsers += 1;
        match sign_in(&client, &mut listener).await {
            Ok(took) => waits.push(took),
            Err(error) => {
                violations
                    .push(Violation { rule: Rule::Class, text: format!("browser {browsers}: {error}") });
            }
        }
        let _until_then = timeout(BROWSER_INTERVAL, listener.reject_others()).await;
    }
    if waits.is_empty() {
        return Err("no browser got its page".into());
    }
    let grown = memory::peak().saturating_sub(before);
    let mut responses = String::new();
    if let Some(mut output) = attack.stdout.take() {
        output.read_to_string(&mut responses).await?;
    }
    let wrong: usize = responses.trim().parse()?;

    let mut violate = |rule, text| violations.push(Violation { rule, text });
    waits.sort_unstable();
    let [median, most, worst] = [50, 95, 100].map(|part| waits[(waits.len() * part).div_ceil(100) - 1]);
    if most > PAGE_TIMEOUT || worst > PAGE_TIMEOUT + DEADLINE_MARGIN {
        violate(
            Rule::Deadline,
            format!("5 of 100 browsers waited for more than {most:?}, one of them for {worst:?}"),
        );
    }
    let rate = wrong as u64 / ATTACK_DURATION.as_secs();
    if rate < MIN_RESPONSES_PER_SECOND && !cfg!(debug_assertions) {
        violate(Rule::Class, format!("only {rate} wrong requests a second got a response"));
    }
    if grown > MEMORY_LIMIT {
        violate(Rule::Memory, format!("{grown} bytes more at the peak"));
    }
    // The attack reached the listener in both ways.
    let (not_found, dropped) = (rejected.not_found.load(Relaxed), rejected.dropped.load(Relaxed));
    if not_found < wrong || wrong == 0 || dropped < SLOW_CONNECTIONS {
        violate(
            Rule::Class,
            format!(
                "{wrong} wrong requests got a response, {not_found} were reported, {dropped} connections were dropped"
            ),
        );
    }
    drop(listener);
    if let Some(leak) = resources.settle().await? {
        violate(Rule::Leak, leak);
    }
    let details = format!(
        "{} ms, 95 % within {} ms, at most {} ms and {} KiB, under {rate} wrong requests a second and {dropped} slow ones",
        median.as_millis(),
        most.as_millis(),
        worst.as_millis(),
        grown.div_ceil(1024),
    );
    table.add_part("a login under attack", browsers, &details, violations, start.elapsed());
    Ok(())
}

/// How often the listener reported each kind of rejected request.
#[derive(Default)]
struct RejectedCounts {
    not_found: AtomicUsize,
    dropped: AtomicUsize,
}

impl RejectedCounts {
    fn count(listener: &mut Listener) -> Arc<Self> {
        let rejected = Arc::new(Self::default());
        let counts = Arc::clone(&rejected);
        listener.on_rejected_request(move |request| {
            let count = match request {
                RejectedRequest::NotFound => &counts.not_found,
                RejectedRequest::Dropped => &counts.dropped,
                _ => return,
            };
            count.fetch_add(1, Relaxed);
        });
        rejected
    }
}

/// Signs in once by a browser, and returns how long the browser waited for its page.
async fn sign_in(client: &Client, listener: &mut Listener) -> Result<Duration> {
    let (_, pending) = client.authorize(listener.callback_url()).begin()?;
    let browser = tokio::spawn(browser(listener.port(), request(listener.port(), &pending)));
    let callback = timeout(ATTACK_DURATION, listener.callback(&pending)).await?;
    let is_good = callback.code().as_ref().is_ok_and(|code| code.expose() == "good");
    callback.respond(ResultPage::SignedIn).await;
    if !is_good || !pending.is_fresh() {
        return Err("the listener accepted another request as the callback".into());
    }
    browser.await?
}

fn request(port: u16, pending: &PendingSignIn) -> String {
    let attempt_id = pending.attempt_id();
    format!("GET /callback/{attempt_id}?code=good HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
}

async fn browser(port: u16, request: String) -> Result<Duration> {
    let start = Instant::now();
    let page = get(port, &request).await?;
    let took = start.elapsed();
    if page.starts_with("HTTP/1.1 200 ") { Ok(took) } else { Err(format!("no page but {page:?}").into()) }
}

async fn get(port: u16, request: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    Ok(page)
}

/// Runs the attacking process. Prints how many wrong requests got a response.
pub(crate) async fn attack(port: u16) -> Result<bool> {
    let (mut slow, mut senders) = (JoinSet::new(), JoinSet::new());
    for _ in 0..SLOW_CONNECTIONS {
        slow.spawn(trickle(port));
    }
    for number in 0..SENDERS {
        senders.spawn(send_wrong_requests(port, number));
    }
    let responses: usize = senders.join_all().await.iter().sum();
    println!("{responses}");
    Ok(true)
}

/// Sends one byte a second, and starts again when the listener closes the connection.
async fn trickle(port: u16) {
    let mut seconds = interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
        for byte in b"GET /callback/0123456789abcdefghijkl HTTP/1.1\r\n" {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            seconds.tick().await;
        }
    }
}

/// Sends requests with wrong attempt IDs at an even rate, and returns how many got a response.
async fn send_wrong_requests(port: u16, number: u32) -> usize {
    let (start, pause) =
        (tokio::time::Instant::now(), Duration::from_secs(1) * SENDERS / WRONG_REQUESTS_PER_SECOND);
    let mut responses = 0;
    for turn in 0.. {
        sleep_until(start + pause * turn).await;
        if start.elapsed() > ATTACK_DURATION {
            break;
        }
        let attempt_id = format!("{:022}", u64::from(number) << 32 | u64::from(turn));
        let request = format!(
            "GET /callback/{attempt_id}?error=access_denied HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
        );
        match get(port, &request).await {
            Ok(page) => responses += usize::from(page.starts_with("HTTP/1.1 404 ")),
            Err(_) => sleep(pause).await,
        }
    }
    responses
}
