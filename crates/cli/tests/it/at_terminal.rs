//! `login` and `token` at a terminal, with a user who types.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Child, Command, Output},
    time::Duration,
};

use openrouter_oauth_emulator::{Fault, User};
use tempfile::TempDir;

use crate::{
    ports::fixed_port,
    pty::Terminal,
    support::{Finished, Served, block_on, program, serve},
    tools::{SETSID, needs},
    user::{Home, detached, get, outcome, read_until_url},
    wait::wait_until,
};

mod pasted;

const QUESTION: &str = "Code: ";

/// Builds a command that runs the program at this terminal, with only the command's variables.
fn around(terminal: &Terminal, command: &Command) -> Command {
    let mut around = terminal.around(command);
    let variables: Vec<_> = command.get_envs().filter_map(|(name, value)| Some((name, value?))).collect();
    around.env_clear().envs(variables).env("TERM", "xterm");
    around
}

/// Creates an executable shell script and returns its path.
fn tool(folder: &TempDir, name: &str, script: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A login by a user at a terminal.
struct AtTerminal {
    terminal: Terminal,
    process: Child,
    served: Served,
    home: Home,
}

impl AtTerminal {
    fn login(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::login_of_size(100, 24, arguments, variables)
    }

    fn login_of_size(columns: u16, rows: u16, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let (served, home) = (serve(), Home::new());
        let terminal = Terminal::new(columns, rows);
        let mut command = home.program(&[&["login", "--server", &served.url], arguments].concat());
        command.envs(variables.iter().copied());
        let process = around(&terminal, &command).spawn().unwrap();
        Self { terminal, process, served, home }
    }

    /// Waits for the prompt and returns the URL on the screen.
    #[track_caller]
    fn url(&self) -> String {
        let shown = self.terminal.wait_for(QUESTION);
        let begin = format!("{}/auth?", self.served.origin());
        let url = shown.lines().find(|line| line.starts_with(&begin)).unwrap_or_else(|| panic!("{shown}"));
        url.trim_end().to_owned()
    }

    /// Presses Authorize and returns the code that the page shows or the URL that it redirects to.
    fn approve(&self) -> String {
        let url = self.url();
        outcome(block_on(User::new(self.served.emulator.clone()).approve(&url, None)))
    }

    /// Waits for the end and returns the status. Checks that the terminal's mode is restored.
    #[track_caller]
    fn end(&mut self) -> Option<i32> {
        let status = self.process.wait().unwrap();
        assert!(self.terminal.is_unchanged());
        let shown = self.terminal.shown();
        assert!(!shown.contains("panicked"), "{shown}");
        status.code()
    }

    /// Waits for the end, and returns whether the login stored a key.
    fn home_has_key_after_end(&mut self) -> bool {
        let is_success = self.end() == Some(0);
        is_success && self.home.run(&["token", "--server", &self.served.url]).line().starts_with("sk-or-v1-")
    }

    /// Checks that the login stored a key and did not show it on the screen.
    #[track_caller]
    fn check_signed_in(&mut self) {
        assert_eq!(self.end(), Some(0), "{}", self.terminal.shown());
        let shown = self.terminal.wait_for("You are signed in.");
        assert!(!shown.contains("sk-or-"), "{shown}");
        let token = self.home.run(&["token", "--server", &self.served.url]);
        assert!(token.line().starts_with("sk-or-v1-"));
    }
}

#[test]
fn pasted_code_signs_in() {
    // P-4
    needs!(SETSID);
    for (columns, rows) in [(100, 24), (20, 5)] {
        let mut login =
            AtTerminal::login_of_size(columns, rows, &["--headless", "--label", "my laptop"], &[]);
        let code = login.approve();
        login.terminal.enter(&format!("{code}\r"));
        login.check_signed_in();
        let shown = login.terminal.shown();
        assert!(shown.contains("“my laptop”") && shown.contains("ten minutes"), "{shown}");
        assert!(shown.contains("Only paste a code from a page that you opened yourself"), "{shown}");
    }
}

#[test]
fn user_may_paste_three_codes() {
    // P-5
    needs!(SETSID);
    let mut login = AtTerminal::login(&["--headless"], &[]);
    let code = login.approve();
    login.terminal.enter("auth_code_of_somebody_else\r");
    login.terminal.wait_for("this code was rejected; OpenRouter: Invalid code\r\n");
    login.terminal.enter(&format!("{code}\r"));
    login.check_signed_in();

    let mut login = AtTerminal::login(&["--headless"], &[]);
    for attempt in 1..=3 {
        login.terminal.wait_for_times(QUESTION, attempt);
        login.terminal.enter("auth_code_of_somebody_else\r");
    }
    assert_eq!(login.end(), Some(3));
    assert_eq!(login.served.emulator.posts("/auth/keys"), 3);
}

#[test]
fn end_of_input_and_ctrl_c_cancel() {
    needs!(SETSID);
    for key in ["\u{3}", "\u{4}"] {
        for arguments in [&["--headless"][..], &["--no-browser"]] {
            let mut login = AtTerminal::login(arguments, &[]);
            login.url();
            login.terminal.enter(key);
            assert_eq!(login.end(), Some(130), "{key:?}");
            login.terminal.wait_for("error: the login was cancelled\r\n");
            assert_eq!(login.served.emulator.posts("/auth/keys"), 0);
        }
    }
}

#[test]
fn first_of_callback_and_paste_wins() {
    // P-6
    needs!(SETSID);
    let mut login = AtTerminal::login(&["--no-browser"], &[]);
    let came_back = login.approve();
    // L-7: requests other than the callback get a response, are reported once, and change nothing.
    let (port, _) = came_back.split_once("/callback").unwrap();
    for path in ["/favicon.ico", "/callback?code=auth_code_of_somebody_else"] {
        assert!(get(&format!("{port}{path}")).starts_with("HTTP/1.1 404"));
    }
    login.terminal.wait_for("Still waiting.");
    get(&came_back);
    login.check_signed_in();
    assert_eq!(login.terminal.shown().matches("Still waiting.").count(), 1);

    // The user pastes the URL that a browser on another machine could not open.
    let mut login = AtTerminal::login(&["--no-browser"], &[]);
    let came_back = login.approve();
    login.terminal.enter(&format!("{came_back}\r"));
    login.check_signed_in();
}

#[test]
fn ssh_login_shows_a_code_unless_a_port_is_given() {
    needs!(SETSID);
    let ssh = [("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")];
    let mut login = AtTerminal::login(&[], &ssh);
    let code = login.approve();
    assert!(!code.contains("://"), "{code}");
    login.terminal.enter(&format!("{code}\r"));
    login.check_signed_in();

    let port = fixed_port().to_string();
    let mut login = AtTerminal::login(&["--no-browser", "--port", &port], &ssh);
    get(&login.approve());
    login.check_signed_in();
}

#[test]
fn login_survives_a_browser_that_cannot_be_opened() {
    // F47
    needs!(SETSID);
    let tools = TempDir::new().unwrap();
    let hanging = tool(&tools, "hanging", "sleep 10");
    for (browser, is_reported) in [("/nowhere/browser", true), ("false", true), (hanging.as_str(), false)] {
        let variables = [("BROWSER", browser), ("PATH", "/usr/bin:/bin")];
        let mut login = AtTerminal::login(&[], &variables);
        let came_back = login.approve();
        if is_reported {
            login.terminal.wait_for("No browser was opened: ");
        }
        get(&came_back);
        login.check_signed_in();
        assert_eq!(login.terminal.shown().contains("No browser"), is_reported, "{browser}");
    }
}

#[test]
fn browser_gets_the_url_and_no_secret() {
    // L-22, L-23
    needs!(SETSID);
    let tools = TempDir::new().unwrap();
    let seen = tools.path().join("seen");
    let save = "(printf '%s\\n' \"$#\" \"$@\"; env) > \"$0.new\"; mv \"$0.new\" \"${0%/*}/seen\"";
    let browser = tool(&tools, "recording", save);
    let variables =
        [("BROWSER", browser.as_str()), ("OPENROUTER_API_KEY", "sk-or-v1-canary"), ("PATH", "/usr/bin:/bin")];
    let label = "; touch hacked; $(touch hacked) %s &";
    let mut login = AtTerminal::login(&["--label", label], &variables);
    let (url, came_back) = (login.url(), login.approve());
    wait_until(|| seen.exists());
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.starts_with(&format!("1\n{url}\n")), "{seen}");
    assert!(!seen.contains("canary"), "{seen}");
    get(&came_back);
    login.check_signed_in();
    login.terminal.wait_for("OPENROUTER_API_KEY is set");
}

