//! The scripted server that the scenarios are played against, for other tests as well.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    scheme::Scheme,
    scripted_connection::{ReceivedRequest, ScriptedConnection, wait_for_close},
    wait::Monitor,
};

/// How long a connection in a scenario waits for a client. A client that holds no deadline is let go after that.
pub(crate) const SCENARIO_TIMEOUT: Duration = Duration::from_secs(3);

/// The same for other tests, which count connections and must not lose one because the machine is busy.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

/// A scripted HTTP/1.1 server on a port of this machine.
///
/// It runs on threads of the standard library, one for each connection, so it works under any runtime and
/// without one. A script sees a [`ScriptedConnection`], its end of a connection, and may send or leave out any byte. The server keeps
/// every [request](Self::requests) it reads.
///
/// Dropping it wait_for_close the port. Connections that are open then stay with their scripts. No read and no write of a
/// script waits longer than 20 seconds for the client, so every thread ends.
///
/// ```
/// use openrouter_oauth_transport_contract::{RunScript, Scheme, ScriptedServer, close_connection};
/// # use std::{io::{Read as _, Write as _}, net::TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// // Answers the first request, and closes the connection at the second one.
/// let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, |connection, number| {
///     if number == 0 { connection.respond("{}") } else { close_connection() }
/// })?;
/// # let mut client = TcpStream::connect(server.address())?;
/// # client.write_all(b"GET /key HTTP/1.1\r\n\r\nGET /key HTTP/1.1\r\n\r\n")?;
/// # let mut response = String::new();
/// # client.read_to_string(&mut response)?;
/// # assert!(response.ends_with("\r\n\r\n{}"), "{response}");
/// // … the client under test sends two requests to `server.url("/key")` …
/// assert_eq!(server.requests().len(), 2);
/// assert_eq!(server.requests()[0].target(), "/key");
/// # Ok(())
/// # }
/// ```
pub struct ScriptedServer {
    origin: String,
    address: SocketAddr,
    log: Arc<Monitor<Log>>,
    is_over: Arc<AtomicBool>,
}

/// What happened so far.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// How many clients connected.
    accepted: usize,
    /// Connections of our own that are in the listener's queue.
    own_connections: Vec<SocketAddr>,
    /// What was read of each request, from its first byte on.
    pub(crate) received: Vec<ReceivedRequest>,
    /// How many connections the clients have closed while a connection waited for that.
    pub(crate) closed: usize,
}

/// How much a server reads before it plays its script.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RunScript {
    /// Nothing: the script is played once for each connection, and reads for itself.
    OnConnect,
    /// The head of a request. The script is played for each request.
    AfterHead,
    /// A whole request. The script is played for each.
    AfterRequest,
}

impl ScriptedServer {
    /// Plays `script` for each request, with the number of requests before it, or with [`RunScript::OnConnect`] for each
    /// connection, with the number of connections before it. The connection is closed when the script returns an
    /// error.
    ///
    /// # Errors
    ///
    /// There is no port to listen on.
    pub fn start<F>(scheme: &Scheme, run: RunScript, script: F) -> io::Result<Self>
    where
        F: Fn(&mut ScriptedConnection, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        Self::scripted(scheme, TEST_TIMEOUT, run, script)
    }

    /// Sends these bytes in response to every request, and keeps the connection.
    ///
    /// # Errors
    ///
    /// There is no port to listen on.
    pub fn responding(scheme: &Scheme, response: impl Into<Vec<u8>>) -> io::Result<Self> {
        let response = response.into();
        Self::start(scheme, RunScript::AfterRequest, move |connection, _| connection.send(&response))
    }

    /// Accepts connections and sends nothing, not even a handshake. Closes a connection after 3 seconds of silence.
    ///
    /// # Errors
    ///
    /// There is no port to listen on.
    pub fn silent(scheme: &Scheme) -> io::Result<Self> {
        Self::accepting(scheme, SCENARIO_TIMEOUT, |mut tcp, log, _| wait_for_close(&mut tcp, log))
    }

