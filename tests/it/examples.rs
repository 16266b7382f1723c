//! The examples of the SDK, as programs that sign in at the emulator over TCP.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use openrouter_oauth_emulator::{DecisionOutcome, Emulator, EmulatorServer, Fault, User};
use openrouter_oauth_tests::query;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
    time,
};

const CALLBACK: &str = env!("CARGO_BIN_EXE_example_callback");
const CLOSURE_TRANSPORT: &str = env!("CARGO_BIN_EXE_example_closure_transport");
const HEADLESS: &str = env!("CARGO_BIN_EXE_example_headless");

/// Waits for an example, which is killed if the wait fails.
async fn within_a_minute<T>(step: impl Future<Output = T>) -> T {
    time::timeout(Duration::from_secs(60), step).await.unwrap()
}

/// An example that runs, and the emulator that it calls.
struct Example {
    emulator: Emulator,
    user: User,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    _server: EmulatorServer,
}

impl Example {
    async fn start(program: &str) -> Self {
        let emulator = Emulator::new();
        let server = emulator.serve(0).await.unwrap();
        let mut child = command(program, &server.base_url()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let user = User::new(emulator.clone());
        Self { emulator, user, child, lines, _server: server }
    }

    /// Reads lines until one contains a URL, and returns the URL.
    async fn url(&mut self) -> String {
        loop {
            let line = within_a_minute(self.lines.next_line()).await.unwrap().unwrap();
            if let Some(url) = line.split(' ').find(|word| word.starts_with("http://")) {
                return url.to_owned();
            }
        }
    }

    async fn approve(&mut self) -> String {
        let url = self.url().await;
        match self.user.approve(&url, None).await.unwrap() {
            DecisionOutcome::Code(code) => code,
            other => panic!("{other:?}"),
        }
    }

    async fn paste(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(format!("{text}\n").as_bytes()).await.unwrap();
    }

    /// Waits for the end. Returns the rest of standard output, standard error, and the exit status.
    async fn finish(mut self) -> (String, String, Option<i32>) {
        let mut rest = String::new();
        while let Some(line) = within_a_minute(self.lines.next_line()).await.unwrap() {
            rest.push_str(&line);
            rest.push('\n');
        }
        let output = within_a_minute(self.child.wait_with_output()).await.unwrap();
        (rest, stderr(&output), output.status.code())
    }
}

fn command(program: &str, base_url: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(base_url).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("NO_PROXY", "*").kill_on_drop(true);
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Sends `GET target` to the web app, and returns the whole response.
async fn get(address: &str, target: &str, cookie: &str) -> String {
    let mut browser = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nCookie: a=b; {cookie}\r\n\r\n");
    browser.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    within_a_minute(browser.read_to_string(&mut response)).await.unwrap();
    response
}

fn header<'a>(response: &'a str, name: &str) -> &'a str {
    response.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap()
}

#[tokio::test]
async fn headless_and_closure_examples_sign_in() {
    for program in [HEADLESS, CLOSURE_TRANSPORT] {
        let mut example = Example::start(program).await;
        let code = example.approve().await;
        example.paste(&code).await;
        let emulator = example.emulator.clone();
        let (stdout, stderr, status) = example.finish().await;
        assert!(stdout.contains("Signed in as user_"), "{program}: {stdout}{stderr}");
        assert_eq!((stderr.as_str(), status), ("", Some(0)), "{program}");
        assert_eq!(emulator.posts("/auth/keys"), 1, "{program}");
    }
}

#[tokio::test]
async fn headless_example_accepts_another_code_after_a_rejection() {
    let mut example = Example::start(HEADLESS).await;
    let code = example.approve().await;
    for pasted in ["", "auth_code_of_somebody_else", &code] {
        example.paste(pasted).await;
    }
    let (stdout, stderr, status) = example.finish().await;
    assert!(stdout.contains("Paste it again") && stdout.contains("Paste another one"), "{stdout}");
    assert!(stdout.contains("Signed in as user_"), "{stdout}");
    assert_eq!((stderr.as_str(), status), ("", Some(0)));
}

#[tokio::test]
async fn callback_example_signs_in_its_own_browser() {
    let mut example = Example::start(CALLBACK).await;
    let login = example.url().await;
    let address = login.split('/').nth(2).unwrap();
    let response = get(address, "/login", "").await;
    assert!(response.starts_with("HTTP/1.1 303 "), "{response}");
    let cookie = header(&response, "set-cookie").split(';').next().unwrap();
    let approved = example.user.approve(header(&response, "location"), None).await.unwrap();
    let DecisionOutcome::Redirected(callback) = approved else { panic!("{approved:?}") };

    let target = query::target(&callback);
    let foreign = get(address, target, "sign_in=foreign").await;
    assert!(foreign.starts_with("HTTP/1.1 400 ") && foreign.contains("Not signed in"), "{foreign}");
    let page = get(address, target, cookie).await;
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("Signed in as user_"), "{page}");
    // The sign-in is over.
    assert!(get(address, target, cookie).await.starts_with("HTTP/1.1 400 "));
    assert_eq!(example.emulator.posts("/auth/keys"), 1);
}

#[tokio::test]
async fn callback_example_shows_that_the_user_declined() {
    let mut example = Example::start(CALLBACK).await;
    let login = example.url().await;
    let address = login.split('/').nth(2).unwrap();
    let response = get(address, "/login", "").await;
    let cookie = header(&response, "set-cookie").split(';').next().unwrap();
    let denied = example.user.deny(header(&response, "location")).await.unwrap();
    let DecisionOutcome::Redirected(callback) = denied else { panic!("{denied:?}") };
    let page = get(address, query::target(&callback), cookie).await;
    assert!(page.contains("Not signed in: the user declined."), "{page}");
}

#[tokio::test]
async fn examples_exit_with_1_and_print_errors_with_their_causes() {
    for program in [CALLBACK, CLOSURE_TRANSPORT, HEADLESS] {
        let output = within_a_minute(command(program, "http://openrouter.ai").output()).await.unwrap();
        let expected = "error: the base URL must use https, or http on a loopback host; for another host of a test \
                        network, use `dangerously_allow_http`\n";
        assert!(stderr(&output) == expected, "{program}: {output:?}");
        assert_eq!(output.status.code(), Some(1), "{program}");
    }
    for program in [CLOSURE_TRANSPORT, HEADLESS] {
        let mut example = Example::start(program).await;
        example.emulator.inject(Fault::drop_after_commit().on("/auth/keys"));
        let code = example.approve().await;
        example.paste(&code).await;
        let (stdout, stderr, status) = example.finish().await;
        assert!(stderr.starts_with("error: the outcome of exchanging the code is unknown"), "{stderr}");
        assert!(stderr.contains("\ncaused by: "), "{stderr}");
        assert!(!stdout.contains("Signed in"), "{stdout}");
        assert_eq!(status, Some(1), "{program}");
    }
}
