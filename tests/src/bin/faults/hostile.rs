//! Another process that floods the listener of a login: the browser is answered all the same, and memory stays flat.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use openrouter_oauth::{Client, PendingSignIn, transport::testing::Never};
use openrouter_oauth_login::{Listener, Page, RejectedRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    task::JoinSet,
    time::{interval, sleep, sleep_until, timeout},
};

use crate::{
    Result,
    left::Left,
    memory,
    table::Table,
    verdict::{MARGIN, Miss, Rule},
};

/// How long the attack goes on.
const LENGTH: Duration = Duration::from_secs(10);

/// So many connections say a byte a second.
const SLOW: usize = 1000;

/// So many wrong requests are tried a second.
const WRONG: u32 = 10_000;

/// So many at a time. More than the listener has room for, so that it always has something to do.
const SENDERS: u32 = 64;

/// With fewer that are answered in a second it was no attack.
const FEWEST: u64 = 1000;

/// Within this 95 of 100 browsers are to have their page.
const PATIENCE: Duration = Duration::from_millis(250);

/// What a flood may take.
const MOST_MEMORY: usize = 4 << 20;

/// Time between two browsers that come back.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let begun = Instant::now();
    let client = Client::builder().transport(Never::new()).without_deadline().build()?;
    let left = Left::now()?;
    let mut listener = Listener::bind(0).await?;
    let strays = Strays::count(&mut listener);
    // Once without, so that what is allocated once is there.
    let (mut misses, mut waits, mut browsers) = (Vec::new(), Vec::new(), 0);
    sign_in(&client, &mut listener).await?;

    let mut attack = Command::new(std::env::current_exe()?)
        .args(["attack", &listener.port().to_string()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let before = memory::watch();
    while attack.try_wait()?.is_none() {
        browsers += 1;
        match sign_in(&client, &mut listener).await {
            Ok(took) => waits.push(took),
            Err(error) => {
                misses.push(Miss { rule: Rule::Class, text: format!("browser {browsers}: {error}") });
            }
        }
        let _until_then = timeout(PAUSE, listener.refuse_others()).await;
    }
    if waits.is_empty() {
        return Err("no browser had its page".into());
    }
    let grown = memory::peak().saturating_sub(before);
    let mut answered = String::new();
    if let Some(mut output) = attack.stdout.take() {
        output.read_to_string(&mut answered).await?;
    }
    let wrong: usize = answered.trim().parse()?;

    let mut miss = |rule, text| misses.push(Miss { rule, text });
    waits.sort_unstable();
    let [median, most, worst] = [50, 95, 100].map(|part| waits[(waits.len() * part).div_ceil(100) - 1]);
    if most > PATIENCE || worst > PATIENCE + MARGIN {
        miss(Rule::Deadline, format!("5 of 100 browsers waited longer than {most:?}, and up to {worst:?}"));
    }
    let rate = wrong as u64 / LENGTH.as_secs();
    if rate < FEWEST && !cfg!(debug_assertions) {
        miss(Rule::Class, format!("only {rate} wrong requests a second were answered"));
    }
    if grown > MOST_MEMORY {
        miss(Rule::Memory, format!("{grown} bytes more at the peak"));
    }
    // It was under attack, in both ways.
    let (not_found, dropped) = (strays.not_found.load(Relaxed), strays.dropped.load(Relaxed));
    if not_found < wrong || wrong == 0 || dropped < SLOW {
        miss(
            Rule::Class,
            format!("{wrong} wrong requests were answered, {not_found} told of, {dropped} dropped"),
        );
    }
    drop(listener);
    if let Some(left) = left.settle().await? {
        miss(Rule::Left, left);
    }
    let says = format!(
        "{} ms, 95 % within {} ms, at most {} ms and {} KiB, under {rate} wrong requests a second and {dropped} slow ones",
        median.as_millis(),
        most.as_millis(),
        worst.as_millis(),
        grown.div_ceil(1024),
    );
    table.part("a login under attack", browsers, &says, misses, begun.elapsed());
    Ok(())
}

/// What was told of.
#[derive(Default)]
struct Strays {
    not_found: AtomicUsize,
    dropped: AtomicUsize,
}

impl Strays {
    fn count(listener: &mut Listener) -> Arc<Self> {
        let strays = Arc::new(Self::default());
        let told = Arc::clone(&strays);
        listener.on_rejected_request(move |stray| {
            let count = match stray {
                RejectedRequest::NotFound => &told.not_found,
                RejectedRequest::Dropped => &told.dropped,
                _ => return,
            };
            count.fetch_add(1, Relaxed);
        });
        strays
    }
}

/// A browser that comes back once, and what it had to wait for its page.
async fn sign_in(client: &Client, listener: &mut Listener) -> Result<Duration> {
    let (_, pending) = client.authorize(listener.callback_url()).begin()?;
    let browser = tokio::spawn(browser(listener.port(), request(listener.port(), &pending)));
    let visit = timeout(LENGTH, listener.callback(&pending)).await?;
    let is_good = visit.code().as_ref().is_ok_and(|code| code.expose() == "good");
    visit.answer(Page::SignedIn).await;
    if !is_good || !pending.is_fresh() {
        return Err("somebody else's request was taken for the browser's".into());
    }
    browser.await?
}

fn request(port: u16, pending: &PendingSignIn) -> String {
    let nonce = pending.attempt_id();
    format!("GET /callback/{nonce}?code=good HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
}

async fn browser(port: u16, request: String) -> Result<Duration> {
    let begun = Instant::now();
    let page = ask(port, &request).await?;
    let took = begun.elapsed();
    if page.starts_with("HTTP/1.1 200 ") { Ok(took) } else { Err(format!("no page but {page:?}").into()) }
}

async fn ask(port: u16, request: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    Ok(page)
}

/// The other process. Prints how many wrong requests were answered.
pub(crate) async fn attack(port: u16) -> Result<bool> {
    let (mut slow, mut senders) = (JoinSet::new(), JoinSet::new());
    for _ in 0..SLOW {
        slow.spawn(trickle(port));
    }
    for number in 0..SENDERS {
        senders.spawn(send(port, number));
    }
    let answered: usize = senders.join_all().await.iter().sum();
    println!("{answered}");
    Ok(true)
}

/// A byte a second, and again from the beginning when that is broken off.
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

/// Wrong nonces, each as soon as its time has come.
async fn send(port: u16, number: u32) -> usize {
    let (begun, pause) = (tokio::time::Instant::now(), Duration::from_secs(1) * SENDERS / WRONG);
    let mut answered = 0;
    for turn in 0.. {
        sleep_until(begun + pause * turn).await;
        if begun.elapsed() > LENGTH {
            break;
        }
        let nonce = format!("{:022}", u64::from(number) << 32 | u64::from(turn));
        let request =
            format!("GET /callback/{nonce}?error=access_denied HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        match ask(port, &request).await {
            Ok(page) => answered += usize::from(page.starts_with("HTTP/1.1 404 ")),
            Err(_) => sleep(pause).await,
        }
    }
    answered
}
