//! Tests without a complete tokio runtime.

use std::{
    task::{Context, Poll, Waker},
    time::Duration,
};

use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use tokio::runtime::{Builder, Runtime};

use crate::{
    client_builder, own, send,
    server::{KEY, exchange, granting},
    transport,
};

#[test]
fn missing_runtime_is_an_error() {
    // F51, C-27
    let transport = own();
    let mut sending = transport.send(exchange("http://127.0.0.1:1"), Limits::default());
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(error)) = sending.as_mut().poll(&mut context) else {
        panic!("`send` waits although there is no runtime");
    };
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(!error.may_have_been_sent());
}

#[test]
fn runtime_without_io_or_time_is_an_error() {
    // F51, C-27
    let server = granting();
    let transport = own();
    let none = || Builder::new_current_thread().build().unwrap();
    let io = || Builder::new_current_thread().enable_io().build().unwrap();
    let time = || Builder::new_current_thread().enable_time().build().unwrap();
    for runtime in [none(), io(), time()] {
        for timeout in [None, Some(Duration::from_secs(30))] {
            let limits = Limits::default().timeout(timeout);
            let result = runtime.block_on(transport.send(exchange(server.origin()), limits));
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.may_have_been_sent()), (ErrorKind::Other, true));
        }
    }
    assert!(server.requests().is_empty());
    assert_eq!(complete().block_on(send(&transport, server.origin())).unwrap(), KEY);
}

#[test]
fn transport_outlives_the_runtime_of_its_connections() {
    // F51
    let server = granting();
    let transport = own();
    for _ in 0..3 {
        assert_eq!(complete().block_on(send(&transport, server.origin())).unwrap(), KEY);
    }
    assert_eq!(server.requests().len(), 3);
    // Outside any runtime.
    drop(transport);
}

#[test]
fn connection_of_a_suspended_runtime_is_used_unless_none_is_kept() {
    // The crate documentation says so.
    let suspended = || Builder::new_current_thread().enable_all().build().unwrap();
    for (kept, works) in [(1, false), (0, true)] {
        let server = granting();
        let transport = transport(client_builder().pool_max_idle_per_host(kept).pool_idle_timeout(None));
        let (first, second) = (suspended(), suspended());
        assert_eq!(first.block_on(send(&transport, server.origin())).unwrap(), KEY);
        let timeout = if works { Duration::from_secs(30) } else { Duration::from_millis(500) };
        let limits = Limits::default().timeout(Some(timeout));
        let result = second.block_on(transport.send(exchange(server.origin()), limits));
        match result {
            Ok(response) => assert!(works && *response.body() == KEY),
            Err(error) => assert!(!works && error.kind() == ErrorKind::Timeout, "{error:?}"),
        }
        drop(first);
    }
}

fn complete() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}
