//! Tests of SOCKS5 proxies (RFC 1928, RFC 1929).

use std::{
    io::{self, Read as _},
    net::TcpStream,
};

use openrouter_oauth_transport::ErrorKind;

use crate::{
    failure::{assert_not_sent, error_chain},
    origin::Origin,
    server::{KEY, RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection},
};

const CONNECTED: &[u8] = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";

/// The first message of a client, without and with an offer of password authentication.
const OFFERS_NO_PASSWORD: &[u8] = b"\x05\x01\x00";
const OFFERS_PASSWORD: &[u8] = b"\x05\x02\x00\x02";

/// Starts a proxy that runs a script for each connection.
fn serving(
    script: impl Fn(&mut ScriptedConnection) -> io::Result<()> + Send + Sync + 'static,
) -> ScriptedServer {
    ScriptedServer::start(&Scheme::http(), RunScript::OnConnect, move |connection, _| script(connection))
        .unwrap()
}

/// Reads the next `count` bytes.
fn take(connection: &mut ScriptedConnection, count: usize) -> io::Result<Vec<u8>> {
    let mut taken = vec![0; count];
    connection.read_exact(&mut taken)?;
    Ok(taken)
}

/// Reads a request to connect to a name, and returns the name and the port.
fn destination(connection: &mut ScriptedConnection) -> io::Result<(String, u16)> {
    assert_eq!(take(connection, 4)?, b"\x05\x01\x00\x03");
    let length = take(connection, 1)?[0];
    let name = String::from_utf8(take(connection, length.into())?).unwrap();
    let port = take(connection, 2)?;
    Ok((name, u16::from_be_bytes([port[0], port[1]])))
}

#[tokio::test]
async fn socks_proxy_gets_the_name_and_no_credentials() {
    // C-17
    let origin = Origin::new();
    let address = origin.server.address();
    for (credentials, hello) in [("", OFFERS_NO_PASSWORD), ("us3r:s3cret@", OFFERS_PASSWORD)] {
        for scheme in ["socks5", "socks5h"] {
            // The response may have an address of any type.
            for bound in [&CONNECTED[3..], &[&[4][..], &[0; 18]].concat(), b"\x03\x03a.b\x00\x00"] {
                let yes = [&CONNECTED[..3], bound].concat();
                let proxy = serving(move |connection| {
                    assert_eq!(take(connection, hello.len())?, hello);
                    connection.send(b"\x05\x00")?;
                    assert_eq!(destination(connection)?, ("localhost".into(), address.port()));
                    connection.send(&yes)?;
                    connection.relay(TcpStream::connect(address)?)
                });
                let url = format!("{scheme}://{credentials}{}", proxy.address());
                assert_eq!(origin.send_by(&url).await.unwrap(), KEY, "{url}");
            }
        }
    }
}

#[tokio::test]
async fn socks_proxy_gets_credentials_on_request() {
    let origin = Origin::new();
    let address = origin.server.address();
    let proxy = serving(move |connection| {
        assert_eq!(take(connection, 4)?, OFFERS_PASSWORD);
        connection.send(b"\x05\x02")?;
        assert_eq!(take(connection, 11)?, b"\x01\x04us3r\x04p@ss");
        connection.send(b"\x01\x00")?;
        destination(connection)?;
        connection.send(CONNECTED)?;
        connection.relay(TcpStream::connect(address)?)
    });
    let url = format!("socks5://us3r:p%40ss@{}", proxy.address());
    assert_eq!(origin.send_by(&url).await.unwrap(), KEY);
    let [request] = &origin.server.requests()[..] else { panic!("expected one request") };
    let names: Vec<_> = request.headers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["content-type", "accept", "host", "content-length"]);
}

/// Starts a proxy that sends each response after reading a number of bytes, then closes the connection.
fn playing(script: Vec<(usize, &'static [u8])>) -> ScriptedServer {
    serving(move |connection| {
        for (count, response) in &script {
            take(connection, *count)?;
            connection.send(response)?;
        }
        close_connection()
    })
}

#[tokio::test]
async fn rejection_differs_from_missing_credentials() {
    // F5
    let origin = Origin::new();
    let request = "\x05\x01\x00\x03\x09localhost\x00\x00".len();
    for (credentials, script, kind) in [
        // The proxy accepts none of the offered methods, to which credentials would add one.
        ("", vec![(3, &b"\x05\xFF"[..])], ErrorKind::ProxyAuth),
        ("us3r:s3cret@", vec![(4, b"\x05\xFF")], ErrorKind::ProxyAuthUnsupported),
        // The proxy rejects the credentials.
        ("us3r:s3cret@", vec![(4, b"\x05\x02"), (13, b"\x01\x01")], ErrorKind::ProxyAuth),
        // The proxy cannot connect, or does not allow it.
        ("", vec![(3, b"\x05\x00"), (request, b"\x05\x05\x00\x01\0\0\0\0\0\0")], ErrorKind::Proxy),
        ("", vec![(3, b"\x05\x00"), (request, b"\x05\x02\x00\x01\0\0\0\0\0\0")], ErrorKind::Proxy),
        // The proxy selects a method that was not offered, or does not speak SOCKS5.
        ("", vec![(3, b"\x05\x02")], ErrorKind::Proxy),
        ("us3r:s3cret@", vec![(4, b"\x05\x01")], ErrorKind::Proxy),
        ("us3r:s3cret@", vec![(4, b"\x05\x02"), (13, b"\x05\x00")], ErrorKind::Proxy),
        ("", vec![(3, b"\x04\x5A")], ErrorKind::Proxy),
        ("", vec![(3, b"HTTP/1.1 400 Bad Request\r\n\r\n")], ErrorKind::Proxy),
        ("", vec![(3, b"\x05\x00"), (request, b"\x05\x00\x00\x02\0\0\0\0\0\0")], ErrorKind::Proxy),
    ] {
        let proxy = playing(script.clone());
        let sent = origin.send_by(&format!("socks5://{credentials}{}", proxy.address())).await;
        assert_not_sent(sent, kind, &format!("{script:?}"));
        assert_eq!(proxy.connections().unwrap(), 1, "{script:?}");
    }
    assert_eq!(origin.server.connections().unwrap(), 0);
}

#[tokio::test]
async fn proxy_that_closes_at_any_byte_sends_nothing() {
    // F5
    let origin = Origin::new();
    for cut in 0..2 + CONNECTED.len() {
        let proxy = serving(move |connection| {
            take(connection, 3)?;
            connection.send(&b"\x05\x00"[..cut.min(2)])?;
            if cut >= 2 {
                destination(connection)?;
                connection.send(&CONNECTED[..cut - 2])?;
            }
            close_connection()
        });
        let sent = origin.send_by(&format!("socks5://{}", proxy.address())).await;
        assert_not_sent(sent, ErrorKind::Proxy, &format!("after {cut}"));
    }
}

#[tokio::test]
async fn error_causes_have_the_socks_code() {
    let origin = Origin::new();
    let request = "\x05\x01\x00\x03\x09localhost\x00\x00".len();
    let script = [(3, &b"\x05\x00"[..]), (request, b"\x05\x05\x00\x01\0\0\0\0\0\0")];
    let proxy = playing(script.into());
    let error = origin.send_by(&format!("socks5://{}", proxy.address())).await.unwrap_err();
    assert!(
        error_chain(&error).contains(": the proxy responded with SOCKS5 code 5, "),
        "{}",
        error_chain(&error)
    );
}
