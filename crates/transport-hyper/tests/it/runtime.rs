//! Tests with runtimes that end, lack a feature, or have no free thread.

use std::{
    sync::{Arc, mpsc},
    task::{Context, Poll, Waker},
    time::Duration,
};

use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;
use tokio::runtime::{Builder, Runtime};

use crate::{
    origin::Origin,
    server::{KEY, ScriptedConnection, ScriptedServer, exchange, granting, serving},
    tls::issuer,
};

/// Starts a server that reads requests and never responds.
fn silent() -> ScriptedServer {
    serving(ScriptedConnection::wait_for_close)
}

/// Waits until a request has arrived.
async fn seen(server: &ScriptedServer) {
    let seen = server.wait_for_requests(|requests| requests.iter().any(|request| !request.body.is_empty()));
    seen.await.unwrap();
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Checks that a request succeeds on a complete runtime.
#[track_caller]
fn assert_works(transport: &HyperTransport, server: &ScriptedServer) {
    let sent = runtime().block_on(transport.send(exchange(server.origin()), Limits::default()));
    assert_eq!(sent.unwrap().body(), KEY);
}

#[test]
fn runtime_without_io_or_time_is_an_error() {
    // F51, C-27
    let granting = granting();
    // Without root certificates on the machine, the first error would be a different one.
    let transport = HyperTransport::builder().add_root_certificates_der(issuer().der()).build().unwrap();
    let none = || Builder::new_current_thread().build().unwrap();
    let io = || Builder::new_current_thread().enable_io().build().unwrap();
    let time = || Builder::new_current_thread().enable_time().build().unwrap();
    for runtime in [none(), io(), time()] {
        for timeout in [None, Some(Duration::from_secs(30))] {
            for url in [granting.origin().to_owned(), "https://localhost:1".into()] {
                let limits = Limits::default().timeout(timeout);
                let error = runtime.block_on(transport.send(exchange(&url), limits)).unwrap_err();
                assert!(!error.may_have_been_sent(), "{error:?}");
                assert_eq!(error.kind(), ErrorKind::Other, "{error:?}");
            }
        }
    }
    assert!(granting.requests().is_empty());
    assert_works(&transport, &granting);
}

#[test]
fn transport_outlives_the_runtime_of_its_connections() {
    // F51: the idle connection ended with the first runtime, and the transport does not write to it.
    let granting = granting();
    let transport = HyperTransport::builder().idle_timeout(Duration::from_secs(60)).build().unwrap();
    for _ in 0..3 {
        assert_works(&transport, &granting);
    }
    assert_eq!(granting.requests().len(), 3);
    // Outside any runtime.
    drop(transport);
}

#[test]
fn connection_of_a_suspended_runtime_is_not_used() {
    // F51: the first runtime exists, but nothing runs on it.
    let granting = granting();
    let builder = HyperTransport::builder().idle_timeout(Duration::from_secs(60)).max_connections(1);
    let transport = builder.build().unwrap();
    let runtimes = [(); 2].map(|()| Builder::new_current_thread().enable_all().build().unwrap());
    for _ in 0..2 {
        for runtime in &runtimes {
            let limits = Limits::default().timeout(Some(Duration::from_secs(5)));
            let sent = runtime.block_on(transport.send(exchange(granting.origin()), limits));
            assert_eq!(sent.unwrap().body(), KEY);
        }
    }
    // Each new connection takes the place of the other runtime's.
    assert_eq!(granting.connections().unwrap(), 4);
}

#[test]
fn runtimes_do_not_close_connections_of_each_other() {
    let granting = granting();
    let builder = HyperTransport::builder().idle_timeout(Duration::from_secs(60));
    let transport = builder.build().unwrap();
    let runtimes = [runtime(), runtime()];
    for _ in 0..10 {
        for runtime in &runtimes {
            let sent = runtime.block_on(transport.send(exchange(granting.origin()), Limits::default()));
            assert_eq!(sent.unwrap().body(), KEY);
        }
    }
    assert_eq!(granting.connections().unwrap(), 2);
}

#[test]
fn request_can_be_dropped_with_its_runtime() {
    // F51: with `shutdown_timeout`, with `shutdown_background`, and by dropping it.
    for end in [
        |runtime: Runtime| runtime.shutdown_timeout(Duration::from_millis(10)),
        |runtime: Runtime| runtime.shutdown_background(),
        |runtime: Runtime| drop(runtime),
    ] {
        let (silent, granting) = (silent(), granting());
        let (transport, own) = (HyperTransport::new(), runtime());
        let task = {
            let (transport, request) = (transport.clone(), exchange(silent.origin()));
            own.spawn(async move { transport.send(request, Limits::default()).await })
        };
        runtime().block_on(seen(&silent));
        end(own);
        let ended = runtime().block_on(task);
        assert!(ended.unwrap_err().is_cancelled());
        assert_eq!(silent.connections().unwrap(), 1);
        assert_works(&transport, &granting);
    }
}

#[test]
fn request_on_a_dropped_runtime_may_have_been_sent() {
    // F51: the future continues on another runtime.
    let (silent, granting) = (silent(), granting());
    let (transport, own) = (HyperTransport::new(), runtime());
    let limits = Limits::default().timeout(None);
    let mut sending = transport.send(exchange(silent.origin()), limits);
    own.block_on(async {
        tokio::select! {
            sent = &mut sending => panic!("{sent:?} from a silent server"),
            () = seen(&silent) => {}
        }
    });
    drop(own);
    let error = runtime().block_on(sending).unwrap_err();
    assert!(error.may_have_been_sent(), "{error:?}");
    assert_eq!(silent.connections().unwrap(), 1);
    assert_works(&transport, &granting);
}

#[test]
fn transport_works_after_a_panic_in_another_task() {
    // F51
    let (silent, granting) = (Arc::new(silent()), granting());
    let (transport, own) = (HyperTransport::new(), runtime());
    let task = {
        let (transport, silent) = (transport.clone(), Arc::clone(&silent));
        own.spawn(async move {
            tokio::select! {
                sent = transport.send(exchange(silent.origin()), Limits::default()) => drop(sent),
                () = seen(&silent) => panic!("on purpose"),
            }
        })
    };
    assert!(own.block_on(task).unwrap_err().is_panic());
    let sent = own.block_on(transport.send(exchange(granting.origin()), Limits::default()));
    assert_eq!(sent.unwrap().body(), KEY);
}

#[test]
fn lookup_without_a_thread_sends_nothing() {
    // F51
    let origin = Origin::new();
    let own = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).enable_all().build();
    let own = own.unwrap();
    let (release, wait) = mpsc::channel::<()>();
    let blocking = own.spawn_blocking(move || wait.recv());
    let transport = origin.builder().connect_timeout(Duration::from_millis(500)).build().unwrap();
    let send = || own.block_on(origin.send(&transport));
    let error = send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(!error.may_have_been_sent());
    assert_eq!(origin.server.connections().unwrap(), 0);

    drop(release);
    assert!(own.block_on(blocking).unwrap().is_err());
    assert_eq!(send().unwrap(), KEY);
}

#[tokio::test]
async fn panicking_resolver_sends_nothing() {
    // F51
    let builder = HyperTransport::builder().no_proxy().resolver(|_| async { panic!("on purpose") });
    let builder = builder.add_root_certificates_der(issuer().der());
    let sent = builder.build().unwrap().send(exchange("https://openrouter.test"), Limits::default()).await;
    let error = sent.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other, "{error:?}");
    assert!(!error.may_have_been_sent());
}

#[test]
fn missing_runtime_is_an_error() {
    // F51, C-27
    let transport = HyperTransport::new();
    let mut sent = transport.send(exchange("http://127.0.0.1:1"), Limits::default());
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(error)) = sent.as_mut().poll(&mut context) else {
        panic!("`send` waits although there is no runtime");
    };
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(!error.may_have_been_sent());
}
