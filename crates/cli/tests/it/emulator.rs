//! `emulator` as a process.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    thread,
    time::Duration,
};

use crate::support::{Finished, program, run};

#[test]
fn emulator_process_serves_the_demo_until_stopped() {
    let mut emulator = Stopped(program(&["emulator", "--port", "0"]).spawn().unwrap());
    let mut url = String::new();
    let stdout = emulator.0.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut url).unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");

    let demo = run(&["demo", "--server", url.trim_end()]);
    assert_eq!(demo.status, Some(0), "{demo:?}");
}

#[test]
fn error_names_the_taken_port() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let emulator = run(&["emulator", "--port", &port]);
    assert_eq!(emulator.status, Some(1));
    assert!(emulator.stderr.starts_with(&format!("error: port {port} ")), "{emulator:?}");

    let error = run(&["emulator", "--json", "--port", &port]).error(1);
    assert_eq!(error["kind"], "unexpected");
}

#[test]
fn port_is_a_number_up_to_65535() {
    for port in ["65536", "-1", "", "http"] {
        let emulator = Finished::from_output(program(&["emulator", "--port", port]).output().unwrap());
        assert_eq!(emulator.status, Some(2), "{port}");
    }
}

/// Starts an emulator, and returns it with its ready line.
fn start(arguments: &[&str]) -> (Stopped, String) {
    ready(program(&[&["emulator"], arguments].concat()))
}

/// Starts an emulator with this command, and returns it with its ready line.
fn ready(mut command: Command) -> (Stopped, String) {
    let mut emulator = Stopped(command.spawn().unwrap());
    let mut url = String::new();
    let stdout = emulator.0.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut url).unwrap();
    (emulator, url.trim_end().to_owned())
}

/// Returns the port of a base URL on a loopback address.
fn port(url: &str) -> &str {
    url.strip_prefix("http://127.0.0.1:").unwrap().strip_suffix("/api/v1").unwrap()
}

#[test]
fn emulator_on_every_address_warns_and_prints_a_usable_url() {
    let (mut emulator, url) = start(&["--host", "0.0.0.0", "--json"]);
    let output: serde_json::Value = serde_json::from_str(&url).unwrap();
    let url = output["base_url"].as_str().unwrap();
    run(&["jwks", "--json", "--server", url]).json();
    let mut warning = String::new();
    BufReader::new(emulator.0.stderr.take().unwrap()).read_line(&mut warning).unwrap();
    let warning: serde_json::Value = serde_json::from_str(&warning).unwrap();
    let warning = warning["warning"].as_str().unwrap();
    for part in [
        &format!("port {} of this machine", port(url)),
        "can get keys",
        "--insecure-http",
        "work nowhere else",
    ] {
        assert!(warning.contains(part), "{warning}");
    }
}

// The shell's `ulimit` is a Unix command.
#[cfg(unix)]
#[test]
fn idle_connections_give_back_their_files() {
    let mut command = Command::new("sh");
    let limited = r#"ulimit -n 64 && exec "$0" emulator --max-connections 1000"#;
    command
        .args(["-c", limited, env!("CARGO_BIN_EXE_openrouter-oauth")])
        .stdout(std::process::Stdio::piped());
    let (emulator, url) = ready(command);
    let idle: Vec<TcpStream> =
        (0..80).map(|_| TcpStream::connect(("127.0.0.1", port(&url).parse().unwrap())).unwrap()).collect();
    let begun = std::time::Instant::now();
    run(&["jwks", "--json", "--server", &url]).json();
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    drop((idle, emulator));
}

/// A request whose response keeps the connection open.
const HEALTH: &str = "GET /emulator/health HTTP/1.1\r\nHost: x\r\n\r\n";

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Sends a request, reads its response up to the end of the JSON, and returns whether it is a 200.
fn respond(stream: &mut TcpStream, request: &str) -> bool {
    let mut response = Vec::new();
    let mut part = [0; 512];
    stream.write_all(request.as_bytes()).unwrap();
    while !response.ends_with(b"}") {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return false,
            Ok(read) => response.extend_from_slice(&part[..read]),
        }
    }
    response.starts_with(b"HTTP/1.1 200 OK\r\n")
}

#[test]
fn option_limits_the_connections() {
    let (_emulator, url) = start(&["--max-connections", "2"]);
    let port = port(&url).parse().unwrap();
    let mut first = connect(port);
    let mut second = connect(port);
    assert!(respond(&mut first, HEALTH) && respond(&mut second, HEALTH));
    // The third client replaces the one that has been idle longest.
    thread::sleep(Duration::from_millis(50));
    let mut third = connect(port);
    assert!(respond(&mut third, HEALTH));
    let end = first.read(&mut [0; 1]);
    // A reset also counts as closing, but not the end of the timeout.
    let is_reset = end.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset);
    assert!(is_reset || matches!(end, Ok(0)), "{end:?}");
    assert!(respond(&mut second, HEALTH));
}

