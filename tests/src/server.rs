//! A server on a real socket that answers from a script and keeps what it was sent.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Plays a script on `127.0.0.1`, one step for each request, until it is dropped. The last step is played again for
/// whoever asks once more, so that a request that should not have been sent is counted and does not hang.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stage: Arc<Stage>,
    accepting: JoinHandle<()>,
}

/// What is done once a request was read.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Step {
    /// Writes this and keeps the connection.
    Answer(Vec<u8>),
    /// Writes this and closes the connection.
    Close(Vec<u8>),
    /// Breaks the connection off.
    Reset,
    /// Keeps the connection and says nothing.
    Hang,
}

/// A request as it came.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Received {
    /// `POST /api/v1/auth/keys HTTP/1.1`
    pub line: String,
    /// `name: value`, sorted.
    pub headers: Vec<String>,
    /// The body.
    pub body: String,
}

#[derive(Debug, Default)]
struct Stage {
    connections: AtomicUsize,
    script: Mutex<VecDeque<Step>>,
    received: Mutex<Vec<Received>>,
}

impl Server {
    /// Plays `script`.
    pub async fn start(script: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stage = Arc::new(Stage { script: Mutex::new(script.into_iter().collect()), ..Stage::default() });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&stage)));
        Self { address, stage, accepting }
    }

    /// Plays `script` from now on.
    pub fn play(&self, script: impl IntoIterator<Item = Step>) {
        *self.stage.script.lock().unwrap() = script.into_iter().collect();
    }

    /// `http://127.0.0.1:port`
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `http://127.0.0.1:port/api/v1`
    pub fn base_url(&self) -> String {
        format!("{}/api/v1", self.origin())
    }

    /// How many clients connected.
    pub fn connections(&self) -> usize {
        self.stage.connections.load(Ordering::SeqCst)
    }

    /// What was received, whole requests only.
    pub fn requests(&self) -> Vec<Received> {
        self.stage.received.lock().unwrap().clone()
    }

    /// The one request that was received.
    #[track_caller]
    pub fn request(&self) -> Received {
        let mut received = self.requests();
        assert_eq!(received.len(), 1, "{received:#?}");
        received.remove(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Received {
    /// Line, sorted headers, an empty line and the body. The port of the server reads `PORT`.
    pub fn lines(&self) -> Vec<String> {
        let headers = self.headers.iter().map(|header| match header.rsplit_once(':') {
            Some((host, port)) if host.starts_with("host: ") && !port.is_empty() => format!("{host}:PORT"),
            _ => header.clone(),
        });
        let line = std::iter::once(self.line.clone());
        line.chain(headers).chain([String::new(), self.body.clone()]).collect()
    }

    /// The values of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.iter().filter_map(|header| header.split_once(": "));
        lines.filter(|(given, _)| *given == name).map(|(_, value)| value).collect()
    }
}

impl Step {
    /// Answers with this status and a JSON body.
    pub fn json(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::typed(status, "application/json", body)
    }

    /// Answers with this status and a body of this content type.
    pub fn typed(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        Self::with(status, &[("content-type", content_type)], body)
    }

    /// Answers with this status, these headers and this body.
    pub fn with(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut head = format!("HTTP/1.1 {status} Status\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        // These have no body and no length (RFC 9110, section 8.6).
        if !matches!(status, 204 | 304) {
            head.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
        }
        Self::Answer([head.as_bytes(), b"\r\n", body].concat())
    }
}

async fn accept(listener: TcpListener, stage: Arc<Stage>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        stage.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(serve(stream, Arc::clone(&stage)));
    }
}

/// Plays steps until one ends the connection, or the client has gone.
async fn serve(mut stream: TcpStream, stage: Arc<Stage>) {
    while let Some(received) = read(&mut stream).await {
        stage.received.lock().unwrap().push(received);
        match stage.next() {
            Step::Answer(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Step::Close(bytes) => {
                let _gone = stream.write_all(&bytes).await;
                let _gone = stream.shutdown().await;
                return;
            }
            Step::Reset => return stream.set_zero_linger().unwrap(),
            Step::Hang => std::future::pending().await,
        }
    }
}

impl Stage {
    fn next(&self) -> Step {
        let mut script = self.script.lock().unwrap();
        let step = script.front().expect("a script has a step").clone();
        if script.len() > 1 {
            script.pop_front();
        }
        step
    }
}

/// One whole request; none if the client goes away before it is whole.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().lines().map(str::to_owned);
    let line = lines.next().unwrap();
    let mut headers: Vec<String> = lines.collect();
    headers.sort();
    let length = headers.iter().find_map(|header| header.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    let body = String::from_utf8(body).unwrap();
    Some(Received { line, headers, body })
}