#[test]
fn unstorable_key_is_shown_at_a_terminal() {
    // S-8
    needs!(SETSID);
    let mut login = AtTerminal::login(&["--no-browser"], &[]);
    let came_back = login.approve();
    login.home.block_file();
    get(&came_back);
    assert_eq!(login.end(), Some(1));
    let shown = login.terminal.wait_for("error: the key could not be stored; ");
    assert!(shown.contains("sk-or-v1-"), "{shown}");
}

#[test]
fn key_is_printed_on_a_terminal_only_if_forced() {
    needs!(SETSID);
    let (served, home, terminal) = (serve(), Home::new(), Terminal::new(80, 24));
    home.store_key(&served);
    let key = home.run(&["token", "--server", &served.url]).line().to_owned();
    let token = ["token", "--server", &served.url];
    let rejected = around(&terminal, &home.program(&token)).status().unwrap();
    assert_eq!(rejected.code(), Some(2));
    assert!(!terminal.wait_for("--force").contains(&key));
    let forced = around(&terminal, &home.program(&[&token[..], &["--force"]].concat())).status().unwrap();
    assert!(forced.success());
    terminal.wait_for(&key);
}

#[test]
fn spinner_moves_on_a_terminal_during_the_exchange() {
    const TEXT: &str = "Exchanging the code for a key";
    needs!(SETSID);
    for (terminal, moves) in [("xterm", true), ("dumb", false)] {
        let (served, home) = (serve(), Home::new());
        let screen = Terminal::new(80, 24);
        served.emulator.inject(Fault::delay(Duration::from_millis(700)).on("/auth/keys"));
        let login = home.program(&["login", "--no-browser", "--server", &served.url]);
        let process = around(&screen, &login).env("TERM", terminal).spawn().unwrap();
        let mut login = AtTerminal { terminal: screen, process, served, home };
        get(&login.approve());
        login.check_signed_in();
        let shown = login.terminal.shown();
        let drawn = shown.matches(TEXT).count();
        assert!(if moves { drawn > 2 } else { drawn == 1 }, "{drawn} {shown:?}");
        assert_eq!(shown.contains(&format!("\r\u{1b}[K| {TEXT}")), moves, "{shown:?}");
    }
}

