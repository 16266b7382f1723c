//! A listener with a sign-in, and a browser.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use openrouter_oauth::{
    Client, PendingSignIn,
    transport::{Error, ErrorKind, from_fn},
};
use openrouter_oauth_login::{Listener, RejectedRequest, ResultPage};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

/// The code in the good request.
pub(super) const CODE: &str = "auth_code_good";
/// The code in requests that must not settle anything.
pub(super) const STOLEN: &str = "auth_code_stolen";

/// Every possible response, as formatted by [`as_written`].
pub(super) const RESPONSES: &str = include_str!("responses.txt");

/// How many connections a test opens to show that they are harmless, after [`allow_many`]. Under wine, each takes up to
/// 60 ms, and macOS usually limits a process to 256 open files.
pub(super) const MANY: usize = if cfg!(target_os = "linux") { 1000 } else { 100 };

/// Long enough for a busy machine, and short enough to end a test.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) struct Fixture {
    pub(super) listener: Listener,
    pub(super) pending: PendingSignIn,
    rejected: Arc<Mutex<Vec<RejectedRequest>>>,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let mut listener = Listener::bind(0).await.unwrap();
        let rejected = Arc::new(Mutex::new(Vec::new()));
        let reports = Arc::clone(&rejected);
        listener.on_rejected_request(move |rejected| reports.lock().unwrap().push(rejected));
        let pending = begin(&listener);
        Self { listener, pending, rejected }
    }

    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.listener.port())
    }

    /// The path of the callback.
    pub(super) fn path(&self) -> String {
        format!("/callback/{}", self.pending.attempt_id())
    }

    /// A target that would settle the sign-in if the rest of the request were valid.
    pub(super) fn stolen(&self) -> String {
        format!("{}?code={STOLEN}", self.path())
    }

    /// The request of the browser.
    pub(super) fn good(&self) -> String {
        self.get(&format!("{}?code={CODE}", self.path()))
    }

    pub(super) fn get(&self, target: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host())
    }

    /// Returns the rejections since the last call.
    pub(super) fn rejected(&self) -> Vec<RejectedRequest> {
        self.rejected.lock().unwrap().drain(..).collect()
    }

    /// Sends all of `requests` and then the good one, the only one that may settle the sign-in. Returns the responses,
    /// and panics if one is not in [`RESPONSES`].
    pub(super) async fn play<R: AsRef<[u8]> + Send + 'static>(&mut self, requests: Vec<R>) -> Vec<String> {
        let responses = self.responses(requests).await;
        for response in &responses {
            assert!(RESPONSES.contains(&as_written(response)), "{response}");
        }
        responses
    }

    /// Does the same as [`play`](Self::play), and accepts any responses.
    pub(super) async fn responses<R: AsRef<[u8]> + Send + 'static>(
        &mut self,
        requests: Vec<R>,
    ) -> Vec<String> {
        let (port, good) = (self.listener.port(), self.good());
        let browser = async {
            let mut responses = Vec::with_capacity(requests.len());
            for request in requests {
                responses.push(ask(port, request.as_ref()).await.unwrap());
            }
            (responses, ask(port, good.as_bytes()).await.unwrap())
        };
        // Each request has a timeout, so the whole does not need one. There may be thousands of requests.
        let ((responses, page), ()) = tokio::join!(browser, self.settle_without_limit());
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        responses
    }

    /// Waits for the good request, and responds to it.
    pub(super) async fn settle(&mut self) {
        timeout(TEST_TIMEOUT, self.settle_without_limit()).await.expect("a callback");
    }

    async fn settle_without_limit(&mut self) {
        let callback = self.listener.callback(&self.pending).await;
        assert_eq!(callback.code().as_ref().unwrap().expose(), CODE);
        callback.respond(ResultPage::SignedIn).await;
    }
}

/// Raises the limit of open files, which Linux often sets to 1,024, as far as the system allows.
pub(super) fn allow_many() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    }
}

/// Begins a sign-in with a callback to `listener`. Its client cannot send an exchange.
pub(super) fn begin(listener: &Listener) -> PendingSignIn {
    let nobody = from_fn(|_, _| async { Err(Error::from(ErrorKind::Connect)) });
    let client = Client::builder().transport(nobody).without_deadline().build().unwrap();
    client.authorize(listener.callback_url()).begin().unwrap().1
}

/// Sends `request`, and returns the whole response, or an empty string if the listener closes the connection without
/// one.
pub(super) async fn ask(port: u16, request: &[u8]) -> io::Result<String> {
    let mut stream = connect(port).await;
    // The listener may reject the request and close the connection before all of it is sent.
    let _rejected = stream.write_all(request).await;
    read(stream).await
}

pub(super) async fn connect(port: u16) -> TcpStream {
    timeout(TEST_TIMEOUT, TcpStream::connect(("127.0.0.1", port))).await.expect("a connection").unwrap()
}

pub(super) async fn read(mut stream: TcpStream) -> io::Result<String> {
    let mut response = String::new();
    timeout(TEST_TIMEOUT, stream.read_to_string(&mut response)).await.expect("an end")?;
    Ok(response)
}

/// Returns a response without its style, which is always the same, and with plain line ends.
pub(super) fn as_written(response: &str) -> String {
    let response = response.replace("\r\n", "\n");
    let parts = response.split_once("<style>").zip(response.split_once("</style>"));
    parts.map_or(response.clone(), |((before, _), (_, after))| format!("{before}<style></style>{after}"))
}

/// Calls [`ask`] in a task.
pub(super) fn browser(port: u16, request: String) -> JoinHandle<io::Result<String>> {
    tokio::spawn(async move { ask(port, request.as_bytes()).await })
}

/// Returns the status of a response.
#[track_caller]
pub(super) fn status(response: &str) -> u16 {
    let status = response.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.unwrap_or_else(|| panic!("no response: {response:?}"))
}
