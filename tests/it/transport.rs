//! Where requests may go, and what the SDK does about transports that do not keep their contract.

use std::{future::IntoFuture, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth::Client;
use openrouter_oauth_emulator::Emulator;
use openrouter_oauth_tests::{
    server::{Server, Step},
    tls::{TlsServer, certificate, trusting},
};
use openrouter_oauth_transport::{
    Error, Limits, Transport, from_fn,
    testing::{Capture, ManualTimer, Never},
};
use openrouter_oauth_transport_hyper::{HyperTransport, TokioTimer};

use crate::support::{GRANT, Operation, builder, describe, exchange, key, over_a_socket, until};

#[test]
fn a_service_elsewhere_is_called_by_https_alone() {
    // C-9
    let capture = Capture::new(Response::new(GRANT.into()));
    for bad in [
        "http://openrouter.ai/api/v1",
        "http://127.0.0.1@evil/",
        "http://127.0.0.1.evil",
        "http://localhost.evil",
        "http://0x7f.1",
        "http://[::ffff:127.0.0.1]",
        "http://10.0.0.1",
        "ftp://openrouter.ai",
        "//openrouter.ai",
        "openrouter.ai",
    ] {
        let builder = builder().transport(capture.clone()).timer(ManualTimer::new());
        let error = builder.base_url(bad).build().unwrap_err();
        assert_eq!(describe(&error), "Invalid(base URL)", "{bad}");
    }
    capture.expect_no_request();
}

#[tokio::test]
async fn a_call_elsewhere_goes_by_https_alone() {
    // C-9
    let capture = Capture::new(Response::new(GRANT.into()));
    let client = builder().transport(capture.clone()).timer(ManualTimer::new()).build().unwrap();
    for bad in ["http://openrouter.ai/api/v1", "http://127.0.0.1@evil/", ""] {
        let error = client.exchange_auth_code(exchange()).base_url(bad).await.unwrap_err();
        assert_eq!(describe(&error), "Invalid(base URL)", "{bad}");
    }
    capture.expect_no_request();
}

#[tokio::test]
async fn a_certificate_that_is_not_good_stops_every_call() {
    // F4, F7, C-9: before a byte of the request is written, and without another try.
    let trusted = certificate("localhost", (2020, 2100));
    for (case, shown, transport) in [
        ("of an unknown issuer", certificate("localhost", (2020, 2100)), trusting(&trusted)),
        ("not of the system's", certificate("localhost", (2020, 2100)), HyperTransport::new()),
        ("for another host", certificate("openrouter.ai", (2020, 2100)), trusting(&trusted)),
        ("expired", certificate("localhost", (2000, 2001)), trusting(&trusted)),
    ] {
        let emulator = Emulator::new();
        let server = TlsServer::start(emulator.clone(), &shown).await;
        let builder = builder().base_url(server.base_url()).timer(TokioTimer::new());
        let client = builder.transport(transport).build().unwrap();
        for (calls, operation) in (1..).zip(Operation::ALL) {
            let error = operation.call(&client).await.unwrap_err();
            assert_eq!(describe(&error), "Tls", "{case}");
            assert!(!error.may_have_been_sent(), "{case}");
            assert_eq!(server.connections(), calls, "{case}");
        }
        assert!(emulator.log().is_empty(), "{case}");
    }
}

#[tokio::test]
async fn a_certificate_that_expired_or_is_for_another_host_is_refused_even_if_it_is_trusted() {
    // C-9
    for shown in [certificate("openrouter.ai", (2020, 2100)), certificate("localhost", (2000, 2001))] {
        let emulator = Emulator::new();
        let server = TlsServer::start(emulator.clone(), &shown).await;
        let builder = builder().base_url(server.base_url()).timer(TokioTimer::new());
        let client = builder.transport(trusting(&shown)).build().unwrap();
        let error = client.exchange_auth_code(exchange()).await.unwrap_err();
        assert_eq!(describe(&error), "Tls");
        assert!(emulator.log().is_empty());
    }
}

#[tokio::test]
async fn the_limits_go_with_each_request() {
    let capture = Capture::new(Response::new(GRANT.into()));
    let timer = ManualTimer::new();
    let builder = || builder().transport(capture.clone()).timer(timer.clone());
    let limits = async |client: Client| {
        client.exchange_auth_code(exchange()).await.unwrap();
        capture.expect_request_and_limits().1
    };
    let default = limits(builder().build().unwrap()).await;
    assert_eq!(default, Limits::default());
    assert_eq!((default.timeout, default.response_bytes), (Some(Duration::from_secs(30)), 64 * 1024));
    let own = builder().timeout(Duration::from_secs(5)).response_bytes(5_000);
    let own = limits(own.build().unwrap()).await;
    assert_eq!((own.timeout, own.response_bytes), (Some(Duration::from_secs(5)), 5_000));
    let least = limits(builder().response_bytes(0).build().unwrap()).await;
    assert_eq!(least.response_bytes, 4 * 1024, "no key is turned away");
    let none = limits(builder().without_deadline().build().unwrap()).await;
    assert_eq!(none.timeout, None);
}

#[tokio::test]
async fn a_transport_that_hangs_does_not_hang_the_call() {
    // C-11, C-12
    for operation in Operation::ALL {
        let (never, timer) = (Never::new(), ManualTimer::new());
        let client = Client::builder().api_key(key()).transport(never.clone()).timer(timer.clone());
        let client = client.build().unwrap();
        let result = at_its_deadline(&timer, operation.call(&client)).await;
        let error = describe(&result.unwrap_err());
        assert!(error.starts_with("OutcomeUnknown(Timeout)"), "{operation:?}: {error}");
        assert_eq!((never.sent(), never.dropped()), (1, 1), "{operation:?}");
    }
}

#[tokio::test]
async fn a_source_of_keys_that_hangs_does_not_hang_the_call() {
    // C-12: and nothing was sent then.
    let capture = Capture::new(Response::new("{}".into()));
    let timer = ManualTimer::new();
    let builder = Client::builder().transport(capture.clone()).timer(timer.clone());
    let client = builder.api_key_source(std::future::pending).build().unwrap();
    let error = at_its_deadline(&timer, client.current_key()).await.unwrap_err();
    assert_eq!(describe(&error), "NotSent, retryable");
    capture.expect_no_request();
}

/// Drives `call` until it waits for its deadline, and moves the clock there and no tick less.
async fn at_its_deadline<T>(timer: &ManualTimer, call: impl IntoFuture<Output = T>) -> T {
    let (deadline, tick) = (Duration::from_secs(30), Duration::from_nanos(1));
    let almost = deadline.saturating_sub(tick);
    let clock = async {
        until(|| timer.sleeping() == [deadline]).await;
        timer.advance(almost);
        tokio::task::yield_now().await;
        assert_eq!(timer.sleeping(), [tick]);
        timer.advance(tick);
    };
    tokio::join!(call.into_future(), clock).0
}

#[tokio::test]
async fn a_body_that_a_transport_let_grow_is_refused() {
    // C-11
    for (length, taken) in [(5_000, true), (5_001, false), (1 << 20, false)] {
        let padding = " ".repeat(length - GRANT.len());
        let body = Bytes::from(format!("{GRANT}{padding}"));
        let careless = from_fn(move |_: Request<Bytes>, _: Limits| {
            std::future::ready(Ok::<_, Error>(Response::new(body.clone())))
        });
        let client = builder().transport(careless).timer(ManualTimer::new());
        let client = client.response_bytes(5_000).build().unwrap();
        match client.exchange_auth_code(exchange()).await {
            Ok(_) => assert!(taken, "{length}"),
            Err(error) => {
                assert!(!taken, "{length}: {error}");
                assert_eq!(describe(&error), "OutcomeUnknown(TooLarge)");
            }
        }
    }
}

#[tokio::test]
async fn a_body_without_end_is_refused_over_a_socket() {
    // F25, F27, C-13
    let endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"10000\r\n", " ".repeat(0x10000).as_bytes(), b"\r\n"].concat();
    let endless = [endless, chunk.repeat(8)].concat();
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 300000000\r\n\r\n".to_vec();
    let head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(256 * 1024)).into_bytes();
    for answer in [endless, announced, head] {
        let server = Server::start([Step::Answer(answer)]).await;
        let error = over_a_socket(&server).exchange_auth_code(exchange()).await.unwrap_err();
        assert_eq!(describe(&error), "OutcomeUnknown(TooLarge)");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_transport_of_ones_own_needs_a_clock_or_says_that_it_has_no_deadline() {
    let error = Client::builder().transport(Never::new()).build().unwrap_err();
    assert_eq!(error.to_string(), "the timer is missing: set one, or call `without_deadline`");
    let client = Client::builder().transport(Never::new()).without_deadline().build().unwrap();
    let error = client.signing_keys().timeout(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(describe(&error), "Invalid(timer)");
    Client::builder().transport(Never::new()).timer(ManualTimer::new()).build().unwrap();
}

#[tokio::test]
async fn a_transport_may_be_shared_and_boxed() {
    let capture = Capture::new(Response::new(GRANT.into()));
    let shared: Arc<dyn Transport> = Arc::new(capture.clone());
    let boxed: Box<dyn Transport> = Box::new(shared);
    let client = builder().transport(boxed).timer(ManualTimer::new()).build().unwrap();
    client.clone().exchange_auth_code(exchange()).await.unwrap();
    assert_eq!(capture.expect_request().uri(), "https://openrouter.ai/api/v1/auth/keys");
}
