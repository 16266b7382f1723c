//! Runs ten thousand concurrent sign-ins on one client, with the emulator in another process.

// F56

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Instant,
};

use openrouter_oauth::{
    ApiKey, AuthorizationCode, CallbackUrl, Client, PendingSignIn,
    transport_hyper::{HyperTransport, TokioTimer},
};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};
use openrouter_oauth_tests::Result;
use tokio::{io::AsyncReadExt as _, task::JoinSet};

use crate::{
    memory,
    resources::Resources,
    table::Table,
    verdict::{Rule, Violation},
};

const SIGN_INS: usize = 10_000;

/// How much memory the runtime and the allocator may keep.
const MEMORY_LIMIT: usize = 1 << 20;

/// How much memory all exchanges together may use while they run.
const PEAK_LIMIT: usize = 40 << 20;

/// Serves the emulator until standard input closes, when the parent process ends.
pub(crate) async fn serve() -> Result<bool> {
    let server = Emulator::new().serve(0).await?;
    println!("{}", server.base_url());
    let _gone = tokio::io::stdin().read(&mut [0]).await?;
    server.shutdown().await;
    Ok(true)
}

pub(crate) async fn run(table: &mut Table) -> Result<()> {
    let server = EmulatorProcess::start()?;
    let mut violations = Vec::new();
    let start = Instant::now();
    let shared = SharedClient::new(&server.base_url)?;
    let first = shared.approve(SIGN_INS).await?;
    shared.exchange(first).await?;
    drop(shared);

    let (resources, before) = (Resources::now()?, memory::now());
    let (wrong_keys, peak) = sign_in_all(&server.base_url).await?;
    if wrong_keys > 0 {
        violations.push(Violation {
            rule: Rule::Owner,
            text: format!("{wrong_keys} keys belong to other sign-ins"),
        });
    }
    if let Some(leak) = resources.settle().await? {
        violations.push(Violation { rule: Rule::Leak, text: leak });
    }
    let grown = memory::now().saturating_sub(before);
    if grown > MEMORY_LIMIT {
        violations.push(Violation { rule: Rule::Memory, text: format!("{grown} bytes more than before") });
    }
    if peak > PEAK_LIMIT {
        violations.push(Violation { rule: Rule::Memory, text: format!("{peak} bytes more at the peak") });
    }
    let details =
        format!("at most {} MiB more, {} KiB are left", peak.div_ceil(1 << 20), grown.div_ceil(1024));
    table.add_part("sign-ins at once", SIGN_INS, &details, violations, start.elapsed());
    Ok(())
}

/// Approves all sign-ins, then exchanges all codes at once. Returns how many sign-ins got the key of another one, and
/// how much memory the exchanges used at most.
async fn sign_in_all(base_url: &str) -> Result<(usize, usize)> {
    let shared = SharedClient::new(base_url)?;
    let mut approving = JoinSet::new();
    for number in 0..SIGN_INS {
        let shared = shared.clone();
        approving.spawn(async move { shared.approve(number).await });
    }
    let mut exchanging = JoinSet::new();
    let all_approved = approving.join_all().await;
    let before = memory::reset_peak();
    for approved in all_approved {
        let (shared, approved) = (shared.clone(), approved?);
        exchanging.spawn(async move { shared.exchange(approved).await });
    }
    let grants = exchanging.join_all().await;
    let peak = memory::peak().saturating_sub(before);

    let mut checking = JoinSet::new();
    for grant in grants {
        let (shared, (label, key)) = (shared.clone(), grant?);
        checking.spawn(async move { shared.owns(key, &label).await });
    }
    let mut wrong_keys = 0;
    for is_own in checking.join_all().await {
        wrong_keys += usize::from(!is_own?);
    }
    Ok((wrong_keys, peak))
}

/// One client, and one user for every sign-in.
#[derive(Clone)]
struct SharedClient {
    client: Client,
    user: User,
}

/// A sign-in that the user has approved.
struct Approved {
    label: String,
    pending: PendingSignIn,
    code: AuthorizationCode,
}

impl SharedClient {
    fn new(base_url: &str) -> Result<Self> {
        let transport = HyperTransport::new();
        let builder = Client::builder().base_url(base_url).timer(TokioTimer::default());
        Ok(Self { client: builder.transport(transport.clone()).build()?, user: User::new(transport) })
    }

    /// Begins a sign-in, which the user approves.
    async fn approve(&self, number: usize) -> Result<Approved> {
        let label = format!("sign-in {number}");
        let callback = CallbackUrl::parse("https://app.example/callback")?;
        let (url, pending) = self.client.authorize(callback).key_label(label.as_str()).begin()?;
        let DecisionOutcome::Redirected(url) = self.user.approve(url.as_str(), None).await? else {
            return Err("the user was not redirected".into());
        };
        let code = pending.read_callback(&url)?;
        Ok(Approved { label, pending, code })
    }

    /// Exchanges the code. Returns the label and the key.
    async fn exchange(&self, mut approved: Approved) -> Result<(String, ApiKey)> {
        let grant = approved.pending.exchange(&self.client, &approved.code).await?;
        Ok((approved.label, grant.key))
    }

    /// Returns whether the key has this label.
    async fn owns(&self, key: ApiKey, label: &str) -> Result<bool> {
        let info = self.client.with_key(key).current_key().await?;
        Ok(info.label.as_deref() == Some(label))
    }
}

/// The emulator: this program, in another process.
struct EmulatorProcess {
    child: Child,
    base_url: String,
}

impl EmulatorProcess {
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

impl Drop for EmulatorProcess {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
