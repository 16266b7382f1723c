//! The scripted server, for the scenarios and for other tests.

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

/// The timeout of each read and write by a server in a scenario. It bounds the scenario if the transport enforces no
/// deadline.
pub(crate) const SCENARIO_TIMEOUT: Duration = Duration::from_secs(3);

/// The same timeout for other tests. It is longer, because these tests count connections and must not lose one on a
/// busy machine.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

/// The delay before a retry when the system cannot accept or open a connection.
const RETRY_DELAY: Duration = Duration::from_millis(10);

/// A scripted HTTP/1.1 server on a local port.
///
/// It uses one thread of the standard library per connection, so it works with any async runtime or none. A script gets
/// a [`ScriptedConnection`], which is the server's end of a connection, and controls every byte that the server sends.
/// The server records every [request](Self::requests) that it reads.
///
/// Each read and write in a script times out after 20 seconds. Dropping the server closes its port and shuts down the
/// open connections. Their scripts then fail at the next read or write.
///
/// ```
/// use openrouter_oauth_transport_contract::{RunScript, Scheme, ScriptedServer, close_connection};
/// # use std::{io::{Read, Write}, net::TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// // Responds to the first request, and closes the connection after the second one.
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
    /// The thread that accepts connections, or `None` after it was joined.
    accepting: Option<JoinHandle<()>>,
}

/// When a [`ScriptedServer`] runs its script.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RunScript {
    /// Once per connection, before reading anything. The script reads the request itself.
    OnConnect,
    /// Once per request, after reading its head.
    AfterHead,
    /// Once per request, after reading its body.
    AfterRequest,
}

impl ScriptedServer {
    /// Starts a server that runs `script` for each request. The second argument of `script` is the number of earlier
    /// requests.
    ///
    /// With [`RunScript::OnConnect`], the server runs `script` for each connection, and passes the number of earlier
    /// connections. If the script returns an error, the server closes the connection.
    ///
    /// # Errors
    ///
    /// Returns an error if the server cannot get a port or a thread.
    pub fn start<F>(scheme: &Scheme, run: RunScript, script: F) -> io::Result<Self>
    where
        F: Fn(&mut ScriptedConnection, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        Self::scripted(scheme, TEST_TIMEOUT, run, script)
    }

    /// Starts a server that responds to every request with these bytes, and keeps the connection open.
    ///
    /// # Errors
    ///
    /// Same as [`start`](Self::start).
    pub fn responding(scheme: &Scheme, response: impl Into<Vec<u8>>) -> io::Result<Self> {
        let response = response.into();
        Self::start(scheme, RunScript::AfterRequest, move |connection, _| connection.send(&response))
    }

    /// Starts a server that accepts connections and sends nothing, not even a handshake. It closes a connection when
    /// the client sends nothing for 3 seconds.
    ///
    /// # Errors
    ///
    /// Same as [`start`](Self::start).
    pub fn silent(scheme: &Scheme) -> io::Result<Self> {
        Self::accepting(scheme, SCENARIO_TIMEOUT, |tcp, log, _| wait_for_close(&mut &*tcp, log))
    }

    /// Like [`start`](Self::start), with a custom timeout for each read and write.
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

    /// Returns a URL of this server: the [origin](Self::origin) followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Returns the scheme, the host, and the port: `http://127.0.0.1:40123`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the requests so far, including any that the server has only partly read.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.log.look(|log| log.received.clone())
    }

    /// Returns the number of connections that clients have opened so far.
    ///
    /// Connections may still be waiting in the listener's queue, so this blocks until the server has accepted them.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not accept them within 3 seconds. To detect the end of the queue, this
    /// method connects to the server, and returns an error if it cannot.
    pub fn connections(&self) -> io::Result<usize> {
        // The listener's queue is first in, first out. Hold the lock until our own address is recorded, so that the
        // server does not count our connection as a client's.
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
    /// Returns an error if that takes longer than 20 seconds, or if the timer thread cannot start.
    pub async fn wait_for_requests(&self, condition: impl Fn(&[ReceivedRequest]) -> bool) -> io::Result<()> {
        within(TEST_TIMEOUT, self.log.until(|log| condition(&log.received))).await
    }

    pub(crate) fn log(&self) -> &Monitor<Log> {
        &self.log
    }

    /// Connects to unblock the thread that accepts connections. Fails if the system cannot open a connection.
    fn wake(&self) -> io::Result<()> {
        TcpStream::connect_timeout(&self.address, RETRY_DELAY * 10).map(drop)
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        const ATTEMPTS: usize = 100;
        self.is_over.store(true, Ordering::SeqCst);
        let Some(accepting) = self.accepting.take() else { return };
        for _ in 0..ATTEMPTS {
            if self.wake().is_ok() || accepting.is_finished() {
                // The thread is ending, which closes the port.
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
            // The client disconnected, or the process has no free file descriptor. Both are temporary.
            thread::sleep(RETRY_DELAY);
            continue;
        };
        let tcp = Arc::new(tcp);
        let Some(number) = log.change(|log| log.admit(&tcp, address)) else { continue };
        let (log, serve) = (Arc::clone(log), Arc::clone(serve));
        // If the thread cannot start, the connection is closed.
        let _spawned = thread::Builder::new().spawn(move || {
            // Every connection ends with an error.
            let _ended = prepare(&tcp, timeout).and_then(|()| serve(tcp, &log, number));
        });
    }
}

fn prepare(tcp: &TcpStream, timeout: Duration) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(timeout))?;
    tcp.set_write_timeout(Some(timeout))
}
