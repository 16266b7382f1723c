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
use openrouter_oauth_login::{Listener, Page, RejectedRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

/// The code that the good request brings.
pub(super) const CODE: &str = "auth_code_good";
/// One that no request brings that may settle anything.
pub(super) const STOLEN: &str = "auth_code_stolen";

/// Every answer there is, as [`as_written`] has it.
pub(super) const ANSWERS: &str = include_str!("answers.txt");

/// Long enough for a machine that has other things to do, and still an end.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Stage {
    pub(super) listener: Listener,
    pub(super) pending: PendingSignIn,
    strays: Arc<Mutex<Vec<RejectedRequest>>>,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let mut listener = Listener::bind(0).await.unwrap();
        let strays = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&strays);
        listener.on_rejected_request(move |stray| told.lock().unwrap().push(stray));
        let pending = begin(&listener);
        Self { listener, pending, strays }
    }

    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.listener.port())
    }

    /// The path that the browser comes back to.
    pub(super) fn path(&self) -> String {
        format!("/callback/{}", self.pending.attempt_id())
    }

    /// What would settle the sign-in, if the rest of the request is right.
    pub(super) fn stolen(&self) -> String {
        format!("{}?code={STOLEN}", self.path())
    }

    /// The browser's request.
    pub(super) fn good(&self) -> String {
        self.get(&format!("{}?code={CODE}", self.path()))
    }

    pub(super) fn get(&self, target: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host())
    }

    /// What was told of strays since the last time.
    pub(super) fn strays(&self) -> Vec<RejectedRequest> {
        self.strays.lock().unwrap().drain(..).collect()
    }

    /// Plays all of `requests`, and then the good one, which alone may settle the sign-in. Returns their answers, of
    /// which there are no others than those that were written down (L-16).
    pub(super) async fn play<R: AsRef<[u8]> + Send + 'static>(&mut self, requests: Vec<R>) -> Vec<String> {
        let answers = self.answers(requests).await;
        for answer in &answers {
            assert!(ANSWERS.contains(&as_written(answer)), "{answer}");
        }
        answers
    }

    /// [`play`](Self::play), with any answers.
    pub(super) async fn answers<R: AsRef<[u8]> + Send + 'static>(&mut self, requests: Vec<R>) -> Vec<String> {
        let (port, good) = (self.listener.port(), self.good());
        let browser = async {
            let mut answers = Vec::with_capacity(requests.len());
            for request in requests {
                answers.push(ask(port, request.as_ref()).await.unwrap());
            }
            (answers, ask(port, good.as_bytes()).await.unwrap())
        };
        // Each request has a time limit, so all of them need none: there may be thousands.
        let ((answers, page), ()) = tokio::join!(browser, self.settle_without_limit());
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        answers
    }

    /// Waits for the good request, and answers it.
    pub(super) async fn settle(&mut self) {
        timeout(PATIENCE, self.settle_without_limit()).await.expect("a callback");
    }

    async fn settle_without_limit(&mut self) {
        let visit = self.listener.callback(&self.pending).await;
        assert_eq!(visit.code().as_ref().unwrap().expose(), CODE);
        visit.answer(Page::SignedIn).await;
    }
}

/// A sign-in that comes back to `listener`; its exchange is not sent.
pub(super) fn begin(listener: &Listener) -> PendingSignIn {
    let nobody = from_fn(|_, _| async { Err(Error::from(ErrorKind::Connect)) });
    let client = Client::builder().transport(nobody).without_deadline().build().unwrap();
    client.authorize(listener.callback_url()).begin().unwrap().1
}

/// Sends `request`, and returns the whole answer; an empty one if the connection is closed without.
pub(super) async fn ask(port: u16, request: &[u8]) -> io::Result<String> {
    let mut stream = connect(port).await;
    // It may be refused, and closed, before it is whole.
    let _refused = stream.write_all(request).await;
    read(stream).await
}

pub(super) async fn connect(port: u16) -> TcpStream {
    timeout(PATIENCE, TcpStream::connect(("127.0.0.1", port))).await.expect("a connection").unwrap()
}

pub(super) async fn read(mut stream: TcpStream) -> io::Result<String> {
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an end")?;
    Ok(answer)
}

/// An answer without its style, which all have, and with plain ends of lines.
pub(super) fn as_written(answer: &str) -> String {
    let answer = answer.replace("\r\n", "\n");
    let parts = answer.split_once("<style>").zip(answer.split_once("</style>"));
    parts.map_or(answer.clone(), |((before, _), (_, after))| format!("{before}<style></style>{after}"))
}

/// [`ask`], in a task.
pub(super) fn browser(port: u16, request: String) -> JoinHandle<io::Result<String>> {
    tokio::spawn(async move { ask(port, request.as_bytes()).await })
}

/// The status of an answer.
#[track_caller]
pub(super) fn status(answer: &str) -> u16 {
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {answer:?}"))
}
