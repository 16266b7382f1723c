//! A thousand logins at once in one process, each with a port, a browser and a verifier of its own.

use std::time::{Duration, Instant};

use openrouter_oauth::{AuthorizeUrl, Client, transport_hyper::TokioTimer};
use openrouter_oauth_emulator::{Emulator, User};
use openrouter_oauth_login::{Browser, BrowserFuture, Login};
use openrouter_oauth_tests::user::UserBrowser;
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    Result, memory,
    resources::Left,
    table::Table,
    verdict::{Miss, Rule},
};

const LOGINS: usize = 1_000;

/// What a login that waits may take: a socket, its buffers, and its own state.
const MOST_MEMORY: usize = 64 << 10;

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let begun = Instant::now();
    let emulator = Emulator::new();
    let client = Client::builder().transport(emulator.clone()).timer(TokioTimer::default()).build()?;
    let user = UserBrowser::approves(&User::new(emulator.clone()));
    // What is made once is made here.
    all_at_once(&client, &user, 1).await?;

    let before = Left::now()?;
    let seen = all_at_once(&client, &user, LOGINS).await?;
    let mut misses = Vec::new();
    if seen.strangers > 0 {
        misses.push(Miss { rule: Rule::Owner, text: format!("{} keys are of other logins", seen.strangers) });
    }
    if emulator.posts("/auth/keys") != LOGINS + 1 {
        misses.push(Miss { rule: Rule::Once, text: "a code was sent more than once".into() });
    }
    if seen.each_waiting > MOST_MEMORY {
        misses
            .push(Miss { rule: Rule::Memory, text: format!("{} bytes while one waits", seen.each_waiting) });
    }
    if let Some(left) = before.settle().await? {
        misses.push(Miss { rule: Rule::Left, text: left });
    }
    let says = format!("{} KiB while one waits", seen.each_waiting.div_ceil(1024));
    table.part("logins at once", LOGINS, &says, misses, begun.elapsed());
    Ok(())
}

struct Seen {
    /// How many got the key of somebody else.
    strangers: usize,
    /// What one login takes while it waits, in bytes.
    each_waiting: usize,
}

/// Everybody begins; when all wait, every browser comes back, in another order.
async fn all_at_once(client: &Client, user: &UserBrowser, count: usize) -> Result<Seen> {
    let before = memory::now();
    let (open, mut opened) = mpsc::unbounded_channel();
    let mut logins = JoinSet::new();
    for number in 0..count {
        let label = format!("login {number}");
        let login = Login::new(client).key_label(label.as_str()).browser(Opens(open.clone()));
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
    let each_waiting = memory::now().saturating_sub(before) / count;
    urls.reverse();
    urls.rotate_left(count / 3);
    let mut browsers = JoinSet::new();
    for url in urls {
        let user = user.clone();
        browsers.spawn(async move { user.visit(url.as_str()).await });
    }
    let mut strangers = 0;
    for is_own in logins.join_all().await {
        strangers += usize::from(!is_own?);
    }
    browsers.join_all().await;
    Ok(Seen { strangers, each_waiting })
}

/// A browser that only hands the URL on.
#[derive(Debug)]
struct Opens(mpsc::UnboundedSender<AuthorizeUrl>);

impl Browser for Opens {
    fn open<'a>(&'a self, url: &'a AuthorizeUrl) -> BrowserFuture<'a> {
        let _gone = self.0.send(url.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}
