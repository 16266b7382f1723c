//! The application with everything it needs: on loopback without any setup, or as two instances behind TLS.

use std::{
    fmt,
    net::Ipv4Addr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use openrouter_oauth_emulator::{Emulator, Settings};
use openrouter_oauth_tests::{
    Result,
    poll::poll,
    servers::{Postgres, Redis, free_port},
    testbed::Testbed,
    webdriver::{Browser, ChromeDriver, REBOUND},
};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::{
    application::Application,
    secrets::Secrets,
    tls_front_end::{HOST, SIBLING, TlsFrontEnd},
};

/// The application's keys, in the deployment behind TLS.
pub(crate) const COOKIE_KEYS: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(crate) const VAULT_KEYS: &str = "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0";

/// What is in front of the application.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum FrontEnd {
    None,
    Tls,
}

impl fmt::Display for FrontEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "web, loopback",
            Self::Tls => "web, TLS",
        })
    }
}

/// A running application, its emulator, and its servers.
pub(crate) struct Deployment {
    /// The origin, as the browser sees it.
    pub(crate) origin: String,
    pub(crate) instances: Vec<Application>,
    pub(crate) behind_tls: Option<BehindTls>,
    testbed: Testbed,
    _logs: TempDir,
    users: AtomicUsize,
    secrets: Mutex<Secrets>,
}

/// The servers around two instances.
pub(crate) struct BehindTls {
    pub(crate) front_end: TlsFrontEnd,
    pub(crate) redis: Redis,
    postgres: Postgres,
}

impl Deployment {
    /// Starts it. Returns `None` if the machine lacks one of the servers.
    pub(crate) async fn start(front_end: FrontEnd) -> Result<Option<Self>> {
        match front_end {
            FrontEnd::None => Self::on_loopback().await.map(Some),
            FrontEnd::Tls => Self::over_tls().await,
        }
    }

    /// Starts one instance without settings, except for the emulator's address.
    async fn on_loopback() -> Result<Self> {
        let (testbed, logs) = (Testbed::over_tcp(Settings::default()).await, TempDir::new()?);
        let environment =
            [("LISTEN", "127.0.0.1:0".to_owned()), ("OPENROUTER_BASE_URL", testbed.base_url().to_owned())];
        let instance = Application::start(&logs.path().join("app0.log"), &environment).await?;
        let (origin, instances) = (instance.origin.clone(), vec![instance]);
        Ok(Self::new(origin, instances, None, testbed, logs))
    }

    /// Starts two instances behind nginx.
    async fn over_tls() -> Result<Option<Self>> {
        let Some((behind_tls, addresses)) = spawn_blocking(start_servers).await? else { return Ok(None) };
        let (testbed, logs) = (Testbed::over_tcp(Settings::default()).await, TempDir::new()?);
        let origin = behind_tls.front_end.origin();
        let mut instances = Vec::new();
        for (number, address) in addresses.into_iter().enumerate() {
            let environment = [
                ("LISTEN", address),
                ("ORIGIN", origin.clone()),
                ("DATABASE_URL", behind_tls.postgres.url()),
                ("REDIS_URL", behind_tls.redis.url()),
                ("COOKIE_KEYS", COOKIE_KEYS.to_owned()),
                ("VAULT_KEYS", VAULT_KEYS.to_owned()),
                ("OPENROUTER_BASE_URL", testbed.base_url().to_owned()),
            ];
            let log = logs.path().join(format!("app{number}.log"));
            instances.push(Application::start(&log, &environment).await?);
        }
        Ok(Some(Self::new(origin, instances, Some(behind_tls), testbed, logs)))
    }

    fn new(
        origin: String,
        instances: Vec<Application>,
        behind_tls: Option<BehindTls>,
        testbed: Testbed,
        logs: TempDir,
    ) -> Self {
        let (users, secrets) = (AtomicUsize::new(0), Mutex::default());
        Self { origin, instances, behind_tls, testbed, _logs: logs, users, secrets }
    }

    /// Begins a scene. Restarts instances and removes faults that the scene before it left.
    pub(crate) async fn begin_scene(&self) -> Result {
        self.emulator().clear_faults();
        self.restart_instances().await?;
        self.instances.iter().try_for_each(Application::begin_scene)
    }

    /// Starts all instances that do not run.
    pub(crate) async fn restart_instances(&self) -> Result {
        for instance in &self.instances {
            instance.restart().await?;
        }
        Ok(())
    }

    /// Returns a name that no other user has.
    pub(crate) fn new_name(&self) -> String {
        format!("user {}", self.users.fetch_add(1, Ordering::Relaxed))
    }

    /// Opens a browser with a new profile. Only the one for TLS keeps pages for the button that goes back, so the
    /// scenes run with and without.
    pub(crate) async fn open_browser(&self, driver: &ChromeDriver) -> Result<Browser> {
        match &self.behind_tls {
            Some(servers) => driver.open_with(&[HOST, SIBLING], &[&servers.front_end.trusted()]).await,
            None => driver.open_with(&[REBOUND], &["--disable-features=BackForwardCache"]).await,
        }
    }

    pub(crate) fn emulator(&self) -> &Emulator {
        self.testbed.emulator()
    }

    pub(crate) fn testbed(&self) -> &Testbed {
        &self.testbed
    }

    /// Returns the servers of the scenes that run only behind TLS.
    pub(crate) fn servers(&self) -> Result<&BehindTls> {
        Ok(self.behind_tls.as_ref().ok_or("this scene needs the servers behind TLS")?)
    }

    /// Waits until an instance logs a line with all these parts in this scene, and returns the instance.
    pub(crate) async fn wait_for_log(&self, parts: &[&str]) -> Result<&Application> {
        let is_wanted = |line: &str| parts.iter().all(|part| line.contains(part));
        poll(&format!("a log with {parts:?}"), async || {
            for instance in &self.instances {
                if instance.log_of_scene()?.lines().any(is_wanted) {
                    return Ok(Some(instance));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Returns the last lines of all logs, for a scene that failed.
    pub(crate) fn last_lines(&self) -> String {
        let mut lines: Vec<_> = self.instances.iter().map(Application::last_lines).collect();
        lines.extend(self.behind_tls.as_ref().map(|servers| servers.front_end.last_lines()));
        lines.join("\n")
    }

    /// The secrets that browsers saw.
    pub(crate) fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the servers around two instances, and returns the addresses of the instances.
///
/// The ports of the instances are chosen before they listen, so each has an address of its own, whose ports no other
/// program takes.
fn start_servers() -> Option<(BehindTls, [String; 2])> {
    let (postgres, redis) = (Postgres::start()?, Redis::start()?);
    let addresses = [3, 4].map(|last| Ipv4Addr::new(127, 0, 0, last));
    let addresses = addresses.map(|address| format!("{address}:{}", free_port(address)));
    let front_end = TlsFrontEnd::start(addresses.each_ref().map(String::as_str))?;
    Some((BehindTls { front_end, redis, postgres }, addresses))
}
