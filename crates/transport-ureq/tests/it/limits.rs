//! Tests of the limits for a response's head.

use openrouter_oauth_transport::{ErrorKind, Limits};
use openrouter_oauth_transport_ureq::UreqTransport;

use crate::{
    send,
    server::{close_connection, exchange, responding, serving},
};

fn kind_of(head: &str) -> Option<ErrorKind> {
    let response = format!("HTTP/1.1 200 OK\r\n{head}content-length: 0\r\n\r\n");
    let server = responding(response);
    let error = send(&UreqTransport::new(), exchange(server.origin()), Limits::default()).err()?;
    assert!(error.may_have_been_sent(), "{error:?}");
    Some(error.kind())
}

#[test]
fn head_has_a_size_limit() {
    // F21, C-13
    assert_eq!(kind_of(&format!("x: {}\r\n", "y".repeat(60_000))), None);
    assert_eq!(kind_of(&format!("x: {}\r\n", "y".repeat(66_000))), Some(ErrorKind::TooLarge));
    assert_eq!(kind_of(&format!("x: {}\r\n", "y".repeat(1_000_000))), Some(ErrorKind::TooLarge));
}

#[test]
fn head_has_a_limit_of_headers() {
    assert_eq!(kind_of(&"x: y\r\n".repeat(100)), None);
    assert_eq!(kind_of(&"x: y\r\n".repeat(200)), Some(ErrorKind::TooLarge));
}

#[test]
fn claimed_length_allocates_no_memory() {
    // C-13
    let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{{}}", i64::MAX);
    let server = serving(move |connection| {
        connection.send(response.as_bytes())?;
        close_connection()
    });
    let limits = Limits::default().response_bytes(usize::MAX);
    let error = send(&UreqTransport::new(), exchange(server.origin()), limits).unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Io, Some(http::StatusCode::OK)), "{error:?}");
}
