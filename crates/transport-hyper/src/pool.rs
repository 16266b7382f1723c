//! Connections: which requests share them, how many are open, and how long idle ones stay.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{self, SendRequest},
    },
};
use openrouter_oauth_transport::{BoxError, Error, ErrorKind, Limits, PlainHttpHost};
use tokio::{
    runtime::{self, Handle},
    sync::Semaphore,
    task::{JoinHandle, yield_now},
    time::{Instant, Sleep, sleep_until, timeout},
};

use crate::{
    body,
    connector::{Connector, Stream},
    error,
    origin::Origin,
    runtime::catch_panic,
};

/// The maximum size of a response head. The head may be slightly larger, because hyper checks only between reads. Hyper
/// itself allows 100 headers.
const HEAD_LIMIT: usize = 64 * 1024;

/// The connections to all origins.
pub(crate) struct Pool {
    connector: Connector,
    /// The host that may be called over plain `http` although it is another machine.
    http_host: Option<PlainHttpHost>,
    max_connections: usize,
    idle_timeout: Duration,
    origins: Mutex<Vec<Arc<Connections>>>,
}

impl Pool {
    pub(crate) fn new(
        connector: Connector,
        http_host: Option<PlainHttpHost>,
        max_connections: usize,
        idle_timeout: Duration,
    ) -> Self {
        let max_connections = max_connections.clamp(1, Semaphore::MAX_PERMITS);
        Self { connector, http_host, max_connections, idle_timeout, origins: Mutex::default() }
    }

    /// Sends `request` on an idle connection or a new one, and reads the response.
    ///
    /// Not an `async fn`, whose future would have room for two requests.
    pub(crate) fn send(
        &self,
        mut request: Request<Bytes>,
        limits: Limits,
    ) -> impl Future<Output = Result<Response<Bytes>, Error>> {
        let schedule = limits.timeout.and_then(Schedule::new);
        let connections = self.connections_to(request.uri()).and_then(|connections| {
            connections.origin.address(&mut request)?;
            Ok(connections)
        });
        async move {
            let connections = connections.map_err(Error::rejected)?;
            // Without a runtime, tokio would panic.
            let runtime = Handle::try_current().map_err(Error::rejected)?.id();
            let end = schedule.map(|schedule| schedule.end);
            let mut alarm = pin!(catch_panic(|| end.map(sleep_until)).map_err(Error::rejected)?);

            let _slot = if let Ok(slot) = connections.slots.try_acquire() {
                slot
            } else {
                let waiting = pin!(connections.slots.acquire());
                let latest_start = schedule.map(|schedule| schedule.latest_start);
                reset(alarm.as_mut(), latest_start);
                let slot = before(alarm.as_mut(), waiting).await.ok_or_else(timed_out_waiting)?;
                reset(alarm.as_mut(), end);
                if is_over(latest_start) {
                    return Err(timed_out_waiting());
                }
                slot.map_err(Error::rejected)?
            };
            let mut connection = {
                let connecting = pin!(connections.connection(runtime, &self.connector));
                before(alarm.as_mut(), connecting).await.ok_or_else(timed_out_waiting)??
            };
            // The alarm may be late.
            if is_over(end) {
                return Err(timed_out_waiting());
            }
            let response = pin!(connection.sender.try_send_request(request.map(Full::new)));
            let reading = pin!(connection.read(response, limits.response_bytes));
            let read = before(alarm, reading).await;
            let (response, connection) = read.unwrap_or_else(|| Err(ErrorKind::Timeout.into()))?;
            if let Some(connection) = connection {
                // Before the slot is free, so that a request that waits for it finds the connection.
                connections.keep(connection);
            }
            Ok(response)
        }
    }

    /// Returns the connections to the origin of a URL.
    fn connections_to(&self, uri: &Uri) -> Result<Arc<Connections>, BoxError> {
        let mut origins = lock(&self.origins);
        if let Some(known) = origins.iter().find(|known| known.origin.contains(uri)) {
            return Ok(Arc::clone(known));
        }
        let origin = Origin::from_uri(uri, self.http_host.as_ref())?;
        // Forget origins with neither requests nor idle connections, so that the list does not grow without end.
        origins.retain(|known| Arc::strong_count(known) > 1 || known.close_expired().is_some());
        let connections = Arc::new(Connections {
            origin,
            slots: Semaphore::new(self.max_connections),
            idle_timeout: self.idle_timeout,
            idle: Mutex::default(),
        });
        origins.push(Arc::clone(&connections));
        Ok(connections)
    }
}