#[test]
fn output_has_plain_lines_without_a_terminal() {
    needs!(SETSID);
    for (arguments, waiting) in
        [(&["--no-browser"][..], "Waiting for the browser ...\n"), (&["--headless"], "")]
    {
        let (served, home) = (serve(), Home::new());
        let arguments = [&["login", "--print", "--server", &served.url], arguments].concat();
        let mut child = detached(&mut home.program(&arguments));
        let (url, mut stderr) = read_until_url(child.stderr.as_mut().unwrap(), served.origin());
        let code_or_callback = outcome(block_on(User::new(served.emulator.clone()).approve(&url, None)));
        // If the browser cannot reach the program, the code is a line of standard input.
        let mut stdin = child.stdin.take().unwrap();
        if waiting.is_empty() {
            writeln!(stdin, "{code_or_callback}").unwrap();
        } else {
            get(&code_or_callback);
        }
        let output = child.wait_with_output().unwrap();
        stderr.extend(&output.stderr);
        let signed_in = Finished::from_output(Output { stderr, ..output });
        let (stdout, stderr) = (signed_in.line(), &signed_in.stderr);
        assert!(stdout.starts_with("sk-or-v1-") && stdout.lines().count() == 1, "{signed_in:?}");
        assert!(stderr.contains(waiting), "{stderr}");
        assert!(stderr.ends_with(&format!(" is in {:?}.\n", home.file())), "{stderr}");
        assert!(!stderr.contains("sk-or-") && !stderr.contains('\u{1b}'), "{stderr}");
    }
}

#[test]
fn colors_can_be_turned_off() {
    needs!(SETSID);
    for (no_color, has_color) in [("", true), ("1", false)] {
        let terminal = Terminal::new(100, 24);
        let mut help = around(&terminal, &program(&["login", "-h"]));
        assert!(help.env("NO_COLOR", no_color).status().unwrap().success());
        let shown = terminal.wait_for("--no-browser");
        assert_eq!(shown.contains('\u{1b}'), has_color, "{shown:?}");
    }
}
