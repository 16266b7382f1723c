//! Tests of HTTP/2. Only two messages of a server prove that it did not process a request.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use openrouter_oauth_transport::{Error, ErrorKind, Limits, Transport};
use openrouter_oauth_transport_reqwest::ReqwestTransport;
use tokio::sync::mpsc;

use crate::{
    assert_maybe_sent, client_builder,
    failure::{assert_not_sent, error_chain},
    frames::{
        CANCEL, CONTINUATION, ENHANCE_YOUR_CALM, Http2Server, INTERNAL_ERROR, NO_ERROR, PING, PROTOCOL_ERROR,
        REFUSED_STREAM, SETTINGS, frame, go_away, go_away_with, head, open_head, part, read_reset, reset,
        response,
    },
    install_provider, send,
    server::{KEY, Scheme, ScriptedConnection, close_connection, exchange},
    transport,
};

/// Creates a transport that speaks only HTTP/2, because plain HTTP has no handshake in which to choose it.
fn http2() -> ReqwestTransport {
    transport(client_builder().http2_prior_knowledge())
}

/// Sends an exchange to a server that responds with these frames, and checks that it was sent once.
async fn respond_with(frames: impl Fn(u32) -> Vec<u8> + Send + Sync + 'static) -> Result<Bytes, Error> {
    respond_within(Limits::default(), frames).await
}

/// Like [`respond_with`], with these limits.
async fn respond_within(
    limits: Limits,
    frames: impl Fn(u32) -> Vec<u8> + Send + Sync + 'static,
) -> Result<Bytes, Error> {
    let server = Http2Server::start(&Scheme::http(), move |connection, stream| {
        connection.send(&frames(stream))?;
        connection.wait_for_close()
    });
    let result = http2().send(exchange(server.server.origin()), limits).await;
    assert_eq!(server.requests(), 1);
    result.map(http::Response::into_body)
}

/// The limits of a request to a server that does not respond.
fn short() -> Limits {
    Limits::default().timeout(Some(Duration::from_secs(2)))
}

#[tokio::test]
async fn refused_stream_is_not_sent() {
    // F14
    let result = respond_with(|stream| reset(stream, REFUSED_STREAM)).await;
    assert_not_sent(result, ErrorKind::Io, "REFUSED_STREAM");
}

#[tokio::test]
async fn stream_after_the_last_one_of_goaway_is_not_sent() {
    // F14
    assert_not_sent(respond_with(|_| go_away(0, NO_ERROR)).await, ErrorKind::Io, "last stream 0");
}

