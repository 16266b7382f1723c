//! Ten thousand sign-ins at once on one client, against an emulator in a process of its own (F56).

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Instant,
};

use openrouter_oauth::{
    ApiKey, AuthorizationCode, CallbackUrl, Client, PendingSignIn,
    transport_hyper::{HyperTransport, TokioTimer},
};
use openrouter_oauth_emulator::{Emulator, Outcome, User};
use tokio::{io::AsyncReadExt as _, sync::Semaphore, task::JoinSet};

use crate::{
    Result, memory,
    resources::Left,
    table::Table,
    verdict::{Miss, Rule},
};

const SIGN_INS: usize = 10_000;

/// The emulator serves 256.
const CONNECTIONS: usize = 200;

/// What the runtime and the allocator may keep.
const MOST_MEMORY: usize = 1 << 20;

/// Serves until whoever started it has gone.
pub(crate) async fn serve() -> Result<bool> {
    let server = Emulator::new().serve(0).await?;
    println!("{}", server.base_url());
    let _gone = tokio::io::stdin().read(&mut [0]).await?;
    server.shutdown().await;
    Ok(true)
}

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let server = Server::start()?;
    let mut misses = Vec::new();
    let begun = Instant::now();
    let crowd = Crowd::new(&server.base_url)?;
    let first = crowd.begin(SIGN_INS).await?;
    crowd.finish(first).await?;
    drop(crowd);

    let (left, before) = (Left::now()?, memory::now());
    let strangers = sign_in(&server.base_url).await?;
    if strangers > 0 {
        misses.push(Miss { rule: Rule::Owner, text: format!("{strangers} keys are of other sign-ins") });
    }
    if let Some(left) = left.settle().await? {
        misses.push(Miss { rule: Rule::Left, text: left });
    }
    let grown = memory::now().saturating_sub(before);
    if grown > MOST_MEMORY {
        misses.push(Miss { rule: Rule::Memory, text: format!("{grown} bytes more than before") });
    }
    let says = format!("{} KiB are left", grown.div_ceil(1024));
    table.part("sign-ins at once", SIGN_INS, &says, misses, begun.elapsed());
    Ok(())
}

/// Everybody asks for a code, then everybody exchanges it. Returns how many got a key of somebody else.
async fn sign_in(base_url: &str) -> Result<usize> {
    let crowd = Crowd::new(base_url)?;
    let mut beginning = JoinSet::new();
    for number in 0..SIGN_INS {
        let crowd = crowd.clone();
        beginning.spawn(async move { crowd.begin(number).await });
    }
    let mut finishing = JoinSet::new();
    for begun in beginning.join_all().await {
        let (crowd, begun) = (crowd.clone(), begun?);
        finishing.spawn(async move { crowd.finish(begun).await });
    }
    let mut strangers = 0;
    for is_own in finishing.join_all().await {
        strangers += usize::from(!is_own?);
    }
    Ok(strangers)
}

/// One client, a browser for everybody, and a bound on what goes on at once on the network.
#[derive(Clone)]
struct Crowd {
    client: Client,
    user: User,
    connections: Arc<Semaphore>,
}

/// A sign-in with its code.
struct Begun {
    label: String,
    pending: PendingSignIn,
    code: AuthorizationCode,
}

impl Crowd {
    fn new(base_url: &str) -> Result<Self> {
        let transport = HyperTransport::new();
        let builder = Client::builder().base_url(base_url).timer(TokioTimer::default());
        Ok(Self {
            client: builder.transport(transport.clone()).build()?,
            user: User::new(transport),
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
        })
    }

    /// A user approves.
    async fn begin(&self, number: usize) -> Result<Begun> {
        let label = format!("sign-in {number}");
        let callback = CallbackUrl::parse("https://app.example/callback")?;
        let (url, pending) = self.client.authorize(callback).key_label(label.as_str()).begin()?;
        let _turn = self.connections.acquire().await?;
        let Outcome::Redirected(url) = self.user.approve(url.as_str(), None).await? else {
            return Err("the page leads nowhere".into());
        };
        let code = pending.read_callback(&url)?;
        Ok(Begun { label, pending, code })
    }

    /// Whether the key is the one that was approved here.
    async fn finish(&self, begun: Begun) -> Result<bool> {
        let Begun { label, mut pending, code } = begun;
        let _turn = self.connections.acquire().await?;
        let key = pending.exchange(&self.client, &code).await?.key;
        self.owns(key, &label).await
    }

    async fn owns(&self, key: ApiKey, label: &str) -> Result<bool> {
        let info = self.client.with_key(key).current_key().await?;
        Ok(info.label.as_deref() == Some(label))
    }
}

/// This program again, as the emulator.
struct Server {
    child: Child,
    base_url: String,
}

impl Server {
    fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut base_url = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut base_url)?;
        }
        Ok(Self { child, base_url: base_url.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