// MacOS has only 127.0.0.1 of its network.
#[cfg(not(target_os = "macos"))]
#[test]
fn emulator_on_a_loopback_address_does_not_warn() {
    let (mut emulator, url) = start(&["--host", "127.0.0.2", "--json"]);
    assert!(url.contains("http://127.0.0.2:"), "{url}");
    let stderr = emulator.0.stderr.take().unwrap();
    drop(emulator);
    assert_eq!(io::read_to_string(stderr).unwrap(), "");
}

#[test]
fn address_of_another_machine_is_an_error() {
    // RFC 5737 reserves this address for documentation.
    let error = run(&["emulator", "--json", "--host", "198.51.100.1"]).error(1);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("does not have the address 198.51.100.1"), "{error}");
}

#[test]
fn port_file_replaces_a_stale_one_before_the_ready_line() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("port");
    fs::write(&file, "1\nof an earlier run").unwrap();
    let (_emulator, url) = start(&["--port-file", file.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{}\n", port(&url)));
    // No temporary file is left.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    run(&["jwks", "--json", "--server", &url]).json();
}

#[test]
fn port_file_that_cannot_be_written_is_an_error() {
    let folder = tempfile::TempDir::new().unwrap();
    let missing = folder.path().join("missing").join("port");
    // The second path is a folder.
    for path in [missing.as_path(), folder.path()] {
        let error = run(&["emulator", "--json", "--port-file", path.to_str().unwrap()]).error(1);
        assert_eq!(error["kind"], "unexpected");
        assert!(error["message"].as_str().unwrap().starts_with("could not write "), "{error}");
        assert!(error["causes"][0].is_string(), "{error}");
        assert!(!error.to_string().contains(".port-"), "{error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

// The shell's `ulimit` is a Unix command.
#[cfg(unix)]
#[test]
fn port_file_on_a_full_disk_is_an_error() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("port");
    // No file may grow, which fails as on a full disk, because the signal is ignored.
    let limited = r#"trap '' XFSZ && ulimit -f 0 && exec "$0" emulator --json --port 0 --port-file "$1""#;
    let mut command = Command::new("sh");
    command.args(["-c", limited, env!("CARGO_BIN_EXE_openrouter-oauth")]).arg(&file);
    let error = Finished::from_output(command.output().unwrap()).error(1);
    assert!(error["message"].as_str().unwrap().starts_with("could not write "), "{error}");
    assert!(error["causes"][0].is_string() && !error.to_string().contains(".port-"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn port_file_is_not_left_if_the_port_is_taken() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("port");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    run(&["emulator", "--json", "--port", &port, "--port-file", file.to_str().unwrap()]).error(1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn device_and_link_are_not_replaced_by_the_port_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    for path in ["/dev/null", link.to_str().unwrap()] {
        let error = run(&["emulator", "--json", "--port-file", path]).error(1);
        assert_eq!(error["causes"][0], "it exists and is not a regular file");
    }
    assert!(link.is_symlink() && !fs::metadata("/dev/null").unwrap().is_file());
}

#[cfg(unix)]
#[test]
fn signal_removes_the_port_file() {
    use crate::signal::kill;

    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("port");
    for signal in ["INT", "TERM"] {
        let (mut emulator, _) = start(&["--port-file", file.to_str().unwrap()]);
        assert!(file.exists());
        kill(signal, &emulator.0.id().to_string());
        assert_eq!(emulator.0.wait().unwrap().code(), Some(0), "{signal}");
        assert!(!file.exists(), "{signal}");
    }

    // A later emulator has replaced the file.
    let (mut emulator, _) = start(&["--port-file", file.to_str().unwrap()]);
    fs::write(&file, "1\n").unwrap();
    kill("TERM", &emulator.0.id().to_string());
    assert_eq!(emulator.0.wait().unwrap().code(), Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), "1\n");
}

// The shell of these lines is a Unix shell.
#[cfg(unix)]
#[test]
fn curl_lines_of_the_help_and_the_index_approve_a_sign_in() {
    use crate::{
        support::serve,
        tools::{Tool, needs},
    };

    const CURL: Tool = Tool::new("curl", &["curl", "--version"]);
    needs!(CURL);
    let served = serve();
    let shell = |line: &str, url: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).env("url", url).env("no_proxy", "*");
        String::from_utf8(shell.output().unwrap().stdout).unwrap()
    };
    let help = run(&["emulator", "--help"]);
    let index = shell("curl \"$url\"", served.origin());
    let texts = [help.line(), &index];
    let lines: Vec<&str> = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| line.trim_start().starts_with("curl "))
        .collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in lines {
        let begun = run(&["url", "--json", "--server", &served.url]).json();
        let approved = shell(line, begun["authorize_url"].as_str().unwrap());
        let approved: serde_json::Value = serde_json::from_str(&approved).unwrap();
        assert!(approved["code"].is_string(), "{line}: {approved}");
    }
}

/// A process that ends with the test.
pub(crate) struct Stopped(pub(crate) Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        // This fails only if the process has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
