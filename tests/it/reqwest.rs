//! The client over the transport on reqwest, instead of the default one.

use std::io::Read as _;

use openrouter_oauth::{Client, Retry};
use openrouter_oauth_emulator::{DecisionOutcome, Settings};
use openrouter_oauth_tests::{testbed::Testbed, tls};
use openrouter_oauth_transport_contract::{ClosedPort, RunScript, Scheme, ScriptedServer, close_connection};
use openrouter_oauth_transport_reqwest::{ReqwestTransport, TokioTimer};

use crate::support::{builder, code, describe};

fn transport() -> ReqwestTransport {
    tls::use_ring();
    ReqwestTransport::new().unwrap()
}

#[tokio::test]
async fn sign_in_works_over_reqwest() {
    let testbed = Testbed::over_tcp(Settings::default()).await;
    let builder = Client::builder().base_url(testbed.base_url()).timer(TokioTimer::new());
    let client = builder.transport(transport()).build().unwrap();

    let (url, mut pending) = client.authorize_headless().begin().unwrap();
    let DecisionOutcome::Code(shown) = testbed.user().approve(url.as_str(), None).await.unwrap() else {
        panic!("the page shows no code");
    };
    let code = pending.read_pasted(&shown).unwrap();
    let key = pending.exchange(&client, &code).await.unwrap().key;
    client.with_key(key).current_key().await.unwrap();
}

/// Begins a sign-in, and exchanges a code that fails. Returns the error, and whether the sign-in is still fresh.
async fn failed_exchange(origin: &str, transport: ReqwestTransport) -> (String, bool) {
    let builder = builder().transport(transport).timer(TokioTimer::new()).retry(Retry::none());
    let client = builder.base_url(format!("{origin}/api/v1").as_str()).build().unwrap();
    let (_, mut sign_in) = client.authorize_headless().begin().unwrap();
    let error = sign_in.exchange(&client, &code()).await.unwrap_err();
    (describe(&error), sign_in.is_fresh())
}

#[tokio::test]
async fn refused_connection_leaves_the_sign_in_fresh() {
    let port = ClosedPort::new().unwrap();
    let failed = failed_exchange(&port.origin(), transport()).await;
    assert_eq!(failed, ("NotSent, retryable".into(), true));
}

#[tokio::test]
async fn broken_connection_is_an_unknown_outcome() {
    let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, |_, _| close_connection());
    let server = server.unwrap();
    let failed = failed_exchange(server.origin(), transport()).await;
    assert_eq!(failed, ("OutcomeUnknown(Cut)".into(), false));
}

#[tokio::test]
async fn refused_stream_leaves_the_sign_in_fresh() {
    // F14
    let server = refusing_streams();
    tls::use_ring();
    let client = ReqwestTransport::client_builder().http2_prior_knowledge().build().unwrap();
    let failed = failed_exchange(server.origin(), ReqwestTransport::from_client_unchecked(client)).await;
    assert_eq!(failed, ("NotSent, retryable".into(), true));
}

/// Starts an HTTP/2 server that resets each complete request with `REFUSED_STREAM` (RFC 9113, sections 4.1 and 7).
fn refusing_streams() -> ScriptedServer {
    let server = ScriptedServer::start(&Scheme::http(), RunScript::OnConnect, |connection, _| {
        connection.read_exact(&mut [0; 24])?;
        connection.send(&[0, 0, 0, 4, 0, 0, 0, 0, 0])?;
        loop {
            let mut head = [0; 9];
            connection.read_exact(&mut head)?;
            let [a, b, c, kind, flags, stream @ ..] = head;
            connection.read_exact(&mut vec![0; u32::from_be_bytes([0, a, b, c]) as usize])?;
            // The end of a stream, in `DATA` or `HEADERS`.
            if matches!(kind, 0 | 1) && flags & 1 != 0 {
                connection.send(&[&[0, 0, 4, 3, 0][..], &stream, &[0, 0, 0, 7]].concat())?;
            }
        }
    });
    server.unwrap()
}
