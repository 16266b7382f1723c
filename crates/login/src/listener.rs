//! Listens on a loopback port for the browser that comes back.

mod connections;
mod guard;
mod request;
mod request_head;
mod response;

use std::{convert::Infallible, fmt, io, net::Ipv4Addr, time::Duration};

use openrouter_oauth::{AuthorizationCode, CallbackError, CallbackUrl, PendingSignIn};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::{Instant, sleep_until},
};

use self::connections::{Connections, ReceivedHead};
pub(crate) use self::guard::CallbackGuard;
#[cfg(feature = "_fuzzing")]
pub(crate) use self::request_head::{HeadProgress, HeadReader};
pub use self::response::{RejectedRequest, ResultPage};

/// A port of `127.0.0.1` that waits for a browser to come back from OpenRouter.
///
/// It takes the one request of a browser that goes to the callback of the sign-in, with its ID (see
/// [`PendingSignIn::attempt_id`]). It rejects everything else with a page that says what to do, and the wait goes on: other
/// paths and methods, scripts and frames of other pages, other host names that resolve to this machine, malformed HTTP, and
/// requests that take too long. At most 32 connections are open at once; one more closes the oldest.
///
/// Nothing is accepted while neither [`callback`](Self::callback) nor [`reject_others`](Self::reject_others) is polled.
/// Dropping the listener closes the port and its connections, all but that of a [`CallbackRequest`]. It needs a tokio runtime with
/// I/O and time enabled.
///
/// # Security
///
/// Only `127.0.0.1` is listened on, never `[::1]` or another network. On Windows another program of the same user can take
/// over a port that it binds with `SO_REUSEADDR`. It would get the code, which is worth nothing without the verifier in
/// this process.
///
/// # Examples
///
/// ```
/// use openrouter_oauth::Client;
/// use openrouter_oauth_login::{Listener, ResultPage};
/// # use openrouter_oauth::{PendingSignIn, transport::{Limits, from_fn}};
/// # use tokio::{io::{AsyncReadExt, AsyncWriteExt}, net::TcpStream, task::JoinHandle};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new();
/// # let openrouter = from_fn(|_, _: Limits| async {
/// #     Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
/// # });
/// # let client = Client::builder().transport(openrouter).without_deadline().build()?;
/// let mut listener = Listener::bind(0).await?;
/// let (url, mut pending) = client.authorize(listener.callback_url()).key_label("my-cli").begin()?;
/// println!("open {url}");
///
/// # let browser = browser(&listener, &pending);
/// let callback = listener.callback(&pending).await;
/// let page = match callback.code() {
///     Ok(code) => tokio::select! {
///         exchanged = pending.exchange(&client, code) => match exchanged {
///             Ok(_grant) => ResultPage::SignedIn,
///             Err(error) if error.is_outcome_unknown() => ResultPage::OutcomeUnknown,
///             Err(_) => ResultPage::Failed,
///         },
///         // A browser may knock again meanwhile.
///         never = listener.reject_others() => match never {},
///     },
///     Err(_) => ResultPage::Denied,
/// };
/// callback.respond(page).await;
/// # assert!(browser.await??.contains("You are signed in"));
/// # Ok(())
/// # }
/// # // Goes to the callback as a browser does, and returns the page.
/// # fn browser(listener: &Listener, pending: &PendingSignIn) -> JoinHandle<std::io::Result<String>> {
/// #     let (port, attempt_id) = (listener.port(), pending.attempt_id());
/// #     let request = format!("GET /callback/{attempt_id}?code=c0de HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
/// #     tokio::spawn(async move {
/// #         let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
/// #         stream.write_all(request.as_bytes()).await?;
/// #         let mut page = String::new();
/// #         stream.read_to_string(&mut page).await?;
/// #         Ok(page)
/// #     })
/// # }
/// ```
pub struct Listener {
    socket: TcpListener,
    port: u16,
    callback_url: CallbackUrl,
    guard: CallbackGuard,
    connections: Connections,
    /// Nothing is accepted before, after that failed.
    accept_after: Option<Instant>,
    on_rejected_request: Box<dyn Fn(RejectedRequest) + Send + Sync>,
}

/// The browser's request to the callback. The browser waits for a response.
///
/// If this is dropped, the browser shows that the page cannot be reached.
#[must_use = "a browser waits for the response"]
pub struct CallbackRequest {
    code: Result<AuthorizationCode, CallbackError>,
    stream: TcpStream,
}

/// Why there is no listener.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    /// The port cannot be had.
    #[error("127.0.0.1 port {port} cannot be listened on")]
    Bind {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// Why.
        source: io::Error,
    },
}

/// How long a browser gets to receive the result.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long nothing is accepted after that failed: whatever there is too little of may come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections may wait to be accepted. Whoever finds no place tries again after a second.
const BACKLOG: u32 = 1024;

