//! A login with a client that blocks.

use std::{sync::Arc, thread};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth::{
    blocking,
    transport::{Error, ErrorKind, Limits, ResponseFuture, Transport, block_on},
};
use tokio::{select, sync::oneshot};

use super::Login;

impl Login {
    /// Creates a login at the service that `client` calls, with a client whose calls block.
    ///
    /// The login sends each request on a thread of its own, so that it can still respond to the browser, be cancelled,
    /// and time out. It measures time with the client's timer.
    ///
    /// A request that blocks cannot be cancelled: its thread ends when the request does. A transport that enforces the
    /// client's timeout ends it then. Nothing waits for that thread, neither the login nor a tokio runtime that ends.
    ///
    /// ```
    /// # use openrouter_oauth::transport::{Limits, from_fn};
    /// # use openrouter_oauth_login::testing::TestUser;
    /// use openrouter_oauth::blocking::Client;
    /// use openrouter_oauth_login::Login;
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let client = Client::new();
    /// #     let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
    /// #         Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
    /// #     });
    /// #     let client = Client::builder().transport(openrouter).build_blocking()?;
    ///     let login = Login::with_blocking_client(&client).key_label("my-cli");
    /// #     let login = login.prompt(TestUser::pastes(["auth_code_abc123"])).headless(true);
    ///     let client = client.with_key(login.run_blocking()?.key);
    ///     Ok(())
    /// }
    /// ```
    pub fn with_blocking_client(client: &blocking::Client) -> Self {
        Self::new(&client.to_async_with(Offloaded))
    }
}

/// A transport that blocks, with a thread for each request.
///
/// A runtime waits for its own threads when it ends, so a request on one of them could keep the program from ending.
#[derive(Debug)]
struct Offloaded(Arc<dyn Transport>);

impl Transport for Offloaded {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        let transport = Arc::clone(&self.0);
        Box::pin(async move {
            let (sender, receiver) = oneshot::channel();
            thread::Builder::new()
                .name("request".into())
                .spawn(move || block_on(deliver(&*transport, request, limits, sender)))
                .map_err(|error| Error::new(ErrorKind::Other, error).not_sent())?;
            // Without the text of the panic, which may contain a secret.
            receiver.await.unwrap_or_else(|_| Err(Error::new(ErrorKind::Other, "the transport panicked")))
        })
    }

    fn enforces_timeout(&self) -> bool {
        self.0.enforces_timeout()
    }
}

/// Delivers the response. If nobody waits for it any longer, the request does not begin, or ends early unless the
/// transport blocks.
async fn deliver(
    transport: &dyn Transport,
    request: Request<Bytes>,
    limits: Limits,
    mut receiver: oneshot::Sender<Result<Response<Bytes>, Error>>,
) {
    let response = select! {
        biased;
        () = receiver.closed() => return,
        // `send` may already block, so it runs only if somebody waits.
        response = async { transport.send(request, limits).await } => response,
    };
    // It fails only if nobody waits any longer.
    let _unwanted = receiver.send(response);
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, poll_fn},
        sync::{Mutex, mpsc},
        time::{Duration, Instant},
    };

    use openrouter_oauth::transport::from_fn;
    use tokio::{
        runtime::{Builder, Runtime},
        time::timeout,
    };

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(60);

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    fn send(transport: &Offloaded) -> ResponseFuture<'_> {
        let request = Request::post("https://openrouter.ai/").body(Bytes::new()).unwrap();
        transport.send(request, Limits::default())
    }

    #[test]
    fn runtime_ends_while_a_request_blocks() {
        let (release, released) = mpsc::channel::<()>();
        let (started, is_sent) = mpsc::channel();
        let released = Mutex::new(released);
        let transport = Offloaded(Arc::new(from_fn(move |_: Request<Bytes>, _: Limits| {
            started.send(()).unwrap();
            let _released = released.lock().unwrap().recv_timeout(LONG);
            async { Err(Error::from(ErrorKind::Io)) }
        })));
        let start = Instant::now();
        let runtime = runtime();
        assert!(runtime.block_on(async { timeout(SHORT, send(&transport)).await }).is_err());
        is_sent.recv_timeout(LONG).unwrap();
        drop(runtime);
        assert!(start.elapsed() < LONG / 2, "{:?}", start.elapsed());
        drop(release);
    }

    #[test]
    fn request_that_does_not_block_ends_with_its_future() {
        let (held, dropped) = mpsc::channel::<()>();
        let transport = Offloaded(Arc::new(from_fn(move |_: Request<Bytes>, _: Limits| {
            let held = held.clone();
            async move {
                let _held = held;
                pending().await
            }
        })));
        assert!(runtime().block_on(async { timeout(SHORT, send(&transport)).await }).is_err());
        drop(transport);
        assert_eq!(dropped.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected));
    }

    #[test]
    fn request_that_nobody_waits_for_does_not_begin() {
        // C-10
        let (sent, is_sent) = mpsc::channel();
        let transport = from_fn(move |_: Request<Bytes>, _: Limits| {
            sent.send(()).unwrap();
            async { Err(Error::from(ErrorKind::Io)) }
        });
        let (sender, receiver) = oneshot::channel();
        drop(receiver);
        let request = Request::post("https://openrouter.ai/").body(Bytes::new()).unwrap();
        block_on(deliver(&transport, request, Limits::default(), sender));
        assert!(is_sent.try_recv().is_err());
    }

    #[test]
    fn error_does_not_contain_the_text_of_a_panic() {
        // C-17
        let transport =
            Offloaded(Arc::new(from_fn(|_: Request<Bytes>, _: Limits| poll_fn(|_| panic!("sk-or-v1-0e6f")))));
        let error = runtime().block_on(send(&transport)).unwrap_err();
        assert!(error.may_have_been_sent() && error.kind() == ErrorKind::Other, "{error:?}");
        assert!(!format!("{error:?}").contains("sk-or"), "{error:?}");
    }

    #[test]
    fn response_and_error_are_those_of_the_transport() {
        let transport = Offloaded(Arc::new(from_fn(|_: Request<Bytes>, _: Limits| async {
            thread::sleep(SHORT);
            Err(Error::from(ErrorKind::Connect))
        })));
        let error = runtime().block_on(send(&transport)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    }
}
