//! Tests of SOCKS proxies.

use std::{
    io::{self, Read as _},
    net::TcpStream,
};

use openrouter_oauth_transport::ErrorKind;
use openrouter_oauth_transport_contract::ClosedPort;

use crate::{
    failure::{assert_not_sent, error_chain},
    proxy::Origin,
    send,
    server::{KEY, RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection},
};

/// The number of bytes to read from the client, and the response to them, for each step of a SOCKS5 handshake.
type Steps = &'static [(usize, &'static [u8])];

/// Starts a SOCKS5 proxy that reads and responds in these steps, then runs a script.
fn socks(
    steps: Steps,
    then: impl Fn(&mut ScriptedConnection) -> io::Result<()> + Send + Sync + 'static,
) -> ScriptedServer {
    let handshake = move |connection: &mut ScriptedConnection, _| {
        for (count, response) in steps {
            connection.read_exact(&mut vec![0; *count])?;
            connection.send(response)?;
        }
        then(connection)
    };
    ScriptedServer::start(&Scheme::http(), RunScript::OnConnect, handshake).unwrap()
}

#[tokio::test]
async fn socks_proxy_connects() {
    // The proxy accepts (RFC 1928, sections 3 and 6), and resolves the name `localhost`.
    const STEPS: Steps = &[(3, &[5, 0]), (16, &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])];
    let origin = Origin::new();
    let address = origin.server.address();
    let proxy = socks(STEPS, move |connection| connection.relay(TcpStream::connect(address)?));
    let transport = origin.via(&format!("socks5h://{}", proxy.address()));
    assert_eq!(send(&transport, origin.server.origin()).await.unwrap(), KEY);
}

#[tokio::test]
async fn each_failure_of_a_socks_proxy_has_its_kind() {
    // F5, C-17 (RFC 1928, sections 3 and 6; RFC 1929, section 2)
    let cases: [(&str, &str, Steps, ErrorKind); 4] = [
        ("no acceptable method", "", &[(3, &[5, 255])], ErrorKind::ProxyAuth),
        ("credentials rejected", "us3r:p4ss@", &[(3, &[5, 2]), (11, &[1, 1])], ErrorKind::ProxyAuth),
        ("not allowed", "", &[(3, &[5, 0]), (16, &[5, 2, 0, 1, 0, 0, 0, 0, 0, 0])], ErrorKind::Proxy),
        ("closed", "", &[], ErrorKind::Proxy),
    ];
    let origin = Origin::new();
    for (what, credentials, steps, kind) in cases {
        let proxy = socks(steps, |_| close_connection());
        let transport = origin.via(&format!("socks5h://{credentials}{}", proxy.address()));
        let error = send(&transport, origin.server.origin()).await.unwrap_err();
        assert_eq!((error.kind(), error.may_have_been_sent()), (kind, false), "{what}: {error:?}");
        let text = error_chain(&error);
        assert!(text.contains("SOCKS error: ") && !text.contains("p4ss"), "{what}: {text}");
        assert_eq!(proxy.connections().unwrap(), 1, "{what}");
    }
    let closed = ClosedPort::new().unwrap().origin().replace("http:", "socks5h:");
    assert_not_sent(
        send(&origin.via(&closed), origin.server.origin()).await,
        ErrorKind::Proxy,
        "unreachable",
    );
    assert_eq!(origin.server.connections().unwrap(), 0);
}