impl Listener {
    /// Listens on `port` of `127.0.0.1`; 0 takes a free one, which is what nobody else can have taken before.
    ///
    /// # Errors
    ///
    /// [`ListenerError::Bind`] if the port is taken, or there is no loopback.
    #[expect(clippy::unused_async, reason = "it has to be called inside a runtime, as what is polled is")]
    pub async fn bind(port: u16) -> Result<Self, ListenerError> {
        let failed = |source| ListenerError::Bind { port, source };
        let socket = listen(port).map_err(failed)?;
        let port = socket.local_addr().map_err(failed)?.port();
        // The literal, since `localhost` may be `[::1]`.
        let callback_url = CallbackUrl::parse(&format!("http://127.0.0.1:{port}/callback"))
            .map_err(|invalid| failed(io::Error::other(invalid)))?;
        Ok(Self {
            socket,
            port,
            callback_url,
            guard: CallbackGuard::new(port),
            connections: Connections::new(),
            accept_after: None,
            on_rejected_request: Box::new(|_| {}),
        })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the browser is to come back to, to begin a sign-in with.
    pub fn callback_url(&self) -> CallbackUrl {
        self.callback_url.clone()
    }

    /// Calls `report` for each request that was not the callback.
    pub fn on_rejected_request(&mut self, report: impl Fn(RejectedRequest) + Send + Sync + 'static) {
        self.on_rejected_request = Box::new(report);
    }

    /// Waits for the callback of `pending`: a code, or that OpenRouter or the user declined. Every other request gets its
    /// response here, and does not end the wait. Nothing is lost if the future is dropped and asked for again.
    ///
    /// It returns one callback, however many come; see [`reject_others`](Self::reject_others) for the others. To ask again is
    /// to wait for another callback, also of the same sign-in.
    pub async fn callback(&mut self, pending: &PendingSignIn) -> CallbackRequest {
        self.guard.expect(pending);
        let (stream, code) = self
            .serve(|target| {
                // The guard has compared the path.
                let query = target.split_once('?').map_or("", |(_, query)| query);
                match pending.read_query(query) {
                    Ok(code) => Ok(Ok(code)),
                    Err(settled) if settled.ends_sign_in() => Ok(Err(settled)),
                    Err(_) => Err(RejectedRequest::Unreadable),
                }
            })
            .await;
        CallbackRequest { code, stream }
    }

    /// Rejects every request, for as long as this is polled: for the time in which a code is exchanged. A browser that comes
    /// to the same callback sees that it was used.
    pub async fn reject_others(&mut self) -> Infallible {
        let (_, never) = self.serve(|_| Err(RejectedRequest::Used)).await;
        never
    }

    /// Responds to every request until `read` accepts the target of one.
    async fn serve<T>(&mut self, read: impl Fn(&str) -> Result<T, RejectedRequest>) -> (TcpStream, T) {
        loop {
            tokio::select! {
                // Complete requests come before new connections, so that they do not pile up.
                biased;
                ReceivedHead { stream, head } = self.connections.next_head() => {
                    let is_head = matches!(&head, Ok(head) if head.bytes().starts_with(b"HEAD "));
                    match head.and_then(|head| read(self.guard.check(head.bytes())?)) {
                        Ok(read) => return (stream, read),
                        Err(rejected) => self.reject(stream, rejected, !is_head),
                    }
                }
                accepted = accept(self.socket.accept(), &mut self.accept_after) => {
                    let dropped = accepted.ok().and_then(|(stream, _)| self.connections.add(stream));
                    dropped.into_iter().for_each(&self.on_rejected_request);
                }
            }
        }
    }

    fn reject(&mut self, stream: TcpStream, rejected: RejectedRequest, has_body: bool) {
        (self.on_rejected_request)(rejected);
        if let Some(response) = rejected.response() {
            self.connections.respond(stream, &response.bytes(has_body));
        }
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // A fixed port is then free again right after a login. On Windows, others could take the port while it is in use.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(BACKLOG)
}

/// Accepts, but not before `accept_after`, and sets it after a failure. It is a moment, since this future is dropped whenever a
/// connection has something to say.
async fn accept<T>(
    accepting: impl Future<Output = io::Result<T>>,
    accept_after: &mut Option<Instant>,
) -> io::Result<T> {
    if let Some(accept_after) = *accept_after {
        sleep_until(accept_after).await;
    }
    let accepted = accepting.await;
    *accept_after = accepted.is_err().then(|| Instant::now() + ACCEPT_PAUSE);
    accepted
}

impl CallbackRequest {
    /// The code, or why there is none: [`CallbackError::Denied`] or [`CallbackError::Failed`].
    pub fn code(&self) -> &Result<AuthorizationCode, CallbackError> {
        &self.code
    }

    /// Shows the browser the result, and waits until the browser has received it: at most two seconds. A browser that has gone
    /// away is not a failure.
    pub async fn respond(self, page: ResultPage) {
        connections::respond(self.stream, &page.response().bytes(true), RESPONSE_TIMEOUT).await;
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("port", &self.port).finish_non_exhaustive()
    }
}

impl fmt::Debug for CallbackRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackRequest").field("code", &self.code).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use tokio::time::timeout;

    use super::*;

    fn failed() -> impl Future<Output = io::Result<()>> {
        ready(Err(io::ErrorKind::Other.into()))
    }

    #[tokio::test(start_paused = true)]
    async fn failed_accept_is_followed_by_a_pause() {
        // L-21
        let (begun, mut accept_after) = (Instant::now(), None);
        for _ in 0..3 {
            accept(failed(), &mut accept_after).await.unwrap_err();
        }
        assert_eq!(begun.elapsed(), ACCEPT_PAUSE * 2);
        // After the last failure, and not after a success.
        for _ in 0..2 {
            accept(ready(Ok(())), &mut accept_after).await.unwrap();
            assert_eq!(begun.elapsed(), ACCEPT_PAUSE * 3);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_accept_does_not_begin_a_new_pause() {
        // L-21
        let (begun, mut accept_after) = (Instant::now(), None);
        accept(failed(), &mut accept_after).await.unwrap_err();
        for _ in 0..4 {
            timeout(ACCEPT_PAUSE / 5, accept(ready(Ok(())), &mut accept_after)).await.unwrap_err();
        }
        accept(ready(Ok(())), &mut accept_after).await.unwrap();
        assert_eq!(begun.elapsed(), ACCEPT_PAUSE);
    }
}
