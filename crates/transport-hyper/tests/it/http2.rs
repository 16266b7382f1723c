//! HTTP/2, and what it proves about a request that failed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, Version};
use openrouter_oauth_transport::{Error, ErrorKind, Limits, Transport, testing::contract};
use openrouter_oauth_transport_hyper::HyperTransport;
use rcgen::{CertifiedIssuer, KeyPair};
use tokio::sync::Notify;

use crate::{
    GRANT, KEY, exchange, gateway,
    server::{Peer, Server, tls_config},
    tls::{certificate, issuer, signed_by},
};

const SOON: Duration = Duration::from_millis(200);

/// Plays a script with each client that agrees on HTTP/2.
struct Origin {
    issuer: CertifiedIssuer<'static, KeyPair>,
    server: Server,
}

impl Origin {
    async fn new<F, Fut>(script: F) -> Self
    where
        F: Fn(Peer) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let issuer = issuer();
        let mut config = tls_config(&signed_by(&issuer, (2020, 2100)));
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self { server: Server::start(Some(config), script).await, issuer }
    }

    fn transport(&self) -> HyperTransport {
        HyperTransport::builder().add_root_certificates_der(self.issuer.der()).http2().build().unwrap()
    }

    async fn send(&self) -> Result<Response<Bytes>, Error> {
        self.transport().send(exchange(&self.server.https()), Limits::default()).await
    }

    /// Does not wait long.
    async fn send_soon(&self) -> Result<Response<Bytes>, Error> {
        let limits = Limits::default().timeout(Some(SOON));
        self.transport().send(exchange(&self.server.https()), limits).await
    }
}

/// Answers every request as `answer` says, by the h2 crate.
async fn answering(peer: Peer, requests: Arc<AtomicUsize>) {
    let mut connection = h2::server::handshake(peer.into_io()).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        requests.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            assert_eq!(request.method(), "POST");
            assert_eq!(request.uri().path(), "/api/v1/auth/keys");
            assert!(request.headers().get("connection").is_none());
            let mut body = request.into_body();
            while body.data().await.is_some() {}
            let mut stream = respond.send_response(Response::new(()), false).unwrap();
            stream.send_data(Bytes::from_static(KEY.as_bytes()), true).unwrap();
        });
    }
}

// Frames by hand (RFC 9113, section 6).

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const NO_ERROR: u32 = 0;
const PROTOCOL_ERROR: u32 = 1;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

/// `:status: 200` by HPACK's static table (RFC 7541, appendix A).
const OK: &[u8] = &[0x88];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn reset(stream: u32, reason: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &reason.to_be_bytes())
}

fn go_away(last: u32, reason: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), reason.to_be_bytes()].concat())
}

/// A header that is not compressed (RFC 7541, section 6.2.2), with a name of one letter.
fn header(value_length: u8) -> Vec<u8> {
    assert!(value_length < 127);
    let mut header = vec![0, 1, b'x', value_length];
    header.resize(header.len() + usize::from(value_length), b'y');
    header
}

/// Reads a request, all of it, and returns its stream.
async fn request(peer: &mut Peer, settings: &[u8]) -> u32 {
    peer.take(24).await;
    peer.send(&frame(SETTINGS, 0, 0, settings)).await;
    loop {
        let head = peer.take(9).await;
        let [a, b, c, kind, flags, ref stream @ ..] = head[..] else { return 0 };
        peer.take(u32::from_be_bytes([0, a, b, c]) as usize).await;
        if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
            return u32::from_be_bytes(stream.try_into().unwrap());
        }
    }
}