/// When a request has to end, and when it can begin at the latest.
#[derive(Clone, Copy)]
struct Schedule {
    latest_start: Instant,
    end: Instant,
}

/// The longest time that is kept for a request that had to wait for its turn.
const RESERVED: Duration = Duration::from_secs(5);

impl Schedule {
    /// Returns `None` if `Instant` cannot represent the end, which is then never reached.
    fn new(timeout: Duration) -> Option<Self> {
        let end = Instant::now().checked_add(timeout)?;
        // A request that was sent with little time left would probably have an unknown outcome.
        Some(Self { latest_start: end.checked_sub(RESERVED.min(timeout / 2))?, end })
    }
}

/// The connections to one origin.
struct Connections {
    origin: Origin,
    /// One permit for each connection that may carry a request. Requests wait for them in order.
    slots: Semaphore,
    idle_timeout: Duration,
    /// The connections that carry no request, in the order in which they became idle.
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl Connections {
    /// Returns the connection of `runtime` that became idle last, or a new connection. Sends no request.
    async fn connection(
        self: &Arc<Self>,
        runtime: runtime::Id,
        connector: &Connector,
    ) -> Result<Connection, Error> {
        while let Some(mut connection) = self.take_idle(runtime) {
            if connection.is_ready().await {
                return Ok(connection);
            }
        }
        // Boxed, because it is large, and few requests need it.
        Box::pin(self.connect(runtime, connector)).await
    }

    /// Takes an idle connection of `runtime`. Another runtime may be suspended, and with it the driver.
    fn take_idle(&self, runtime: runtime::Id) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        self.remove_expired(&mut idle);
        if let Some(newest) = idle.iter().rposition(|idle| *idle.connection.runtime == runtime) {
            return Some(idle.remove(newest).connection);
        }
        // Make room for a new connection, if the others are in use.
        (idle.len() > self.slots.available_permits()).then(|| idle.remove(0));
        None
    }

    async fn connect(
        self: &Arc<Self>,
        runtime: runtime::Id,
        connector: &Connector,
    ) -> Result<Connection, Error> {
        let stream = connector.connect(&self.origin).await?;
        let connection = http1::Builder::new().max_buf_size(HEAD_LIMIT).handshake(stream).await;
        let (sender, driver) = connection.map_err(|error| Error::new(ErrorKind::Connect, error))?;
        let runtime = Arc::new(runtime);
        let (owner, connections) = (Arc::downgrade(&runtime), Arc::downgrade(self));
        let driver = tokio::spawn(drive(Box::pin(driver), self.idle_timeout, owner, connections));
        Ok(Connection { sender, driver, runtime })
    }

    /// Keeps a connection for the next request, unless it is closed.
    fn keep(&self, connection: Connection) {
        if !self.idle_timeout.is_zero() && !connection.sender.is_closed() {
            lock(&self.idle).push(Idle { connection, since: Instant::now() });
        }
    }

    /// Closes the connections that have been idle for too long. Returns the time until the next one has been.
    fn close_expired(&self) -> Option<Duration> {
        let mut idle = lock(&self.idle);
        self.remove_expired(&mut idle);
        Some(self.idle_timeout.saturating_sub(idle.first()?.since.elapsed()))
    }

    fn remove_expired(&self, idle: &mut Vec<Idle>) {
        let now = Instant::now();
        let is_expired = |idle: &Idle| now.saturating_duration_since(idle.since) >= self.idle_timeout;
        idle.drain(..idle.partition_point(is_expired));
    }
}

/// How long a connection may take to close. A server that reads nothing can keep TLS from closing it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The shortest time between two searches for expired connections.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// Reads and writes until the connection ends. Meanwhile, closes connections that have been idle for too long.
async fn drive(
    mut driver: Pin<Box<http1::Connection<Stream, Full<Bytes>>>>,
    idle_timeout: Duration,
    owner: Weak<runtime::Id>,
    connections: Weak<Connections>,
) {
    let mut wait = idle_timeout;
    // The request on this connection reports the driver's error.
    while timeout(wait.min(CLOSE_TIMEOUT), driver.as_mut()).await.is_err() {
        if owner.strong_count() == 0 {
            let _ = timeout(CLOSE_TIMEOUT, driver).await;
            return;
        }
        let next = connections.upgrade().and_then(|connections| connections.close_expired());
        // Without an idle connection, search again soon: this one may become idle now. A short timeout must not keep this
        // task busy.
        wait = next.unwrap_or(idle_timeout.max(SHORTEST_WAIT));
    }
}

