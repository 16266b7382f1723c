//! A listener whose peers play a script, each on a thread of its own, and which keeps what they read.

use std::{
    io,
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
    wait::{Watched, within},
};

/// How long a peer waits for a client. One that has no deadline of its own is let go after that.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// A listener, until it is dropped.
pub(super) struct Server {
    origin: String,
    address: SocketAddr,
    log: Arc<Watched<Log>>,
    is_over: Arc<AtomicBool>,
}

/// What happened so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Who connected.
    pub(super) accepted: Vec<SocketAddr>,
    /// What was read of each request, from its first byte on.
    pub(super) received: Vec<Received>,
    /// How many connections the clients have closed while a peer waited for that.
    pub(super) closed: usize,
}

/// How much of a request a peer reads before it plays its script.
#[derive(Clone, Copy, Debug)]
pub(super) enum Read {
    Head,
    Whole,
}

impl Server {
    /// Plays `script` for each request, with the number of requests before it. An error closes the connection.
    pub(super) fn start<F>(site: &Site, read: Read, script: F) -> io::Result<Self>
    where
        F: Fn(&mut Peer, usize) -> io::Result<()> + Send + Sync + 'static,
    {
        let serving = site.clone();
        Self::accepting(site, move |tcp, log| {
            let mut peer = Peer::new(serving.wrap(tcp)?, Arc::clone(log));
            loop {
                let number = peer.request(read)?;
                script(&mut peer, number)?;
            }
        })
    }

    /// Accepts connections and says nothing, not even a handshake.
    pub(super) fn silent(site: &Site) -> io::Result<Self> {
        Self::accepting(site, |mut tcp, log| closes(&mut tcp, log))
    }

    fn accepting<F>(site: &Site, play: F) -> io::Result<Self>
    where
        F: Fn(TcpStream, &Arc<Watched<Log>>) -> io::Result<()> + Send + Sync + 'static,
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
        thread::spawn(move || accept(&listener, &log, &is_over, &Arc::new(play)));
        Ok(server)
    }

    /// A URL of this server.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The scheme, the host and the port.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn log(&self) -> &Watched<Log> {
        &self.log
    }

    /// How many requests came, whole or in part.
    pub(super) fn requests(&self) -> usize {
        self.log.look(|log| log.received.len())
    }

    /// The last request that came.
    pub(super) fn last(&self) -> Option<Received> {
        self.log.look(|log| log.received.last().cloned())
    }

    /// How many connections were made so far: all that stand before one of our own in the listener's queue.
    pub(super) async fn connections(&self) -> io::Result<usize> {
        let ours = TcpStream::connect(self.address)?.local_addr()?;
        within(PATIENCE, self.log.until(|log| log.accepted.contains(&ours))).await;
        Ok(self.log.look(|log| log.accepted.iter().take_while(|address| **address != ours).count()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

fn accept<F>(listener: &TcpListener, log: &Arc<Watched<Log>>, is_over: &AtomicBool, play: &Arc<F>)
where
    F: Fn(TcpStream, &Arc<Watched<Log>>) -> io::Result<()> + Send + Sync + 'static,
{
    while let Ok((tcp, address)) = listener.accept() {
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        log.change(|log| log.accepted.push(address));
        let (log, play) = (Arc::clone(log), Arc::clone(play));
        thread::spawn(move || {
            let ready = tcp.set_nodelay(true).and_then(|()| tcp.set_read_timeout(Some(PATIENCE)));
            // An error is how a connection ends.
            let _ended = ready.and_then(|()| play(tcp, &log));
        });
    }
}
