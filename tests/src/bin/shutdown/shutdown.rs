//! The code of axum's `docs/shutdown.md`.

use std::{io::Result, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, signal, sync::mpsc::Receiver, time::timeout};

/// Serves until Ctrl-C, or until the signal that a deploy sends. Then it lets requests and callbacks end.
pub(crate) async fn serve(listener: TcpListener, routes: Router, mut callbacks: Receiver<()>) -> Result<()> {
    axum::serve(listener, routes).with_graceful_shutdown(signal_to_stop()).await?;
    // A callback whose browser went away still stores its key.
    let _ = timeout(Duration::from_secs(70), callbacks.recv()).await;
    Ok(())
}

async fn signal_to_stop() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        tokio::select! { _ = signal::ctrl_c() => {} _ = terminate.recv() => {} }
        return;
    }
    let _ = signal::ctrl_c().await;
}
