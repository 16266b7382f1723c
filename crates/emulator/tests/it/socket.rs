//! The server on a real socket, with requests written by hand.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use openrouter_oauth_emulator::{Emulator, Fault, ServeError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{HEALTH, VERIFIER, approved_code, send_raw};

const KEY: &str =
    "GET /api/v1/key HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n";

fn exchange(code: &str) -> String {
    let body = format!(r#"{{"code":"{code}","code_verifier":"{VERIFIER}","code_challenge_method":"S256"}}"#);
    format!(
        "POST /api/v1/auth/keys HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn code_created_in_memory_is_exchanged_over_tcp() {
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    let response = send_raw(server.addr(), &exchange(&approved_code(&emulator).await)).await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("\"key\":\"sk-or-v1-"));
    assert_eq!(server.base_url(), format!("http://127.0.0.1:{}/api/v1", server.addr().port()));
}

#[tokio::test]
async fn response_with_401_is_chunked() {
    let server = Emulator::new().serve(0).await.unwrap();
    let response = send_raw(server.addr(), KEY).await;
    assert!(response.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{response}");
    assert!(response.contains("transfer-encoding: chunked\r\n"), "{response}");
    assert!(!response.contains("content-length"), "{response}");
    assert!(response.ends_with("\r\n0\r\n\r\n"), "{response}");
}

#[tokio::test]
async fn http_1_0_client_gets_no_chunks() {
    let server = Emulator::new().serve(0).await.unwrap();
    let response = send_raw(server.addr(), "GET /api/v1/key HTTP/1.0\r\n\r\n").await;
    assert!(response.starts_with("HTTP/1.0 401 Unauthorized\r\n"), "{response}");
    assert!(response.ends_with("}}"), "{response}");
}

#[tokio::test]
async fn response_can_be_cut_at_every_byte() {
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    let whole = send_raw(server.addr(), KEY).await.len();
    for bytes in 0..=whole {
        emulator.inject(Fault::cut_after(bytes));
        assert_eq!(send_raw(server.addr(), KEY).await.len(), bytes);
    }
    assert_eq!(send_raw(server.addr(), KEY).await.len(), whole);
}

#[tokio::test]
async fn dropped_connection_has_no_response() {
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    let code = approved_code(&emulator).await;
    for (fault, then) in
        [(Fault::drop_before_commit(), "HTTP/1.1 200"), (Fault::drop_after_commit(), "HTTP/1.1 400")]
    {
        emulator.inject(fault);
        assert_eq!(send_raw(server.addr(), &exchange(&code)).await, "");
        assert!(send_raw(server.addr(), &exchange(&code)).await.starts_with(then));
    }
    assert_eq!(emulator.posts("/auth/keys"), 4);
}

#[tokio::test]
async fn faults_do_not_break_the_server() {
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    for (name, value) in [("Content-Length", "5"), ("content-length", "x"), ("Transfer-Encoding", "gzip")] {
        emulator.inject(Fault::status(200).header(name, value));
        let response = send_raw(server.addr(), KEY).await;
        assert!(response.starts_with("HTTP/1.1 500 "), "{response}");
        assert!(response.contains("the connection sets"), "{response}");
    }
    let hop_by_hop = ["connection", "keep-alive", "te", "trailer", "upgrade", "date", "allow", "expect"];
    for name in hop_by_hop {
        emulator.inject(Fault::status(200).header(name, "close, x"));
        assert!(send_raw(server.addr(), KEY).await.starts_with("HTTP/1.1 200 "), "{name}");
    }
    emulator.inject(Fault::status(200));
    let tunnel = "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n";
    assert!(send_raw(server.addr(), tunnel).await.starts_with("HTTP/1.1 200 "));
    for status in 200..=999 {
        emulator.inject(Fault::status(status).body("x"));
        let response = send_raw(server.addr(), KEY).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
    }
}

#[tokio::test]
async fn head_response_has_a_length_and_no_body() {
    let server = Emulator::new().serve(0).await.unwrap();
    let response = send_raw(server.addr(), "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("content-length: ") && response.ends_with("\r\n\r\n"), "{response}");
}

#[tokio::test]
async fn connection_survives_responses_without_a_body() {
    let server = Emulator::new().serve(0).await.unwrap();
    for (request, status) in [
        ("HEAD /api/v1/oauth/jwks", "200 OK"),
        ("HEAD /api/v1/key", "401 Unauthorized"),
        ("OPTIONS /api/v1/auth/keys", "204 No Content"),
    ] {
        let response = send_raw(server.addr(), &format!("{request} HTTP/1.1\r\nHost: x\r\n\r\n{KEY}")).await;
        let (first, second) = response.split_once("\r\n\r\n").unwrap();
        assert!(first.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{first}");
        assert!(second.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{second}");
    }
}

#[tokio::test]
async fn huge_body_is_rejected_before_it_is_read() {
    let server = Emulator::new().serve(0).await.unwrap();
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let head =
        "POST /api/v1/auth/keys HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000000\r\n\r\n".as_bytes();
    stream.write_all(head).await.unwrap();
    // The response arrives while the client is still writing.
    stream.write_all(&vec![b' '; 65 * 1024]).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}

#[tokio::test]
async fn garbage_is_rejected_and_breaks_nothing() {
    let server = Emulator::new().serve(0).await.unwrap();
    for garbage in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\r\n\r\n"] {
        let response = send_raw(server.addr(), garbage).await;
        assert!(response.is_empty() || response.starts_with("HTTP/1.1 400"), "{garbage:?}: {response}");
    }
    assert!(send_raw(server.addr(), KEY).await.starts_with("HTTP/1.1 401"));
}

#[tokio::test]
async fn server_responds_despite_200_idle_connections() {
    let server = Emulator::new().serve(0).await.unwrap();
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(server.addr()).await.unwrap());
    }
    assert!(send_raw(server.addr(), KEY).await.starts_with("HTTP/1.1 401"));
}

#[tokio::test]
async fn taken_port_is_reported() {
    let server = Emulator::new().serve(0).await.unwrap();
    let port = server.addr().port();
    let error = Emulator::new().serve(port).await.unwrap_err();
    assert!(matches!(error, ServeError::PortTaken { .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "port {port} of 127.0.0.1 is in use by another program; choose another port, or 0 for any free port"
        )
    );
}

#[tokio::test]
async fn address_of_another_machine_is_reported() {
    // RFC 5737 and RFC 3849 reserve these addresses for documentation.
    for (ip, all) in [("198.51.100.1", "0.0.0.0"), ("2001:db8::1", "::")] {
        let addr = SocketAddr::new(ip.parse().unwrap(), 0);
        let error = Emulator::new().serve_on(addr).await.unwrap_err();
        if ip.contains(':') && matches!(error, ServeError::Other { .. }) {
            // This machine has no IPv6.
            assert_eq!(error.to_string(), format!("could not listen on port 0 of {ip}"));
            continue;
        }
        assert!(matches!(error, ServeError::AddressNotAvailable { .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            format!(
                "this machine does not have the address {ip}; choose one that it has, or {all} for all of them"
            )
        );
    }
}

#[tokio::test]
async fn base_url_of_a_server_on_all_addresses_is_loopback() {
    let server = Emulator::new().serve_on((Ipv4Addr::UNSPECIFIED, 0).into()).await.unwrap();
    let port = server.addr().port();
    assert_eq!(server.base_url(), format!("http://127.0.0.1:{port}/api/v1"));
    let response = send_raw((Ipv4Addr::LOCALHOST, port).into(), HEALTH).await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    let Ok(server) = Emulator::new().serve_on((Ipv6Addr::UNSPECIFIED, 0).into()).await else {
        // This machine has no IPv6.
        return;
    };
    assert_eq!(server.base_url(), format!("http://[::1]:{}/api/v1", server.addr().port()));
}

// MacOS has only 127.0.0.1 of its network.
#[cfg(not(target_os = "macos"))]
#[tokio::test]
async fn server_listens_only_on_the_requested_address() {
    let server = Emulator::new().serve_on((Ipv4Addr::new(127, 0, 0, 2), 0).into()).await.unwrap();
    let port = server.addr().port();
    assert_eq!(server.base_url(), format!("http://127.0.0.2:{port}/api/v1"));
    assert!(send_raw(server.addr(), HEALTH).await.ends_with(r#"{"status":"ok"}"#));
    // Another test may use the same port of 127.0.0.1.
    assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 3), port)).await.is_err());
}

#[tokio::test]
async fn shutdown_frees_the_port_and_closes_connections() {
    let server = Emulator::new().serve(0).await.unwrap();
    let addr = server.addr();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // The connection stays open after a response.
    let keep_alive = KEY.replace("Connection: close\r\n", "");
    stream.write_all(keep_alive.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    server.shutdown().await;

    let mut rest = Vec::new();
    let closed = stream.read_to_end(&mut rest);
    assert!(tokio::time::timeout(Duration::from_secs(5), closed).await.is_ok());
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn dropping_the_server_stops_it() {
    let server = Emulator::new().serve(0).await.unwrap();
    let addr = server.addr();
    drop(server);
    let stopped = async {
        while TcpStream::connect(addr).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(5), stopped).await.is_ok());
}

#[tokio::test]
async fn serve_stream_accepts_any_stream() {
    let (mut ours, theirs) = tokio::io::duplex(1024);
    let emulator = Emulator::new();
    let serving = tokio::spawn(async move { emulator.serve_stream(theirs).await });
    ours.write_all(KEY.as_bytes()).await.unwrap();
    let mut response = String::new();
    ours.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 401"), "{response}");
    serving.await.unwrap();
}
