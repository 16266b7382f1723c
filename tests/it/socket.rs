//! The default transport over a real socket: it speaks HTTP/1.1, and the SDK retries a request that may have arrived
//! only if it is idempotent.

use std::{io, time::Duration};

use openrouter_oauth::transport_hyper::{HyperTransport, TokioTimer};
use openrouter_oauth_tests::tls;
use openrouter_oauth_transport_contract::{
    RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection,
};
use rustix::net::sockopt::set_socket_linger;

use crate::support::{Operation, builder, describe};

/// A server that resets the connection of the first request, and succeeds after that.
fn resetting_server(operation: Operation) -> ScriptedServer {
    let script = move |peer: &mut ScriptedConnection, number| {
        if number == 0 { reset(peer) } else { peer.respond(operation.success()) }
    };
    ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, script).unwrap()
}

fn reset(peer: &ScriptedConnection) -> io::Result<()> {
    set_socket_linger(peer.tcp(), Some(Duration::ZERO))?;
    close_connection()
}

#[tokio::test]
async fn non_idempotent_request_is_sent_once_over_a_reset_connection() {
    // F10, F21
    for operation in Operation::NON_IDEMPOTENT {
        let server = resetting_server(operation);
        let client = builder().base_url(server.url("/api/v1")).build().unwrap();
        let error = operation.call(&client).await.unwrap_err();
        assert_eq!(describe(&error), "OutcomeUnknown(Cut)", "{operation:?}");
        assert_eq!(server.requests().len(), 1, "{operation:?}");
    }
}

#[tokio::test]
async fn idempotent_request_is_retried_over_a_reset_connection() {
    // F10, F21
    for operation in Operation::IDEMPOTENT {
        let server = resetting_server(operation);
        let client = builder().base_url(server.url("/api/v1")).build().unwrap();
        operation.call(&client).await.unwrap();
        assert_eq!(server.requests().len(), 2, "{operation:?}");
    }
}

#[tokio::test]
async fn default_transport_speaks_http_1_1() {
    // C-20
    let certificate = tls::certificate("localhost", (2020, 2100));
    let mut config = tls::server_config(&certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let succeed = |peer: &mut ScriptedConnection, _| peer.respond(Operation::SigningKeys.success());
    let server = ScriptedServer::start(&tls::site_with(config), RunScript::AfterRequest, succeed).unwrap();
    let transport = HyperTransport::builder().add_root_certificates_der(certificate.cert.der());
    let builder = builder().transport(transport.build().unwrap()).timer(TokioTimer::default());
    builder.base_url(server.url("/api/v1")).build().unwrap().signing_keys().await.unwrap();
    assert_eq!(server.requests()[0].line, "GET /api/v1/oauth/jwks HTTP/1.1");
}
