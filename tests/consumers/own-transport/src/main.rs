//! A sign-in through blocking sockets of the standard library.

mod blocking;
mod server;

use std::{
    error::Error,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use openrouter_oauth::Client;

use crate::blocking::{BlockingTimer, BlockingTransport};

fn main() -> Result<(), Box<dyn Error>> {
    let (base_url, served) = server::start()?;
    let client =
        Client::builder().base_url(base_url).transport(BlockingTransport).timer(BlockingTimer).build()?;

    let (_url, mut pending) = client.authorize_headless().key_label("own-transport").begin()?;
    let code = pending.read_pasted(server::CODE)?;
    let grant = at_once(pending.exchange(&client, &code)).ok_or("the transport did not block")??;

    assert_eq!(grant.key.expose(), server::KEY);
    assert_eq!(grant.user_id.as_deref(), Some("user_1"));
    let request = served.join().map_err(|_| "the server panicked")??;
    assert!(request.starts_with("POST /api/v1/auth/keys HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(r#""code_challenge_method":"S256""#), "{request}");
    println!("own-transport: signed in through the standard library's sockets");
    Ok(())
}

/// The value of a future that blocks rather than waits: the first poll brings it.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
