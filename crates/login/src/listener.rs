//! Listens on a loopback port for the browser that comes back.

mod connections;
mod conversation;
mod request;
mod response;
mod site;

use std::{convert::Infallible, fmt, io, net::Ipv4Addr, time::Duration};

use openrouter_oauth::{AuthorizationCode, CallbackError, CallbackUrl, PendingSignIn};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::sleep,
};

use self::connections::{Connections, Heard};
#[doc(hidden)]
pub use self::{
    conversation::{Conversation, Step},
    site::Site,
};

/// A port of `127.0.0.1` that waits for a browser to come back from OpenRouter.
///
/// It takes the one request of a browser that goes to the callback of the sign-in, with its ID (see
/// [`PendingSignIn::attempt_id`]). Everything else is refused, with a page that says what to do, and the wait goes on: other paths
/// and methods, scripts and frames of other pages, names that were made to point to this machine, what is no HTTP, and
/// what comes too slowly. At most 32 connections are open at once; who opens more loses their oldest.
///
/// Nothing is accepted while neither [`callback`](Self::callback) nor [`refuse_others`](Self::refuse_others) is polled.
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
/// use openrouter_oauth_login::{Listener, Page};
/// # use openrouter_oauth::{PendingSignIn, transport::{Limits, from_fn}};
/// # use tokio::{io::{AsyncReadExt, AsyncWriteExt}, net::TcpStream, task::JoinHandle};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let openrouter = from_fn(|_, _: Limits| async {
/// #     Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
/// # });
/// # let client = Client::builder().transport(openrouter).without_deadline().build()?;
/// # #[cfg(any())]
/// let client = Client::new();
/// let mut listener = Listener::bind(0).await?;
/// let (url, mut pending) = client.authorize(listener.callback_url()).key_label("my-cli").begin()?;
/// println!("open {url}");
///
/// # let browser = browser(&listener, &pending);
/// let visit = listener.callback(&pending).await;
/// let page = match visit.code() {
///     Ok(code) => tokio::select! {
///         exchanged = pending.exchange(&client, code) => match exchanged {
///             Ok(_grant) => Page::SignedIn,
///             Err(error) if error.is_outcome_unknown() => Page::OutcomeUnknown,
///             Err(_) => Page::Failed,
///         },
///         // A browser may knock again meanwhile.
///         never = listener.refuse_others() => match never {},
///     },
///     Err(_) => Page::Denied,
/// };
/// visit.answer(page).await;
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
    site: Site,
    connections: Connections,
    on_rejected_request: Box<dyn Fn(RejectedRequest) + Send + Sync>,
}

/// The browser that came back, and waits to be told what came of it.
///
/// If this is dropped the browser shows that the page cannot be reached.
#[must_use = "a browser waits for its answer"]
pub struct CallbackRequest {
    code: Result<AuthorizationCode, CallbackError>,
    stream: TcpStream,
}

/// What a browser is told.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Page {
    /// The key is there.
    SignedIn,
    /// The key is there, and the program could not store it.
    NotStored,
    /// The user declined.
    Denied,
    /// OpenRouter refused, or could not be reached; nothing was made.
    Failed,
    /// Nobody knows whether a key was made.
    OutcomeUnknown,
}

/// A request that was not the callback. It was answered, unless it was [dropped](Self::Dropped), and the wait went on (L-7).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RejectedRequest {
    /// It is not HTTP/1, or can be read in two ways.
    Malformed,
    /// It has more than 8 KiB or 50 headers.
    TooLong,
    /// It took longer than 5 seconds.
    Slow,
    /// It has another path, or the ID of another attempt.
    NotFound,
    /// It is not a `GET`.
    Method,
    /// It names another host.
    Host,
    /// A script, a frame, or a browser that loads ahead sent it.
    NotNavigation,
    /// It is at the callback, with neither a code nor a refusal that can be read.
    Unreadable,
    /// It is at the callback, which was used already.
    Used,
    /// It had to make room before it had said all. It got no answer.
    Dropped,
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

