//! An instance of the web application in `tests/consumers/web`, as a process.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use openrouter_oauth_tests::{Result, poll::poll, servers::Daemon};

/// An instance of the application. Its log contains everything that it logs.
pub(crate) struct Application {
    log: PathBuf,
    command: Vec<String>,
    process: Mutex<Option<Daemon>>,
    /// The length of the log when the scene began.
    scene: AtomicUsize,
    /// The origin that it printed.
    pub(crate) origin: String,
    address: String,
}

impl Application {
    /// Starts an instance. It inherits only `PATH` from this process's environment.
    pub(crate) async fn start(log: &Path, environment: &[(&str, String)]) -> Result<Self> {
        fs::write(log, "")?;
        let mut application = Self {
            log: log.to_owned(),
            command: command(environment)?,
            process: Mutex::default(),
            scene: AtomicUsize::new(0),
            origin: String::new(),
            address: environment
                .iter()
                .find(|(name, _)| *name == "LISTEN")
                .map(|(_, address)| address.clone())
                .unwrap_or_default(),
        };
        application.origin = application.launch().await?;
        Ok(application)
    }

    /// Starts the process, and returns the URL that it prints.
    async fn launch(&self) -> Result<String> {
        let before = fs::read(&self.log).map_or(0, |log| log.len());
        let command: Vec<_> = self.command.iter().map(String::as_str).collect();
        *self.process() = Some(Daemon::start(&command, "KILL", &self.log));
        poll("the application to start", async || {
            let opened =
                self.log_from(before)?.lines().find_map(|line| line.strip_prefix("Open ").map(str::to_owned));
            if opened.is_none() && self.has_ended() {
                return Err(format!("the application ended:\n{}", self.last_lines()).into());
            }
            Ok(opened)
        })
        .await
    }

    /// Returns the address of its setting `LISTEN`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    fn process(&self) -> MutexGuard<'_, Option<Daemon>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_ended(&self) -> bool {
        self.process().as_ref().is_none_or(Daemon::has_ended)
    }

    /// Kills the process, as a crash would.
    pub(crate) fn kill(&self) {
        *self.process() = None;
    }

    /// Starts it again, with the same settings, if it does not run.
    pub(crate) async fn restart(&self) -> Result {
        if self.has_ended() { self.launch().await.map(drop) } else { Ok(()) }
    }

    /// Begins a scene: [`log_of_scene`](Self::log_of_scene) starts here.
    pub(crate) fn begin_scene(&self) -> Result {
        self.scene.store(self.log()?.len(), Ordering::Relaxed);
        Ok(())
    }

    /// Returns everything that it logged in this scene.
    pub(crate) fn log_of_scene(&self) -> Result<String> {
        self.log_from(self.scene.load(Ordering::Relaxed))
    }

    /// Returns everything that it logged.
    pub(crate) fn log(&self) -> Result<String> {
        self.log_from(0)
    }

    fn log_from(&self, start: usize) -> Result<String> {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let mut file = fs::File::open(&self.log)?;
        file.seek(SeekFrom::Start(start.try_into()?))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the end of its log, without the details of `trace` and `debug`.
    pub(crate) fn last_lines(&self) -> String {
        let log = self.log_of_scene().unwrap_or_default();
        let mut lines: Vec<_> =
            log.lines().filter(|line| !line.contains("TRACE") && !line.contains("DEBUG")).collect();
        lines.drain(..lines.len().saturating_sub(10));
        lines.join("\n")
    }
}

/// Returns the command that starts the program. `cargo xtask browser` builds it next to this one.
fn command(environment: &[(&str, String)]) -> Result<Vec<String>> {
    let program = env::current_exe()?.with_file_name("web");
    let mut command = vec!["env".to_owned(), "-i".to_owned(), format!("PATH={}", env::var("PATH")?)];
    command.push("RUST_LOG=trace".to_owned());
    command.extend(environment.iter().map(|(name, value)| format!("{name}={value}")));
    command.push(program.display().to_string());
    Ok(command)
}