    /// Like [`start`](Self::start), with this timeout for each read and write.
    pub(crate) fn scripted<F>(
        scheme: &Scheme,
        timeout: Duration,
        run: RunScript,
        script: F,
    ) -> io::Result<Self>
    where
        F: Fn(&mut ScriptedConnection, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        let serving = scheme.clone();
        Self::accepting(scheme, timeout, move |tcp, log, number| {
            let mut connection = ScriptedConnection::new(&serving, tcp, Arc::clone(log))?;
            if matches!(run, RunScript::OnConnect) {
                return script(&mut connection, number);
            }
            loop {
                let number = connection.request(run)?;
                script(&mut connection, number)?;
            }
        })
    }

    fn accepting<F>(scheme: &Scheme, timeout: Duration, play: F) -> io::Result<Self>
    where
        F: Fn(TcpStream, &Arc<Monitor<Log>>, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let log = Arc::<Monitor<Log>>::default();
        let is_over = Arc::<AtomicBool>::default();
        let server = Self {
            origin: format!("{}:{}", scheme.origin(), address.port()),
            address,
            log: Arc::clone(&log),
            is_over: Arc::clone(&is_over),
        };
        thread::spawn(move || accept(&listener, timeout, &log, &is_over, &Arc::new(play)));
        Ok(server)
    }

    /// A URL of this server: the [origin](Self::origin), followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The scheme, the host and the port: `http://127.0.0.1:40123`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far, with as much of each as was read.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.log.look(|log| log.received.clone())
    }

    /// How many connections clients have made so far, including those that were not yet accepted.
    ///
    /// # Errors
    ///
    /// The server did not get around to accepting them.
    pub fn connections(&self) -> io::Result<usize> {
        // The listener's queue is first in, first out. The lock keeps our connection from being taken for a client's.
        let ours = self.log.change(|log| {
            let ours = TcpStream::connect_timeout(&self.address, SCENARIO_TIMEOUT)?.local_addr()?;
            log.own_connections.push(ours);
            io::Result::Ok(ours)
        })?;
        if self.log.wait(SCENARIO_TIMEOUT, |log| !log.own_connections.contains(&ours)) {
            Ok(self.log.look(|log| log.accepted))
        } else {
            Err(io::ErrorKind::TimedOut.into())
        }
    }

    /// Waits until the requests so far are as asked.
    pub async fn wait_for_requests(&self, enough: impl Fn(&[ReceivedRequest]) -> bool) {
        self.log.until(|log| enough(&log.received)).await;
    }

    pub(crate) fn log(&self) -> &Monitor<Log> {
        &self.log
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

impl fmt::Debug for ScriptedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedServer").field("origin", &self.origin).finish_non_exhaustive()
    }
}

fn accept<F>(
    listener: &TcpListener,
    timeout: Duration,
    log: &Arc<Monitor<Log>>,
    is_over: &AtomicBool,
    play: &Arc<F>,
) where
    F: Fn(TcpStream, &Arc<Monitor<Log>>, usize) -> io::Result<()> + Send + Sync + 'static,
{
    while let Ok((tcp, address)) = listener.accept() {
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let Some(connection) = log.change(|log| log.admit(address)) else { continue };
        let (log, play) = (Arc::clone(log), Arc::clone(play));
        thread::spawn(move || {
            // An error is how a connection ends.
            let _ended = prepare(&tcp, timeout).and_then(|()| play(tcp, &log, connection));
        });
    }
}

impl Log {
    /// How many clients connected before this one; none if it is no client but a connection of ours.
    fn admit(&mut self, address: SocketAddr) -> Option<usize> {
        if let Some(place) = self.own_connections.iter().position(|own| *own == address) {
            self.own_connections.remove(place);
            return None;
        }
        self.accepted += 1;
        Some(self.accepted - 1)
    }
}

fn prepare(tcp: &TcpStream, timeout: Duration) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(timeout))?;
    tcp.set_write_timeout(Some(timeout))
}
