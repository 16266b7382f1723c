//! Serving the routes, until the process is asked to end.

use std::{future::IntoFuture, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, signal, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::stored_key::STORING;

/// How long a callback may take to end: the client's timeout (30 s), the claim (15 s), the storage of the key, and the
/// end of the sign-in.
const CALLBACK: Duration = Duration::from_secs(30 + 15 + STORING.as_secs() + 10);

/// How long other requests may take to end.
const REQUEST: Duration = Duration::from_secs(15);

/// Serves until a signal, and then lets requests and callbacks end. A second signal ends at once.
pub(crate) async fn until_signal(listener: TcpListener, routes: Router, callbacks: &TaskTracker) {
    let stop = CancellationToken::new();
    let server = axum::serve(listener, routes).with_graceful_shutdown(stop.clone().cancelled_owned());
    let server = tokio::spawn(server.into_future());
    signal().await;
    stop.cancel();
    callbacks.close();
    let all = async {
        let _ = server.await;
        // Those whose browser went away.
        callbacks.wait().await;
    };
    // A browser that does not finish its request does not delay the end any longer.
    let callbacks_only = async {
        sleep(REQUEST).await;
        // Another callback can begin while these end.
        while !callbacks.is_empty() {
            callbacks.wait().await;
            // The last response is still on its way.
            sleep(Duration::from_secs(1)).await;
        }
    };
    let limit = sleep(REQUEST + CALLBACK);
    tokio::select! { () = all => {} () = callbacks_only => {} () = limit => {} () = signal() => {} }
}

/// Waits for Ctrl-C, or for the signal that a process manager sends.
async fn signal() {
    let interrupt = signal::ctrl_c();
    #[cfg(unix)]
    let terminate = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! { _ = interrupt => {} _ = terminate => {} }
}
