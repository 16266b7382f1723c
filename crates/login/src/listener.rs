//! Listens on a loopback port for the callback.

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

/// A listener on a port of `127.0.0.1` that waits for OpenRouter's callback.
///
/// It accepts only a browser's request to the callback of the sign-in, with its attempt ID (see
/// [`PendingSignIn::attempt_id`]). It rejects every other request with a page that tells the user what to do, and keeps
/// waiting. This covers other paths and methods, scripts and frames of other pages, other host names that resolve to
/// this machine, malformed HTTP, and requests that take too long. At most 32 connections are open at once; another
/// one closes the oldest.
///
/// The listener accepts connections only while [`callback`](Self::callback) or [`reject_others`](Self::reject_others)
/// is polled. Dropping it closes the port and all connections, except that of a [`CallbackRequest`]. The listener needs
/// a tokio runtime with I/O and time enabled.
///
/// # Security
///
/// The listener uses only `127.0.0.1`, never `[::1]` or another interface. On Windows, another program of the same user
/// can take over the port by binding it with `SO_REUSEADDR`. That program would get the code, which is useless without
/// the verifier in this process.
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
///         // Meanwhile, a browser may send the callback again.
///         never = listener.reject_others() => match never {},
///     },
///     Err(_) => ResultPage::Denied,
/// };
/// callback.respond(page).await;
/// # assert!(browser.await??.contains("You are signed in"));
/// # Ok(())
/// # }
/// # // Sends the callback as a browser does, and returns the page.
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
    /// The end of the pause after a failed accept.
    accept_after: Option<Instant>,
    on_rejected_request: Box<dyn Fn(RejectedRequest) + Send + Sync>,
}

/// The browser's request to the callback, which waits for a response.
///
/// If you drop it without a response, the browser shows that it cannot reach the page.
#[must_use = "a browser waits for the response"]
pub struct CallbackRequest {
    code: Result<AuthorizationCode, CallbackError>,
    stream: TcpStream,
}

/// The error type of [`Listener::bind`].
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    /// The listener could not bind the port.
    #[error("could not listen on port {port} of 127.0.0.1")]
    Bind {
        /// The requested port; 0 for any.
        port: u16,
        /// The cause.
        source: io::Error,
    },
}

/// How long a browser may take to receive the result.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The pause after a failed accept, in which scarce resources may become free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections may wait to be accepted. A client that finds no room retries after a second.
const BACKLOG: u32 = 1024;

impl Listener {
    /// Listens on `port` of `127.0.0.1`. 0 chooses a free port, which no other program can predict and take first.
    ///
    /// # Errors
    ///
    /// [`ListenerError::Bind`] if the port is taken, or there is no loopback interface.
    #[expect(
        clippy::unused_async,
        reason = "the caller must be inside a runtime, which an async function ensures"
    )]
    pub async fn bind(port: u16) -> Result<Self, ListenerError> {
        let failed = |source| ListenerError::Bind { port, source };
        let socket = listen(port).map_err(failed)?;
        let port = socket.local_addr().map_err(failed)?.port();
        // A literal address, because `localhost` may resolve to `[::1]`.
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

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the callback URL with which to begin a sign-in.
    pub fn callback_url(&self) -> CallbackUrl {
        self.callback_url.clone()
    }

    /// Sets a closure that the listener calls for each request that was not the callback.
    pub fn on_rejected_request(&mut self, report: impl Fn(RejectedRequest) + Send + Sync + 'static) {
        self.on_rejected_request = Box::new(report);
    }

    /// Waits for the callback of `pending`, with a code or with the error of a denial or failure. Responds to every
    /// other request without ending the wait. You can drop the future and call this again without losing a request.
    ///
    /// It returns one callback, even if several arrive. For the others, see [`reject_others`](Self::reject_others). A
    /// second call waits for another callback, even of the same sign-in.
    pub async fn callback(&mut self, pending: &PendingSignIn) -> CallbackRequest {
        self.guard.expect(pending);
        let (stream, code) = self
            .serve(|target| {
                // The guard has already checked the path.
                let (path, query) = target.split_once('?').unwrap_or((target, ""));
                match pending.read_query(path, query) {
                    Ok(code) => Ok(Ok(code)),
                    Err(settled) if settled.ends_sign_in() => Ok(Err(settled)),
                    Err(_) => Err(RejectedRequest::Unreadable),
                }
            })
            .await;
        CallbackRequest { code, stream }
    }

    /// Rejects every request while it is polled. Poll it during the exchange of a code. A browser that opens the same
    /// callback again then sees that it was already used.
    pub async fn reject_others(&mut self) -> Infallible {
        let (_, never) = self.serve(|_| Err(RejectedRequest::Used)).await;
        never
    }

    /// Responds to every request until `read` accepts the target of a request.
    async fn serve<T>(&mut self, read: impl Fn(&str) -> Result<T, RejectedRequest>) -> (TcpStream, T) {
        loop {
            tokio::select! {
                // Handle complete requests before new connections, so that requests do not pile up.
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
    // Makes a fixed port available again right after a login. On Windows, this option would let other programs take the
    // port while it is in use.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(BACKLOG)
}

/// Accepts a connection, but not before `accept_after`, and sets `accept_after` if that fails. `accept_after` is a
/// moment rather than a duration, because this future is dropped whenever another connection has data.
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
    /// Returns the code, or [`CallbackError::Denied`] or [`CallbackError::Failed`].
    pub fn code(&self) -> &Result<AuthorizationCode, CallbackError> {
        &self.code
    }

    /// Shows the result in the browser, and waits up to two seconds for the browser to receive it. A browser that has
    /// disconnected is not an error.
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
    async fn failed_accept_starts_a_pause() {
        // L-21
        let (begun, mut accept_after) = (Instant::now(), None);
        for _ in 0..3 {
            accept(failed(), &mut accept_after).await.unwrap_err();
        }
        assert_eq!(begun.elapsed(), ACCEPT_PAUSE * 2);
        // There is a pause after the last failure, and none after a success.
        for _ in 0..2 {
            accept(ready(Ok(())), &mut accept_after).await.unwrap();
            assert_eq!(begun.elapsed(), ACCEPT_PAUSE * 3);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_accept_does_not_restart_the_pause() {
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