/// How long a visitor gets to take their answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long nothing is accepted after that failed: whatever there is too little of may come back (L-21).
const PAUSE: Duration = Duration::from_millis(50);

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
        // The literal, since `localhost` may be `[::1]` (L-4).
        let callback_url = CallbackUrl::parse(&format!("http://127.0.0.1:{port}/callback"))
            .map_err(|invalid| failed(io::Error::other(invalid)))?;
        Ok(Self {
            socket,
            port,
            callback_url,
            site: Site::new(port),
            connections: Connections::new(),
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

    /// Tells of each request that was not the callback.
    pub fn on_rejected_request(&mut self, tell: impl Fn(RejectedRequest) + Send + Sync + 'static) {
        self.on_rejected_request = Box::new(tell);
    }

    /// Waits for the callback of `pending`: a code, or that OpenRouter or the user declined. Everything else is answered
    /// here, and does not end the wait. Nothing is lost if the future is dropped and asked for again.
    ///
    /// It returns one visit, however many come; see [`refuse_others`](Self::refuse_others) for the others. To ask again is
    /// to wait for another visit, also of the same sign-in.
    pub async fn callback(&mut self, pending: &PendingSignIn) -> CallbackRequest {
        self.site.expect(pending);
        let (stream, code) = self
            .serve(|target| match pending.read_callback(target) {
                Ok(code) => Ok(Ok(code)),
                Err(settled) if settled.ends_sign_in() => Ok(Err(settled)),
                Err(CallbackError::NotOurs) => Err(RejectedRequest::NotFound),
                Err(_) => Err(RejectedRequest::Unreadable),
            })
            .await;
        CallbackRequest { code, stream }
    }

    /// Answers whatever else comes, for as long as it is polled: for the time in which a code is exchanged. Who comes to
    /// the same callback is told that it was used.
    pub async fn refuse_others(&mut self) -> Infallible {
        let (_, never) = self.serve(|_| Err(RejectedRequest::Used)).await;
        never
    }

    /// Answers until a target of the callback is read as something.
    async fn serve<T>(&mut self, read: impl Fn(&str) -> Result<T, RejectedRequest>) -> (TcpStream, T) {
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                // Whoever has said all comes before whoever comes new, so that they do not pile up.
                biased;
                Heard { stream, said } = self.connections.heard() => {
                    let is_head = matches!(&said, Ok(said) if said.head().starts_with(b"HEAD "));
                    match said.and_then(|said| read(self.site.decide(said.head())?)) {
                        Ok(read) => return (stream, read),
                        Err(stray) => self.refuse(stream, stray, !is_head),
                    }
                }
                accepted = accept(self.socket.accept(), &mut pause) => {
                    let dropped = accepted.ok().and_then(|(stream, _)| self.connections.listen(stream));
                    dropped.into_iter().for_each(&self.on_rejected_request);
                }
            }
        }
    }

    fn refuse(&mut self, stream: TcpStream, stray: RejectedRequest, has_body: bool) {
        (self.on_rejected_request)(stray);
        if let Some(response) = stray.response() {
            self.connections.answer(stream, &response.bytes(has_body));
        }
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // So that a fixed port can be had again right after a login. On Windows it would let others take the port (L-3).
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(BACKLOG)
}

/// Accepts after `pause`, and sets the one before the next.
async fn accept<T>(accepting: impl Future<Output = io::Result<T>>, pause: &mut Duration) -> io::Result<T> {
    if !pause.is_zero() {
        sleep(*pause).await;
    }
    let accepted = accepting.await;
    *pause = if accepted.is_ok() { Duration::ZERO } else { PAUSE };
    accepted
}

impl CallbackRequest {
    /// The code, or why there is none: [`CallbackError::Denied`] or [`CallbackError::Failed`].
    pub fn code(&self) -> &Result<AuthorizationCode, CallbackError> {
        &self.code
    }

    /// Tells the browser what came of it, and waits until it has heard: at most two seconds. A browser that has gone is no
    /// failure (F48).
    pub async fn answer(self, page: Page) {
        connections::answer(self.stream, &page.response().bytes(true), PATIENCE).await;
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

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failed_accept_is_followed_by_a_pause() {
        // L-21
        let (begun, mut pause) = (Instant::now(), Duration::ZERO);
        for _ in 0..3 {
            accept(ready(Err::<(), _>(io::ErrorKind::Other.into())), &mut pause).await.unwrap_err();
        }
        assert_eq!(begun.elapsed(), PAUSE * 2);
        // After the last failure, and not after a success.
        for _ in 0..2 {
            accept(ready(Ok(())), &mut pause).await.unwrap();
            assert_eq!(begun.elapsed(), PAUSE * 3);
        }
    }
}
