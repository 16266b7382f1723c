//! Sends requests to the emulator in memory, without a socket.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use openrouter_oauth_transport::{Error, ErrorKind, Limits};

use crate::service::{Delivery, Service};

pub(crate) async fn send(
    service: &Service,
    request: Request<Bytes>,
    limits: Limits,
) -> Result<Response<Bytes>, Error> {
    let mut response = match service.respond(&request) {
        Delivery::Intact(response) => response,
        Delivery::Delayed(response, delay) => {
            wait_or_time_out(delay, limits.timeout).await?;
            response
        }
        Delivery::CutAfter(..) | Delivery::Dropped => {
            return Err(Error::new(ErrorKind::Io, "a fault broke the connection"));
        }
    };
    if request.method() == Method::HEAD {
        // On a socket, hyper omits the body (RFC 9110, section 9.3.2).
        *response.body_mut() = Bytes::new();
    }
    if response.body().len() > limits.response_bytes {
        return Err(ErrorKind::TooLarge.into());
    }
    Ok(response)
}

async fn wait_or_time_out(delay: Duration, timeout: Option<Duration>) -> Result<(), Error> {
    if let Some(timeout) = timeout.filter(|timeout| *timeout <= delay) {
        tokio::time::sleep(timeout).await;
        return Err(ErrorKind::Timeout.into());
    }
    tokio::time::sleep(delay).await;
    Ok(())
}