/// A connection that is ready for a request.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    /// The runtime of the driver. The driver has a weak reference, to notice when the connection is dropped.
    runtime: Arc<runtime::Id>,
}

impl Connection {
    /// Returns whether this connection accepts a request now or in a moment. Does not wait for a server that has not
    /// read the previous request.
    async fn is_ready(&mut self) -> bool {
        let mut poll = async || poll_fn(|context| Poll::Ready(self.sender.poll_ready(context))).await;
        let mut ready = poll().await;
        if ready.is_pending() {
            yield_now().await;
            ready = poll().await;
        }
        matches!(ready, Poll::Ready(Ok(())))
    }

    /// Awaits and reads the response to a request on this connection. Also returns the connection, unless it has ended.
    async fn read(
        self,
        mut response: Pin<&mut impl Future<Output = Sent>>,
        max_bytes: usize,
    ) -> Result<(Response<Bytes>, Option<Self>), Error> {
        let Self { sender, mut driver, runtime } = self;
        let mut sender = Some(sender);
        let response = poll_fn(|context| {
            if let Poll::Ready(response) = response.as_mut().poll(context) {
                return Poll::Ready(response);
            }
            if sender.is_some() && Pin::new(&mut driver).poll(context).is_ready() {
                // A request that was queued just as the connection ended would stay in the queue for as long as the
                // sender exists (https://github.com/hyperium/hyper/issues/4122).
                sender = None;
                return response.as_mut().poll(context);
            }
            Poll::Pending
        });
        let (head, body) = response.await.map_err(error::from_send)?.into_parts();
        let body = body::read(body, max_bytes).await.map_err(|error| error.with_status(head.status))?;
        let connection = sender.map(|sender| Self { sender, driver, runtime });
        Ok((Response::from_parts(head, body), connection))
    }
}

type Sent = Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>>;

/// The error for a request whose time passed before it was sent.
fn timed_out_waiting() -> Error {
    Error::new(ErrorKind::Timeout, "the request waited too long for a connection").not_sent()
}

/// Sets the alarm to `time`. Both are `None` if the request has no timeout.
fn reset(alarm: Pin<&mut Option<Sleep>>, time: Option<Instant>) {
    if let (Some(alarm), Some(time)) = (alarm.as_pin_mut(), time) {
        alarm.reset(time);
    }
}

fn is_over(time: Option<Instant>) -> bool {
    time.is_some_and(|time| time <= Instant::now())
}

/// Awaits `future`, or returns `None` if `alarm` goes off first.
async fn before<T>(
    mut alarm: Pin<&mut Option<Sleep>>,
    mut future: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        let alarm = alarm.as_mut().as_pin_mut();
        alarm.map_or(Poll::Pending, |alarm| alarm.poll(context).map(|()| None))
    })
    .await
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds the lock.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// With an in-memory connection, the test controls the order of tasks. It can therefore send a request after the
    /// connection closed, but before hyper notices.
    #[tokio::test]
    async fn unwritten_request_is_not_sent() {
        let (near, mut far) = duplex(1024);
        let (sender, driver) = http1::handshake(TokioIo::new(near)).await.unwrap();
        let driver = tokio::spawn(async { driver.await.unwrap() });
        let connection = Connection { sender, driver, runtime: Arc::new(Handle::current().id()) };
        let exchange = async |mut connection: Connection| {
            let sent = pin!(connection.sender.try_send_request(Request::new(Full::default())));
            connection.read(sent, 0).await
        };

        let server = async {
            let read = far.read(&mut [0; 1024]).await.unwrap();
            assert!(read > 0);
            far.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        };
        let (exchanged, ()) = tokio::join!(exchange(connection), server);
        let (response, connection) = exchanged.unwrap();
        assert_eq!(response.status(), 204);
        let mut connection = connection.unwrap();
        connection.sender.ready().await.unwrap();

        drop(far);
        let error = exchange(connection).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
        assert!(!error.may_have_been_sent(), "{error:?}");
    }
}