#[tokio::test]
async fn goaway_that_includes_the_stream_proves_nothing() {
    // F14
    for last in [1, 0x7fff_ffff] {
        let result = respond_within(short(), move |_| go_away(last, NO_ERROR)).await;
        assert_maybe_sent(result, ErrorKind::Timeout, "no response follows");
        let result =
            respond_with(move |stream| [go_away(last, NO_ERROR), response(stream, KEY)].concat()).await;
        assert_eq!(result.unwrap(), KEY);
        let server = Http2Server::start(&Scheme::http(), move |connection, _| {
            connection.send(&go_away(last, NO_ERROR))?;
            close_connection()
        });
        let result = send(&http2(), server.server.origin()).await;
        assert_maybe_sent(result, ErrorKind::Io, "the connection closes");
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn other_resets_may_have_been_sent() {
    // F14
    for code in [NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, CANCEL, ENHANCE_YOUR_CALM] {
        let result = respond_with(move |stream| reset(stream, code)).await;
        assert_maybe_sent(result, ErrorKind::Io, &format!("RST_STREAM with {code}"));
    }
    for code in [PROTOCOL_ERROR, INTERNAL_ERROR, ENHANCE_YOUR_CALM] {
        let result = respond_with(move |_| go_away(0, code)).await;
        assert_maybe_sent(result, ErrorKind::Io, &format!("GOAWAY with {code}"));
    }
}

#[tokio::test]
async fn stream_that_is_refused_after_its_head_may_have_been_sent() {
    // F14
    for begun in [|stream| head(stream), |stream| [head(stream), part(stream, "{")].concat()] {
        let result =
            respond_with(move |stream| [begun(stream), reset(stream, REFUSED_STREAM)].concat()).await;
        let error = result.unwrap_err();
        assert!(error.may_have_been_sent(), "{error:?}");
        assert_eq!(error.status().unwrap().as_u16(), 200);
    }
}

#[tokio::test]
async fn broken_connection_may_have_been_sent() {
    let server = Http2Server::start(&Scheme::http(), |_, _| close_connection());
    assert_maybe_sent(send(&http2(), server.server.origin()).await, ErrorKind::Io, "closed");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn dead_connection_is_not_a_timeout_of_the_request() {
    // The server ignores the keep-alive pings.
    let server = Http2Server::start(&Scheme::http(), |connection, _| connection.wait_for_close());
    let builder = client_builder()
        .http2_prior_knowledge()
        .http2_keep_alive_interval(Duration::from_millis(50))
        .http2_keep_alive_timeout(Duration::from_millis(50));
    let transport = transport(builder);
    assert_maybe_sent(send(&transport, server.server.origin()).await, ErrorKind::Io, "no pong");
}

#[tokio::test]
async fn text_of_a_goaway_is_not_in_the_error() {
    // A server could put the request there.
    for code in [NO_ERROR, INTERNAL_ERROR] {
        let error = respond_with(move |_| go_away_with(0, code, "c0de")).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.may_have_been_sent()),
            (ErrorKind::Io, code != NO_ERROR),
            "{error:?}"
        );
        assert!(!error_chain(&error).contains("c0de"), "{error:?}");
    }
}

#[tokio::test]
async fn server_without_streams_is_a_timeout() {
    // F14: SETTINGS_MAX_CONCURRENT_STREAMS = 0. The request may arrive before the settings do.
    let settings = &[0, 3, 0, 0, 0, 0];
    let server =
        Http2Server::with_settings(&Scheme::http(), settings, |connection, _| connection.wait_for_close());
    let result = http2().send(exchange(server.server.origin()), short()).await;
    assert_maybe_sent(result.map(http::Response::into_body), ErrorKind::Timeout, "no streams");
}

#[tokio::test]
async fn flood_ends_the_connection() {
    // F14, C-32
    type Flood = fn(u32) -> Vec<u8>;
    let floods: [(&str, Flood, Flood, ErrorKind); 3] = [
        ("CONTINUATION", open_head, |stream| frame(CONTINUATION, 0, stream, &[0x88]), ErrorKind::Protocol),
        ("empty DATA", head, |stream| part(stream, ""), ErrorKind::Protocol),
        ("resets", |_| Vec::new(), |stream| reset(stream, CANCEL), ErrorKind::Io),
    ];
    for (what, first, next, kind) in floods {
        let server = Http2Server::start(&Scheme::http(), move |connection, stream| {
            connection.send(&first(stream))?;
            flood(connection, &next(stream), &AtomicUsize::new(0))
        });
        assert_maybe_sent(send(&http2(), server.server.origin()).await, kind, what);
        assert_eq!(server.requests(), 1, "{what}");
    }
}

#[tokio::test]
async fn client_stores_no_flood_of_acknowledgments() {
    // F14, C-32: the server does not read the acknowledgments, and the client stops reading.
    for (what, next) in [("SETTINGS", frame(SETTINGS, 0, 0, &[])), ("PING", frame(PING, 0, 0, &[0; 8]))] {
        let sent = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&sent);
        let server =
            Http2Server::start(&Scheme::http(), move |connection, _| flood(connection, &next, &counted));
        let transport = http2();
        let result = transport.send(exchange(server.server.origin()), short()).await;
        assert_maybe_sent(result.map(http::Response::into_body), ErrorKind::Timeout, what);
        let stalled = async {
            let mut before = sent.load(Ordering::SeqCst);
            loop {
                tokio::time::sleep(Duration::from_millis(300)).await;
                match sent.load(Ordering::SeqCst) {
                    now if now == before => break,
                    now => before = now,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(15), stalled).await.expect(what);
    }
}

/// Sends a frame until the client closes the connection or reads no more, and counts the bytes.
fn flood(connection: &mut ScriptedConnection, frame: &[u8], sent: &AtomicUsize) -> io::Result<()> {
    let frames = frame.repeat(100);
    loop {
        connection.send(&frames)?;
        sent.fetch_add(frames.len(), Ordering::SeqCst);
    }
}

#[tokio::test]
async fn connection_is_shared_and_one_refusal_ends_one_request() {
    static STREAMS: AtomicUsize = AtomicUsize::new(0);
    let server = Http2Server::start(&Scheme::http(), |connection, stream| {
        match STREAMS.fetch_add(1, Ordering::SeqCst) {
            1 => connection.send(&reset(stream, REFUSED_STREAM)),
            _ => connection.send(&response(stream, KEY)),
        }
    });
    let (transport, origin) = (http2(), server.server.origin());
    assert_eq!(send(&transport, origin).await.unwrap(), KEY);
    assert_not_sent(send(&transport, origin).await, ErrorKind::Io, "the second request");
    assert_eq!(send(&transport, origin).await.unwrap(), KEY);
    assert_eq!((server.requests(), server.server.connections().unwrap()), (3, 1));
}

#[tokio::test]
async fn request_after_goaway_uses_a_new_connection() {
    let server = Http2Server::start(&Scheme::http(), |connection, stream| {
        connection.send(&[go_away(stream, NO_ERROR), response(stream, KEY)].concat())
    });
    let transport = http2();
    for _ in 0..3 {
        assert_eq!(send(&transport, server.server.origin()).await.unwrap(), KEY);
    }
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn dropped_request_resets_its_stream() {
    // C-28
    let (arriving, mut arrived) = mpsc::unbounded_channel();
    let (report, mut reported) = mpsc::unbounded_channel();
    let server = Http2Server::start(&Scheme::http(), move |connection, stream| {
        arriving.send(()).map_err(io::Error::other)?;
        let reset = read_reset(connection)?;
        let is_cancelled = reset == (stream, CANCEL.to_be_bytes().to_vec());
        report.send(is_cancelled).map_err(io::Error::other)
    });
    let transport = http2();
    let arrived = tokio::select! {
        _ended = send(&transport, server.server.origin()) => None,
        arrived = arrived.recv() => arrived,
    };
    assert_eq!(arrived, Some(()));
    // The connection lives on, and sends the reset.
    let received = tokio::time::timeout(Duration::from_secs(5), reported.recv()).await;
    assert_eq!(received.unwrap(), Some(true));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn default_retry_of_reqwest_sends_a_refused_request_again() {
    // The docs of `from_client_unchecked` say so.
    let server = Http2Server::start(&Scheme::http(), |connection, stream| {
        connection.send(&reset(stream, REFUSED_STREAM))
    });
    install_provider();
    let transport = transport(reqwest::Client::builder().http2_prior_knowledge());
    assert_not_sent(send(&transport, server.server.origin()).await, ErrorKind::Io, "every attempt");
    assert!(server.requests() > 1);
}

#[cfg(feature = "rustls-no-provider")]
#[tokio::test]
async fn server_can_choose_http_2_in_the_tls_handshake() {
    // C-32
    use crate::tls;

    let issuer = tls::issuer();
    let server = Http2Server::start(&tls::https(&issuer, &["h2"]), |connection, stream| {
        connection.send(&response(stream, KEY))
    });
    let transport = transport(tls::trusting(issuer.as_ref()));
    for _ in 0..3 {
        assert_eq!(send(&transport, server.server.origin()).await.unwrap(), KEY);
    }
    assert_eq!(server.server.connections().unwrap(), 1);
}
