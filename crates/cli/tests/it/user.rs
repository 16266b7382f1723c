//! A user of the program, with files, logins and a browser.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read, Write as _},
    mem,
    net::TcpStream,
    path::Path,
    process::{Child, ChildStderr, Command, Output, Stdio},
    time::Duration,
};

use openrouter_oauth_emulator::{DecisionError, DecisionOutcome, Emulator, User};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Finished, Served, block_on, program};

/// A folder for a user's files.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Returns the program as this user runs it, without a terminal.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command.env("XDG_CONFIG_HOME", self.0.path()).env("LOCALAPPDATA", self.0.path());
        // A display, so that the environment does not look headless.
        command.env("DISPLAY", ":0");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
        Finished::from_output(self.program(arguments).envs(variables.iter().copied()).output().unwrap())
    }

    /// Signs in, so that a key is stored.
    pub(crate) fn store_key(&self, served: &Served) {
        let login = Login::start(served, self, &["--label", "stored by a test"]);
        get(&login.approve());
        login.finish().result(0);
    }

    /// Returns the path of the file in which keys are stored.
    pub(crate) fn file(&self) -> String {
        let file = self.folder().join("openrouter-oauth").join("openrouter-oauth.json");
        file.to_str().unwrap().to_owned()
    }

    /// Returns the folder of the user's settings.
    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Creates a folder where the file for keys belongs.
    pub(crate) fn block_file(&self) {
        fs::create_dir_all(self.file()).unwrap();
    }

    /// Creates a file where the folder for keys belongs. On Windows, this fails while a login has a file in the folder
    /// open.
    pub(crate) fn block_folder(&self) {
        let folder = self.folder().join("openrouter-oauth");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::write(folder, "").unwrap();
    }
}

/// A login that has printed its URL and is waiting.
pub(crate) struct Login {
    child: Child,
    stderr: BufReader<ChildStderr>,
    served: Emulator,
    printed: String,
    url: String,
}

impl Login {
    /// Begins a login with `--json`, which does not prompt.
    pub(crate) fn start(served: &Served, home: &Home, arguments: &[&str]) -> Self {
        Self::start_writing_to(served, home, arguments, Stdio::piped())
    }

    /// Like [`start`](Self::start), with this standard output.
    pub(crate) fn start_writing_to(
        served: &Served,
        home: &Home,
        arguments: &[&str],
        stdout: impl Into<Stdio>,
    ) -> Self {
        let login = ["login", "--json", "--no-browser", "--server", &served.url];
        let mut command = home.program(&[&login, arguments].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(stdout).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut printed = String::new();
        stderr.read_line(&mut printed).unwrap();
        let event: Value = serde_json::from_str(&printed).unwrap();
        let url = event["authorize_url"].as_str().unwrap().to_owned();
        Self { child, stderr, served: served.emulator.clone(), printed, url }
    }

    /// Presses Authorize on the page and returns the redirect's URL or the code that the page shows.
    pub(crate) fn approve(&self) -> String {
        outcome(block_on(self.user().approve(&self.url, None)))
    }

    /// Presses Deny on the page and returns the redirect's URL.
    pub(crate) fn deny(&self) -> String {
        outcome(block_on(self.user().deny(&self.url)))
    }

    fn user(&self) -> User {
        User::new(self.served.clone())
    }

    /// Pastes a line.
    pub(crate) fn paste(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: &str) {
        crate::signal::kill(signal, &self.child.id().to_string());
    }

    /// Ends the process without giving it the chance to clean up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Closes the input and waits for the end.
    pub(crate) fn finish(mut self) -> Finished {
        drop(self.child.stdin.take());
        self.wait()
    }

    /// Waits for the end. The input stays open.
    pub(crate) fn wait(mut self) -> Finished {
        let _input = self.child.stdin.take();
        let (mut stdout, mut stderr) = (Vec::new(), mem::take(&mut self.printed).into_bytes());
        self.stderr.read_to_end(&mut stderr).unwrap();
        if let Some(mut printed) = self.child.stdout.take() {
            printed.read_to_end(&mut stdout).unwrap();
        }
        Finished::from_output(Output { status: self.child.wait().unwrap(), stdout, stderr })
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        // If the test failed, the process may still be running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the program without a terminal, even if this test has one: in its own session.
#[cfg(target_os = "linux")]
pub(crate) fn detached(command: &mut Command) -> Child {
    let mut detached = Command::new("setsid");
    detached.arg("--wait").arg(command.get_program()).args(command.get_args()).env_clear();
    detached.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    detached.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts the program without a terminal, even if this test has one: with a standard input that is not the console.
#[cfg(windows)]
pub(crate) fn detached(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).spawn().unwrap()
}

/// Reads the output of a [`detached`] login up to its URL. Returns the URL, and everything that was read.
#[cfg(any(target_os = "linux", windows))]
pub(crate) fn read_until_url(stderr: &mut impl Read, origin: &str) -> (String, Vec<u8>) {
    let (mut printed, begin) = (Vec::new(), format!("{origin}/auth?"));
    loop {
        let mut byte = [0];
        stderr.read_exact(&mut byte).unwrap();
        printed.extend(byte);
        let text = String::from_utf8_lossy(&printed);
        if let Some((_, url)) = text.split_once(&begin)
            && let Some(url) = url.strip_suffix('\n')
        {
            return (format!("{begin}{url}"), printed);
        }
    }
}

/// Sends a GET request like a browser's and returns the whole response.
pub(crate) fn get(url: &str) -> String {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {authority}\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// Returns the code that a page shows, or the URL that it redirects the browser to.
pub(crate) fn outcome(pressed: Result<DecisionOutcome, DecisionError>) -> String {
    match pressed.unwrap() {
        DecisionOutcome::Redirected(text) | DecisionOutcome::Code(text) => text,
        other => panic!("{other:?}"),
    }
}
