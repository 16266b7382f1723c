//! The scripted server that the scenarios are played against, for other tests as well.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    log::{Log, ReceivedRequest},
    scheme::Scheme,
    scripted_connection::{ScriptedConnection, wait_for_close},
    wait::{Monitor, within},
};

/// How long a server in a scenario waits for a client, at each read and write. It bounds a scenario with a transport
/// that enforces no deadline.
pub(crate) const SCENARIO_TIMEOUT: Duration = Duration::from_secs(3);

/// The same for other tests, which count connections and must not lose one because the machine is busy.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

/// How long to wait before another try when the system cannot accept or make a connection right now.
const RETRY_DELAY: Duration = Duration::from_millis(10);

/// A scripted HTTP/1.1 server on a port of this machine.
///
/// It runs on threads of the standard library, one for each connection, so it works under any runtime and
/// without one. A script gets a [`ScriptedConnection`], the server's end of a connection, and may send or leave out any
/// byte. The server keeps every [request](Self::requests) that it reads.
///
/// A read or a write of a script fails when it has waited 20 seconds for the client. Dropping the server closes its port
/// and shuts down the connections that are open, which ends their scripts at the next read or write.
///
/// ```
/// use openrouter_oauth_transport_contract::{RunScript, Scheme, ScriptedServer, close_connection};
/// # use std::{io::{Read, Write}, net::TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// // Responds to the first request, and closes the connection at the second one.
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
    /// The thread that accepts connections. `None` once it has been joined.
    accepting: Option<JoinHandle<()>>,
}

/// When a server runs its script.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RunScript {
    /// Once for each connection, before anything is read: the script reads for itself.
    OnConnect,
    /// For each request, after its head.
    AfterHead,
    /// For each request, after its body.
    AfterRequest,
}

impl ScriptedServer {
    /// Runs `script` for each request, with the number of requests before it, or with [`RunScript::OnConnect`] for each
    /// connection, with the number of connections before it. The connection is closed when the script returns an
    /// error.
    ///
    /// # Errors
    ///
    /// There is no port to listen on, or no thread to listen with.
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
    /// As [`start`](Self::start).
    pub fn responding(scheme: &Scheme, response: impl Into<Vec<u8>>) -> io::Result<Self> {
        let response = response.into();
        Self::start(scheme, RunScript::AfterRequest, move |connection, _| connection.send(&response))
    }

    /// Accepts connections and sends nothing, not even a handshake. Closes a connection after 3 seconds of silence.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn silent(scheme: &Scheme) -> io::Result<Self> {
        Self::accepting(scheme, SCENARIO_TIMEOUT, |tcp, log, _| wait_for_close(&mut &*tcp, log))
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
                let number = connection.read_head()?;
                if matches!(run, RunScript::AfterRequest) {
                    connection.read_body(number)?;
                }
                script(&mut connection, number)?;
            }
        })
    }

    fn accepting<F>(scheme: &Scheme, timeout: Duration, serve: F) -> io::Result<Self>
    where
        F: Fn(Arc<TcpStream>, &Arc<Monitor<Log>>, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let log = Arc::<Monitor<Log>>::default();
        let is_over = Arc::<AtomicBool>::default();
        let (seen, ends) = (Arc::clone(&log), Arc::clone(&is_over));
        let accepting = thread::Builder::new()
            .spawn(move || accept(&listener, timeout, &seen, &ends, &Arc::new(serve)))?;
        let origin = format!("{}:{}", scheme.origin(), address.port());
        Ok(Self { origin, address, log, is_over, accepting: Some(accepting) })
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
    /// Blocks until the server has accepted them.
    ///
    /// # Errors
    ///
    /// The server did not accept them within 3 seconds, or the connection that finds out could not be made.
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

    /// Waits until the requests so far meet a condition.
    ///
    /// # Errors
    ///
    /// They did not within 20 seconds, or there was no thread for the clock.
    pub async fn wait_for_requests(&self, condition: impl Fn(&[ReceivedRequest]) -> bool) -> io::Result<()> {
        within(TEST_TIMEOUT, self.log.until(|log| condition(&log.received))).await
    }

    pub(crate) fn log(&self) -> &Monitor<Log> {
        &self.log
    }

    /// Gets the thread that accepts out of `accept`. It fails while the system cannot make another connection.
    fn wake(&self) -> io::Result<()> {
        TcpStream::connect_timeout(&self.address, RETRY_DELAY * 10).map(drop)
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        const TRIES: usize = 100;
        self.is_over.store(true, Ordering::SeqCst);
        let Some(accepting) = self.accepting.take() else { return };
        for _ in 0..TRIES {
            if self.wake().is_ok() || accepting.is_finished() {
                // It ends now, which closes the port.
                let _ended = accepting.join();
                break;
            }
            thread::sleep(RETRY_DELAY);
        }
        self.log.change(|log| log.shut_down());
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
    serve: &Arc<F>,
) where
    F: Fn(Arc<TcpStream>, &Arc<Monitor<Log>>, usize) -> io::Result<()> + Send + Sync + 'static,
{
    loop {
        let accepted = listener.accept();
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let Ok((tcp, address)) = accepted else {
            // The client has gone, or the process has no file descriptor left. Neither lasts.
            thread::sleep(RETRY_DELAY);
            continue;
        };
        let tcp = Arc::new(tcp);
        let Some(number) = log.change(|log| log.admit(&tcp, address)) else { continue };
        let (log, serve) = (Arc::clone(log), Arc::clone(serve));
        // Without a thread the connection is closed.
        let _spawned = thread::Builder::new().spawn(move || {
            // An error is how a connection ends.
            let _ended = prepare(&tcp, timeout).and_then(|()| serve(tcp, &log, number));
        });
    }
}

fn prepare(tcp: &TcpStream, timeout: Duration) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(timeout))?;
    tcp.set_write_timeout(Some(timeout))
}
