//! Runs a thousand concurrent logins in one process. Each has its own port, browser and verifier.

use std::time::{Duration, Instant};

use openrouter_oauth::{AuthorizeUrl, Client, transport_hyper::TokioTimer};
use openrouter_oauth_emulator::{Emulator, User};
use openrouter_oauth_login::{Browser, BrowserFuture, Login};
use openrouter_oauth_tests::{Result, user::UserBrowser};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    memory,
    resources::Resources,
    table::Table,
    verdict::{Rule, Violation},
};

const LOGINS: usize = 1_000;

/// How much memory a waiting login may use: a socket, its buffers, and its state.
const MEMORY_LIMIT: usize = 64 << 10;

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let start = Instant::now();
    let emulator = Emulator::new();
    let client = Client::builder().transport(emulator.clone()).timer(TokioTimer::default()).build()?;
    let user = UserBrowser::approving(&User::new(emulator.clone()));
    // Runs one login first, so that all one-time allocations exist.
    all_at_once(&client, &user, 1).await?;

    let before = Resources::now()?;
    let measured = all_at_once(&client, &user, LOGINS).await?;
    let mut violations = Vec::new();
    if measured.wrong_keys > 0 {
        violations.push(Violation {
            rule: Rule::Owner,
            text: format!("{} keys belong to other logins", measured.wrong_keys),
        });
    }
    if emulator.posts("/auth/keys") != LOGINS + 1 {
        violations.push(Violation { rule: Rule::Once, text: "a code was sent twice".into() });
    }
    if measured.bytes_per_login > MEMORY_LIMIT {
        violations.push(Violation {
            rule: Rule::Memory,
            text: format!("{} bytes while one waits", measured.bytes_per_login),
        });
    }
    if let Some(leak) = before.settle().await? {
        violations.push(Violation { rule: Rule::Leak, text: leak });
    }
    let details = format!("{} KiB while one waits", measured.bytes_per_login.div_ceil(1024));
    table.add_part("logins at once", LOGINS, &details, violations, start.elapsed());
    Ok(())
}

struct Measured {
    /// How many logins got the key of another one.
    wrong_keys: usize,
    /// How much memory one waiting login uses.
    bytes_per_login: usize,
}

/// Begins all logins. Once all of them wait, all browsers send their callbacks, in another order.
async fn all_at_once(client: &Client, user: &UserBrowser, count: usize) -> Result<Measured> {
    let before = memory::now();
    let (open, mut opened) = mpsc::unbounded_channel();
    let mut logins = JoinSet::new();
    for number in 0..count {
        let label = format!("login {number}");
        let login = Login::new(client).key_label(label.as_str()).browser(UrlChannel(open.clone()));
        let login = login.no_prompt().headless(false).timeout(Duration::from_secs(120)).run();
        let client = client.clone();
        logins.spawn(async move {
            let key = login.await?.key;
            let info = client.with_key(key).current_key().await?;
            Result::Ok(info.label.as_deref() == Some(label.as_str()))
        });
    }
    let mut urls = Vec::with_capacity(count);
    while urls.len() < count {
        urls.push(opened.recv().await.ok_or("a login opened no browser")?);
    }
    let bytes_per_login = memory::now().saturating_sub(before) / count;
    urls.reverse();
    urls.rotate_left(count / 3);
    let mut browsers = JoinSet::new();
    for url in urls {
        let user = user.clone();
        browsers.spawn(async move { user.follow(url.as_str()).await });
    }
    let mut wrong_keys = 0;
    for is_own in logins.join_all().await {
        wrong_keys += usize::from(!is_own?);
    }
    browsers.join_all().await;
    Ok(Measured { wrong_keys, bytes_per_login })
}

/// A browser that only passes on the URL.
#[derive(Debug)]
struct UrlChannel(mpsc::UnboundedSender<AuthorizeUrl>);

impl Browser for UrlChannel {
    fn open<'a>(&'a self, url: &'a AuthorizeUrl) -> BrowserFuture<'a> {
        let _gone = self.0.send(url.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}
