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

use super::{
    peer::{Peer, Received, closes},
    site::Site,
    wait::Watched,
};

/// How long a peer in a scenario waits for a client. A client that holds no deadline is let go after that.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// The same for other tests, which count connections and must not lose one because the machine is busy.
const LONG_PATIENCE: Duration = Duration::from_secs(20);

/// A scripted HTTP/1.1 server on a port of this machine.
///
/// It runs on threads of the standard library, one for each connection, so it works under any runtime and
/// without one. A script sees a [`Peer`], its end of a connection, and may send or leave out any byte. The server keeps
/// every [request](Self::requests) it reads.
///
/// Dropping it closes the port. Connections that are open then stay with their scripts. No read and no write of a
/// script waits longer than 20 seconds for the client, so every thread ends.
///
/// ```
/// use openrouter_oauth_transport::testing::contract::{Read, Server, Site, close};
/// # use std::{io::{Read as _, Write as _}, net::TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// // Answers the first request, and closes the connection at the second one.
/// let server = Server::start(&Site::plain(), Read::Whole, |peer, number| {
///     if number == 0 { peer.answer("{}") } else { close() }
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
pub struct Server {
    origin: String,
    address: SocketAddr,
    log: Arc<Watched<Log>>,
    is_over: Arc<AtomicBool>,
}

/// What happened so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// How many clients connected.
    accepted: usize,
    /// Connections of our own that are in the listener's queue.
    probes: Vec<SocketAddr>,
    /// What was read of each request, from its first byte on.
    pub(super) received: Vec<Received>,
    /// How many connections the clients have closed while a peer waited for that.
    pub(super) closed: usize,
}

/// How much a server reads before it plays its script.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Read {
    /// Nothing: the script is played once for each connection, and reads for itself.
    Nothing,
    /// The head of a request. The script is played for each request.
    Head,
    /// A whole request. The script is played for each.
    Whole,
}

impl Server {
    /// Plays `script` for each request, with the number of requests before it, or with [`Read::Nothing`] for each
    /// connection, with the number of connections before it. The connection is closed when the script returns an
    /// error.
    ///
    /// # Errors
    ///
    /// There is no port to listen on.
    pub fn start<F>(site: &Site, read: Read, script: F) -> io::Result<Self>
    where
        F: Fn(&mut Peer, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        Self::scripted(site, LONG_PATIENCE, read, script)
    }

    /// Sends these bytes in response to every request, and keeps the connection.
    ///
    /// # Errors
    ///
    /// There is no port to listen on.
    pub fn answering(site: &Site, response: impl Into<Vec<u8>>) -> io::Result<Self> {
        let response = response.into();
        Self::start(site, Read::Whole, move |peer, _| peer.send(&response))
    }

    /// Accepts connections and sends nothing, not even a handshake. Closes a connection after 3 seconds of silence.
    ///
    /// # Errors
    ///
    /// There is no port to listen on.
    pub fn silent(site: &Site) -> io::Result<Self> {
        Self::accepting(site, PATIENCE, |mut tcp, log, _| closes(&mut tcp, log))
    }

    /// Like [`start`](Self::start), for peers that wait so long.
    pub(super) fn scripted<F>(site: &Site, patience: Duration, read: Read, script: F) -> io::Result<Self>
    where
        F: Fn(&mut Peer, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        let serving = site.clone();
        Self::accepting(site, patience, move |tcp, log, connection| {
            let mut peer = Peer::new(&serving, tcp, Arc::clone(log))?;
            if matches!(read, Read::Nothing) {
                return script(&mut peer, connection);
            }
            loop {
                let number = peer.request(read)?;
                script(&mut peer, number)?;
            }
        })
    }

    fn accepting<F>(site: &Site, patience: Duration, play: F) -> io::Result<Self>
    where
        F: Fn(TcpStream, &Arc<Watched<Log>>, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let log = Arc::<Watched<Log>>::default();
        let is_over = Arc::<AtomicBool>::default();
        let server = Self {
            origin: format!("{}:{}", site.origin(), address.port()),
            address,
            log: Arc::clone(&log),
            is_over: Arc::clone(&is_over),
        };
        thread::spawn(move || accept(&listener, patience, &log, &is_over, &Arc::new(play)));
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
    pub fn requests(&self) -> Vec<Received> {
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
            let ours = TcpStream::connect_timeout(&self.address, PATIENCE)?.local_addr()?;
            log.probes.push(ours);
            io::Result::Ok(ours)
        })?;
        if self.log.wait(PATIENCE, |log| !log.probes.contains(&ours)) {
            Ok(self.log.look(|log| log.accepted))
        } else {
            Err(io::ErrorKind::TimedOut.into())
        }
    }

    /// Waits until the requests so far are as asked.
    pub async fn until(&self, enough: impl Fn(&[Received]) -> bool) {
        self.log.until(|log| enough(&log.received)).await;
    }

    pub(super) fn log(&self) -> &Watched<Log> {
        &self.log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("origin", &self.origin).finish_non_exhaustive()
    }
}

fn accept<F>(
    listener: &TcpListener,
    patience: Duration,
    log: &Arc<Watched<Log>>,
    is_over: &AtomicBool,
    play: &Arc<F>,
) where
    F: Fn(TcpStream, &Arc<Watched<Log>>, usize) -> io::Result<()> + Send + Sync + 'static,
{
    while let Ok((tcp, address)) = listener.accept() {
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let Some(connection) = log.change(|log| log.admit(address)) else { continue };
        let (log, play) = (Arc::clone(log), Arc::clone(play));
        thread::spawn(move || {
            // An error is how a connection ends.
            let _ended = prepare(&tcp, patience).and_then(|()| play(tcp, &log, connection));
        });
    }
}

impl Log {
    /// How many clients connected before this one; none if it is no client but a connection of ours.
    fn admit(&mut self, address: SocketAddr) -> Option<usize> {
        if let Some(place) = self.probes.iter().position(|probe| *probe == address) {
            self.probes.remove(place);
            return None;
        }
        self.accepted += 1;
        Some(self.accepted - 1)
    }
}

fn prepare(tcp: &TcpStream, patience: Duration) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(patience))?;
    tcp.set_write_timeout(Some(patience))
}