/// Answers the first request with these frames and then waits, or closes.
async fn playing(answer: Vec<u8>, close: bool) -> Origin {
    Origin::new(move |mut peer: Peer| {
        let answer = answer.clone();
        async move {
            assert_eq!(request(&mut peer, &[]).await, 1);
            peer.send(&answer).await;
            if close {
                peer.close().await;
            } else {
                peer.closed().await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn requests_share_a_connection() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let origin = Origin::new(move |peer| answering(peer, Arc::clone(&count))).await;
    let transport = origin.transport();
    for _ in 0..3 {
        let response = transport.send(exchange(&origin.server.https()), Limits::default()).await.unwrap();
        assert_eq!((response.version(), &response.body()[..]), (Version::HTTP_2, KEY.as_bytes()));
    }
    assert_eq!(origin.server.connections(), 1);

    let many: Vec<_> = (0..50)
        .map(|_| {
            let (transport, request) = (transport.clone(), exchange(&origin.server.https()));
            tokio::spawn(async move { transport.send(request, Limits::default()).await })
        })
        .collect();
    for sent in many {
        assert_eq!(sent.await.unwrap().unwrap().body(), KEY);
    }
    assert_eq!(origin.server.connections(), 1);
    assert_eq!(requests.load(Ordering::SeqCst), 53);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_at_a_cold_start_are_each_sent_once() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let origin = Origin::new(move |peer| answering(peer, Arc::clone(&count))).await;
    let transport = origin.transport();
    let many: Vec<_> = (0..50)
        .map(|_| {
            let (transport, request) = (transport.clone(), exchange(&origin.server.https()));
            tokio::spawn(async move { transport.send(request, Limits::default()).await })
        })
        .collect();
    for sent in many {
        assert_eq!(sent.await.unwrap().unwrap().body(), KEY);
    }
    assert_eq!(requests.load(Ordering::SeqCst), 50);
}

#[tokio::test]
async fn a_server_that_knows_http_1_alone_is_spoken_to_by_it() {
    // C-20
    let issuer = issuer();
    for alpn in [vec![], vec![b"http/1.1".to_vec()]] {
        let mut config = tls_config(&signed_by(&issuer, (2020, 2100)));
        config.alpn_protocols = alpn;
        let server = Server::start(Some(config), |mut peer: Peer| async move {
            peer.request().await;
            peer.send(GRANT).await;
        })
        .await;
        let builder = HyperTransport::builder().add_root_certificates_der(issuer.der()).http2();
        let transport = builder.build().unwrap();
        let response = transport.send(exchange(&server.https()), Limits::default()).await.unwrap();
        assert_eq!((response.version(), &response.body()[..]), (Version::HTTP_11, KEY.as_bytes()));
    }
}

#[tokio::test]
async fn a_refused_stream_was_not_processed() {
    // F14
    let origin = playing(reset(1, REFUSED_STREAM), false).await;
    let error = origin.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
    assert!(!error.may_have_been_sent());
    assert_eq!(origin.server.connections(), 1);
}

#[tokio::test]
async fn a_server_that_goes_away_before_our_stream_did_not_process_it() {
    // F14
    for reason in [NO_ERROR, PROTOCOL_ERROR, ENHANCE_YOUR_CALM] {
        for close in [false, true] {
            let origin = playing(go_away(0, reason), close).await;
            let error = origin.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{reason}: {error:?}");
            assert!(!error.may_have_been_sent(), "{reason}");
            assert_eq!(origin.server.connections(), 1, "{reason}");
        }
    }
}

#[tokio::test]
async fn a_server_that_goes_away_after_our_stream_may_have_processed_it() {
    // F14
    for last in [1, 0x7FFF_FFFF] {
        for reason in [NO_ERROR, PROTOCOL_ERROR, ENHANCE_YOUR_CALM] {
            for close in [false, true] {
                let origin = playing(go_away(last, reason), close).await;
                let sent = if close { origin.send().await } else { origin.send_soon().await };
                let error = sent.unwrap_err();
                let kind = if close { ErrorKind::Io } else { ErrorKind::Timeout };
                assert_eq!(error.kind(), kind, "{last} {reason}: {error:?}");
                assert!(error.may_have_been_sent(), "{last} {reason}");
                assert!(origin.server.connections() <= 1, "{last} {reason}");
            }

            let answer = [
                go_away(last, reason),
                frame(HEADERS, END_HEADERS, 1, OK),
                frame(DATA, END_STREAM, 1, b"{}"),
            ];
            let origin = playing(answer.concat(), false).await;
            assert_eq!(origin.send().await.unwrap().body(), "{}", "{last} {reason}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_reset_may_have_been_processed() {
    // F14
    for reason in [CANCEL, INTERNAL_ERROR, NO_ERROR] {
        let origin = playing(reset(1, reason), false).await;
        let error = origin.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{reason}: {error:?}");
        assert!(error.may_have_been_sent(), "{reason}");
        assert_eq!(origin.server.connections(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_is_given_up_is_an_error_and_never_a_cut_body() {
    // F14. Also when the stream is refused, or left out, after it was answered.
    let head = frame(HEADERS, END_HEADERS, 1, OK);
    let some = [&head[..], &frame(DATA, 0, 1, b"{}")].concat();
    for start in [head, some] {
        for end in [NO_ERROR, CANCEL, INTERNAL_ERROR, REFUSED_STREAM].map(|reason| reset(1, reason)) {
            assert_given_up(&start, &end).await;
        }
        for end in [NO_ERROR, PROTOCOL_ERROR, CANCEL].map(|reason| go_away(0, reason)) {
            assert_given_up(&start, &end).await;
        }
    }
}

async fn assert_given_up(start: &[u8], end: &[u8]) {
    let parts = [start.to_vec(), end.to_vec()];
    let origin = Origin::new(move |mut peer: Peer| {
        let parts = parts.clone();
        async move {
            request(&mut peer, &[]).await;
            for part in parts {
                peer.send(&part).await;
                // Until the client has read it.
                tokio::time::sleep(SOON / 10).await;
            }
            peer.closed().await;
        }
    })
    .await;
    let error = origin.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{start:?} {end:?}: {error:?}");
    assert!(error.may_have_been_sent(), "{start:?} {end:?}");
}

#[tokio::test]
async fn an_answer_that_is_whole_counts_whatever_follows() {
    // RFC 9113, section 8.1: a server may answer before it has read everything, and then reset the stream.
    let length = [OK, &[0x0F, 0x0D, 1, b'2']].concat();
    for answer in [
        [frame(HEADERS, END_HEADERS, 1, OK), frame(DATA, END_STREAM, 1, b"{}"), reset(1, NO_ERROR)],
        [frame(HEADERS, END_HEADERS, 1, &length), frame(DATA, 0, 1, b"{}"), reset(1, NO_ERROR)],
    ] {
        let [head, body, end] = answer;
        let origin = Origin::new(move |mut peer: Peer| {
            let parts = [head.clone(), body.clone(), end.clone()];
            async move {
                request(&mut peer, &[]).await;
                for part in parts {
                    peer.send(&part).await;
                    tokio::time::sleep(SOON / 10).await;
                }
                peer.closed().await;
            }
        })
        .await;
        assert_eq!(origin.send().await.unwrap().body(), "{}");
    }
}

#[tokio::test]
async fn a_cut_answer_is_an_error_and_never_a_cut_body() {
    let answer =
        [frame(HEADERS, END_HEADERS, 1, OK), frame(DATA, 0, 1, b"{}"), frame(DATA, END_STREAM, 1, b"")]
            .concat();
    for cut in 0..answer.len() {
        let origin = playing(answer[..cut].to_vec(), true).await;
        let error = origin.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "after {cut}: {error:?}");
        assert!(error.may_have_been_sent(), "after {cut}");
        assert_eq!(origin.server.connections(), 1, "after {cut}");
    }
    let origin = playing(answer, true).await;
    assert_eq!(origin.send().await.unwrap().body(), "{}");
}

#[tokio::test]
async fn a_server_that_takes_no_streams_is_not_waited_for() {
    // F14: SETTINGS_MAX_CONCURRENT_STREAMS is 0, which the first request may not wait to hear, and the second does.
    let origin = Origin::new(|mut peer: Peer| async move {
        request(&mut peer, &[0, 3, 0, 0, 0, 0]).await;
        tokio::time::sleep(SOON * 3).await;
        peer.close().await;
    })
    .await;
    let transport = origin.transport();
    for (timeout, kind) in
        [(SOON, ErrorKind::Timeout), (SOON, ErrorKind::Timeout), (SOON * 50, ErrorKind::Io)]
    {
        let limits = Limits::default().timeout(Some(timeout));
        let error = transport.send(exchange(&origin.server.https()), limits).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
    }
    assert_eq!(origin.server.connections(), 1);
}

#[tokio::test]
async fn a_head_is_bounded() {
    // C-13
    let list = |headers: &[u8]| {
        let chunks: Vec<_> = headers.chunks(16_000).collect();
        let (last, chunks) = chunks.split_last().unwrap();
        let mut frames = frame(HEADERS, END_STREAM, 1, OK);
        for chunk in chunks {
            frames.extend(frame(CONTINUATION, 0, 1, chunk));
        }
        frames.extend(frame(CONTINUATION, END_HEADERS, 1, last));
        frames
    };
    let origin = playing(list(&header(100).repeat(100)), false).await;
    assert_eq!(origin.send().await.unwrap().headers().len(), 100);
    for (headers, kind) in [
        (header(0).repeat(101), ErrorKind::TooLarge),
        // h2 ends the stream itself and does not say why.
        (header(120).repeat(500), ErrorKind::Protocol),
    ] {
        let origin = playing(list(&headers), false).await;
        let error = origin.send().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.may_have_been_sent());
    }
}

#[tokio::test]
async fn a_body_is_bounded() {
    // C-13
    let origin = Origin::new(|peer: Peer| async move {
        let mut connection = h2::server::handshake(peer.into_io()).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut stream = respond.send_response(Response::new(()), false).unwrap();
            let _gone = stream.send_data(vec![b'x'; 10 * 1024 * 1024].into(), true);
        }
    })
    .await;
    let limits = Limits::default().response_bytes(64 * 1024);
    let error = origin.transport().send(exchange(&origin.server.https()), limits).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
    assert!(error.may_have_been_sent());
    let limits = Limits::default().response_bytes(usize::MAX);
    let response = origin.transport().send(exchange(&origin.server.https()), limits).await.unwrap();
    assert_eq!(response.body().len(), 10 * 1024 * 1024);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_end() {
    // F14
    let interim = frame(HEADERS, END_HEADERS, 1, &[&[0x08, 3][..], b"103"].concat());
    let start = frame(HEADERS, 0, 1, OK);
    let head = frame(HEADERS, END_HEADERS, 1, OK);
    for (what, first, more) in [
        ("SETTINGS", vec![], frame(SETTINGS, 0, 0, &[])),
        ("PING", vec![], frame(PING, 0, 0, &[0; 8])),
        ("RST_STREAM", vec![], reset(1, CANCEL)),
        ("1xx", vec![], interim),
        ("CONTINUATION", start, frame(CONTINUATION, 0, 1, &header(100))),
        ("empty DATA", head, frame(DATA, 0, 1, &[])),
    ] {
        let gone = Arc::new(Notify::new());
        let closed = Arc::clone(&gone);
        let origin = Origin::new(move |mut peer: Peer| {
            let (first, more, closed) = (first.clone(), more.repeat(100), Arc::clone(&closed));
            async move {
                request(&mut peer, &[]).await;
                peer.send(&first).await;
                while peer.sent(&more).await {}
                closed.notify_one();
            }
        })
        .await;
        let error = tokio::time::timeout(SOON * 10, origin.send_soon()).await.expect(what).unwrap_err();
        assert!(error.may_have_been_sent(), "{what}: {error:?}");
        // Nothing is left behind, not even where both ends wait for the other to read.
        tokio::time::timeout(SOON * 100, gone.notified()).await.expect(what);
    }
}

#[tokio::test]
async fn what_is_not_http_2_is_told_from_a_connection_that_broke() {
    for answer in [GRANT.to_vec(), frame(DATA, 0, 1, b"x"), frame(HEADERS, END_HEADERS, 2, OK)] {
        let origin = playing(answer, false).await;
        let error = origin.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error:?}");
        assert!(error.may_have_been_sent());
    }
}

#[tokio::test]
async fn after_a_server_went_away_there_is_a_new_connection() {
    let origin = Origin::new(|mut peer: Peer| async move {
        request(&mut peer, &[]).await;
        let answer =
            [frame(HEADERS, END_HEADERS, 1, OK), frame(DATA, END_STREAM, 1, b"{}"), go_away(1, NO_ERROR)];
        peer.send(&answer.concat()).await;
        peer.closed().await;
    })
    .await;
    let transport = origin.transport();
    for connections in 1..=3 {
        let request: Request<Bytes> = exchange(&origin.server.https());
        assert_eq!(transport.send(request, Limits::default()).await.unwrap().body(), "{}");
        assert_eq!(origin.server.connections(), connections);
        // Until the client has read that the server goes.
        tokio::time::sleep(SOON / 10).await;
    }
}

#[tokio::test]
async fn a_proxy_leads_to_http_2_as_well() {
    let requests = Arc::default();
    let origin = Origin::new(move |peer| answering(peer, Arc::clone(&requests))).await;
    let address = origin.server.address();
    let proxy = Server::plain(move |mut peer: Peer| async move {
        peer.request().await;
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n").await;
        peer.relay(address).await;
    })
    .await;
    let builder = HyperTransport::builder().add_root_certificates_der(origin.issuer.der()).http2();
    let transport = builder.proxy(&proxy.http()).build().unwrap();
    let response = transport.send(exchange(&origin.server.https()), Limits::default()).await.unwrap();
    assert_eq!((response.version(), &response.body()[..]), (Version::HTTP_2, KEY.as_bytes()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_2_keeps_the_contract() -> Result<(), contract::Violations> {
    let certified = certificate("localhost");
    let builder = HyperTransport::builder().add_root_certificates_der(certified.cert.der()).http2();
    contract::run_at(&builder.build().unwrap(), &gateway::site(tls_config(&certified))).await
}
