//! The default transport over a real socket: it speaks HTTP/1.1, and the SDK retries a request that may have arrived
//! only if it is idempotent.

use std::{
    io::{self, Read as _},
    net::Shutdown,
    time::Duration,
};

use openrouter_oauth::transport_hyper::{HyperTransport, TokioTimer};
use openrouter_oauth::{Client, Error, Retry};
use openrouter_oauth_tests::{canary, tls};
use openrouter_oauth_transport_contract::{
    RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection,
};
use rustix::net::sockopt::set_socket_linger;

use crate::support::{GRANT, Operation, builder, code, describe};

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

/// Returns a client that trusts only a new certificate for `localhost`, and the scheme of a server that has it.
fn trusting() -> (impl Fn(&ScriptedServer) -> Client, Scheme) {
    let certificate = tls::certificate("localhost", (2020, 2100));
    let transport =
        HyperTransport::builder().add_root_certificates_der(certificate.cert.der()).build().unwrap();
    let client = move |server: &ScriptedServer| {
        let builder = builder().transport(transport.clone()).timer(TokioTimer::default());
        builder.base_url(server.url("/api/v1")).retry(Retry::none()).build().unwrap()
    };
    (client, tls::site(&certificate))
}

/// Checks that the handshake failed, and that the sign-in is still fresh. Returns the messages of the error and its
/// causes.
async fn failed_handshake(client: &Client, server: &ScriptedServer) -> String {
    let (_, mut sign_in) = client.authorize_headless().begin().unwrap();
    let error = sign_in.exchange(client, &code()).await.unwrap_err();
    assert_eq!(describe(&error), "Tls");
    assert!(sign_in.is_fresh() && !error.may_have_been_sent() && server.requests().is_empty());
    let Error::Tls(cause) = &error else { unreachable!() };
    assert!(std::error::Error::source(cause).is_some(), "{error:?}");
    canary::everything(&error).to_lowercase()
}

#[tokio::test]
async fn alert_is_not_an_untrusted_certificate() {
    // F4. RFC 8446, section 6.2: the alerts of servers that have not sent a certificate yet.
    for (alert, name) in
        [(40, "HandshakeFailure"), (70, "ProtocolVersion"), (80, "InternalError"), (112, "UnrecognisedName")]
    {
        let text = failed_handshake_with(vec![21, 3, 3, 0, 2, 2, alert]).await;
        assert!(text.contains(&format!("received fatal alert: {name}").to_lowercase()), "{alert}: {text}");
        assert_no_certificate_is_blamed(&text);
    }
}

#[tokio::test]
async fn garbage_is_not_an_untrusted_certificate() {
    // F4: a port that speaks another protocol.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut garbage = vec![
        b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/html\r\n\r\n<h1>The plain HTTP request".to_vec(),
        b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5\r\n".to_vec(),
        b"220 mail.example ESMTP Postfix\r\n".to_vec(),
        vec![0; 64],
        vec![0xff; 64],
    ];
    for first in (0..=255).step_by(15).filter(|first| !(20..=24).contains(first)) {
        let mut bytes = vec![first];
        for _ in 0..8 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            bytes.extend(random.to_be_bytes());
        }
        garbage.push(bytes);
    }
    for bytes in garbage {
        assert_no_certificate_is_blamed(&failed_handshake_with(bytes).await);
    }
}

#[tokio::test]
async fn untrusted_certificate_is_named_by_the_cause() {
    let (client, trusted) = trusting();
    let respond = |peer: &mut ScriptedConnection, _| peer.respond(GRANT);
    let server = ScriptedServer::start(&trusted, RunScript::AfterRequest, respond).unwrap();
    Operation::ExchangeAuthCode.call(&client(&server)).await.unwrap();

    let (years, expired) = ((2020, 2100), (2000, 2001));
    for (host, years) in [("localhost", years), ("localhost", expired), ("openrouter.example", years)] {
        let stranger = tls::site(&tls::certificate(host, years));
        let server = ScriptedServer::start(&stranger, RunScript::AfterRequest, respond).unwrap();
        let text = failed_handshake(&client(&server), &server).await;
        assert!(text.contains("invalid peer certificate"), "{host} {years:?}: {text}");
    }
}

/// Runs a handshake with a server that sends these bytes.
async fn failed_handshake_with(bytes: Vec<u8>) -> String {
    let scheme = Scheme::https("localhost", Ok);
    let script = move |peer: &mut ScriptedConnection, _| {
        assert!(peer.read(&mut [0; 4096])? > 0);
        peer.send(&bytes)?;
        peer.tcp().shutdown(Shutdown::Write)?;
        peer.wait_for_close()
    };
    let server = ScriptedServer::start(&scheme, RunScript::OnConnect, script).unwrap();
    failed_handshake(&trusting().0(&server), &server).await
}

#[track_caller]
fn assert_no_certificate_is_blamed(text: &str) {
    // The advice may name the root certificates, but only as one of several things to check.
    let text = text.replace("check the url, the network, the system clock, and the root certificates", "");
    assert!(!text.contains("certificate") && !text.contains("trust"), "{text}");
}

/// When a listener's queue is full, Linux drops connection attempts, and the client keeps retrying.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn deadline_while_connecting_leaves_the_sign_in_fresh() {
    // A15
    use tokio::net::{TcpSocket, TcpStream};

    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    let short = Duration::from_millis(500);
    while let Ok(queued) = tokio::time::timeout(short, TcpStream::connect(address)).await {
        queue.push(queued.unwrap());
    }
    let builder = || builder().base_url(format!("http://{address}"));
    let limit = Duration::from_millis(300);
    for builder in [builder().timeout(limit), builder().attempt_timeout(limit)] {
        let client = builder.build().unwrap();
        let (_, mut sign_in) = client.authorize_headless().begin().unwrap();
        let error = sign_in.exchange(&client, &code()).await.unwrap_err();
        assert_eq!(describe(&error), "NotSent, retryable");
        assert!(sign_in.is_fresh());
    }
}
