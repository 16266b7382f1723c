//! Logins in programs without a runtime, over real sockets, with each client.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use openrouter_oauth::{Client, blocking};
use openrouter_oauth_login::{Cancel, Ensured, Error, Login, MemoryStore, testing::TestUser};

const GRANT: &str = r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#;
const INFO: &str = r#"{"data":{"label":"my-cli","limit":null,"usage":0}}"#;

/// Starts a service that responds to each request at once.
fn serve() -> String {
    serve_after(|| {})
}

/// Starts a service that receives each request, calls `wait`, and then responds.
fn serve_after(wait: impl Fn() + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/v1", listener.local_addr().unwrap());
    thread::spawn(move || {
        while let Ok((mut peer, _)) = listener.accept() {
            let mut head = [0; 8192];
            let count = peer.read(&mut head).unwrap_or(0);
            let body = if head[..count].starts_with(b"POST") { GRANT } else { INFO };
            wait();
            let length = body.len();
            let _sent = peer.write_all(
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
                    .as_bytes(),
            );
        }
    });
    url
}

/// Returns a login with each of the two clients, and a user who pastes a code.
fn logins(url: &str) -> [Login; 2] {
    let client = Client::builder().base_url(url).build().unwrap();
    let blocking = blocking::Client::builder().base_url(url).build_blocking().unwrap();
    [Login::new(&client), Login::with_blocking_client(&blocking)]
        .map(|login| login.key_label("my-cli").headless(true).prompt(TestUser::pastes(["auth_code_abc123"])))
}

#[test]
fn login_needs_no_runtime() {
    for login in logins(&serve()) {
        let signed_in = login.run_blocking().unwrap();
        assert_eq!(signed_in.key.expose(), "sk-or-v1-0e6f");
    }
}

#[test]
fn stored_key_is_returned_without_a_runtime() {
    let url = serve();
    for (first, second) in logins(&url).into_iter().zip(logins(&url)) {
        let store = Arc::new(MemoryStore::default());
        let ensured = first.store(Arc::clone(&store)).ensure_blocking().unwrap();
        assert!(matches!(ensured, Ensured::SignedIn(_)), "{ensured:?}");
        let ensured = second.store(store).ensure_blocking().unwrap();
        assert!(matches!(ensured, Ensured::Accepted { .. }), "{ensured:?}");
    }
}

#[tokio::test]
async fn login_inside_a_runtime_is_an_error() {
    let url = serve();
    for login in logins(&url) {
        let error = login.run_blocking().unwrap_err();
        assert!(matches!(error, Error::InsideRuntime), "{error:?}");
        assert!(error.to_string().contains("await `run`"), "{error}");
    }
    for login in logins(&url) {
        let error = login.store(MemoryStore::default()).ensure_blocking().unwrap_err();
        assert!(matches!(error, Error::InsideRuntime), "{error:?}");
    }
    // A thread for blocking work belongs to the runtime, too. It follows the advice in the error.
    let [login, other] = logins(&url);
    let key = tokio::task::spawn_blocking(|| {
        let error = login.run_blocking().unwrap_err();
        assert!(error.to_string().contains("`Handle::current().block_on(login.run())`"), "{error}");
        tokio::runtime::Handle::current().block_on(other.run()).unwrap().key
    });
    assert_eq!(key.await.unwrap().expose(), "sk-or-v1-0e6f");
    // Both clients can be awaited here.
    for login in logins(&url) {
        assert_eq!(login.run().await.unwrap().key.expose(), "sk-or-v1-0e6f");
    }
}

#[test]
fn login_can_be_cancelled_while_a_request_blocks() {
    // Each login has a service of its own, which never responds.
    for number in 0..2 {
        let cancel = Cancel::new();
        let received = cancel.clone();
        let url = serve_after(move || {
            received.cancel();
            thread::sleep(Duration::from_secs(600));
        });
        let login = logins(&url).into_iter().nth(number).unwrap();
        let start = Instant::now();
        let error = login.cancel(cancel).run_blocking().unwrap_err();
        assert!(error.is_outcome_unknown(), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    }
}

/// When a listener's queue is full, Linux drops connection attempts, and the client keeps retrying.
#[cfg(target_os = "linux")]
#[test]
fn code_that_was_not_sent_is_not_a_lost_key() {
    // A15, C-12
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(queued) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queue.push(queued);
        assert!(queue.len() < 5_000, "the queue has no end");
    }
    let client = blocking::Client::builder().base_url(format!("http://{address}/api/v1"));
    let client = client.timeout(Duration::from_millis(200)).build_blocking().unwrap();
    let login = Login::with_blocking_client(&client).key_label("my-cli").headless(true);
    let error = login.prompt(TestUser::pastes(["auth_code_abc123"])).run_blocking().unwrap_err();
    let Error::Sdk(cause) = &error else { panic!("{error:?}") };
    assert!(matches!(cause, openrouter_oauth::Error::NotSent(_)), "{error:?}");
    drop(queue);
}

/// Counts the threads of a process, which only Linux shows as files.
#[cfg(target_os = "linux")]
mod threads {
    use std::{env, fs, process::Command};

    use super::*;

    /// The variable that makes [`child`] run.
    const CHILD: &str = "TEST_BLOCKING_LOGIN";

    /// Logs in several times, and checks that no thread is left. The test below runs this function in a child process.
    #[test]
    fn child() {
        if env::var_os(CHILD).is_none() {
            return;
        }
        let threads = || fs::read_dir("/proc/self/task").unwrap().count();
        let url = serve();
        let before = threads();
        for _ in 0..3 {
            for login in logins(&url) {
                drop(login.run_blocking().unwrap());
            }
        }
        // A joined thread can be listed for a moment.
        let end = Instant::now() + Duration::from_secs(10);
        while threads() > before && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(threads(), before);
        println!("no thread is left");
    }

    #[test]
    fn login_leaves_no_thread() {
        let mut command = Command::new(env::current_exe().unwrap());
        let output = command
            .args(["blocking::threads::child", "--exact", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains("no thread is left"), "{printed}");
    }
}
