//! Through a SOCKS5 proxy (RFC 1928, RFC 1929).

use openrouter_oauth_transport::ErrorKind;

use crate::{
    KEY,
    proxy::{Origin, assert_not_sent, said},
    server::{Peer, Server},
};

const YES: &[u8] = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";

/// What a client sends first: that it needs no credentials, or that it has some.
const WITHOUT: &[u8] = b"\x05\x01\x00";
const WITH: &[u8] = b"\x05\x02\x00\x02";

/// Reads a request to connect by name and gives the name and the port.
async fn destination(peer: &mut Peer) -> (String, u16) {
    assert_eq!(peer.take(4).await, b"\x05\x01\x00\x03");
    let length = peer.take(1).await[0];
    let name = String::from_utf8(peer.take(length.into()).await).unwrap();
    let port = peer.take(2).await;
    (name, u16::from_be_bytes([port[0], port[1]]))
}

#[tokio::test]
async fn a_proxy_that_wants_no_credentials_gets_none_and_looks_the_name_up() {
    // C-17
    let origin = Origin::new().await;
    let address = origin.server.address();
    for (credentials, hello) in [("", WITHOUT), ("us3r:s3cret@", WITH)] {
        for scheme in ["socks5", "socks5h"] {
            // The address that follows may be of any kind.
            for bound in [&YES[3..], &[&[4][..], &[0; 18]].concat(), b"\x03\x03a.b\x00\x00"] {
                let yes = [&YES[..3], bound].concat();
                let proxy = Server::plain(move |mut peer: Peer| {
                    let yes = yes.clone();
                    async move {
                        assert_eq!(peer.take(hello.len()).await, hello);
                        peer.send(b"\x05\x00").await;
                        assert_eq!(destination(&mut peer).await, ("localhost".into(), address.port()));
                        peer.send(&yes).await;
                        peer.relay(address).await;
                    }
                })
                .await;
                let url = format!("{scheme}://{credentials}{}", proxy.address());
                assert_eq!(origin.send_by(&url).await.unwrap(), KEY, "{url}");
            }
        }
    }
}

#[tokio::test]
async fn a_proxy_that_wants_credentials_gets_them() {
    let origin = Origin::new().await;
    let address = origin.server.address();
    let proxy = Server::plain(move |mut peer: Peer| async move {
        assert_eq!(peer.take(4).await, WITH);
        peer.send(b"\x05\x02").await;
        assert_eq!(peer.take(11).await, b"\x01\x04us3r\x04p@ss");
        peer.send(b"\x01\x00").await;
        destination(&mut peer).await;
        peer.send(YES).await;
        peer.relay(address).await;
    })
    .await;
    let url = format!("socks5://us3r:p%40ss@{}", proxy.address());
    assert_eq!(origin.send_by(&url).await.unwrap(), KEY);
    assert!(!origin.server.requests()[0].contains("p@ss"));
}

/// Plays these answers, each after so many bytes, and then closes.
async fn playing(script: &'static [(usize, &'static [u8])]) -> Server {
    Server::plain(move |mut peer: Peer| async move {
        for (count, answer) in script {
            peer.take(*count).await;
            peer.send(answer).await;
        }
        peer.close().await;
    })
    .await
}

#[tokio::test]
async fn a_refusal_is_told_from_a_want_of_credentials() {
    // F5
    let origin = Origin::new().await;
    let request = "\x05\x01\x00\x03\x09localhost\x00\x00".len();
    for (credentials, script, kind) in [
        // It takes none of what was offered.
        ("", vec![(3, &b"\x05\xFF"[..])], ErrorKind::ProxyAuth),
        ("us3r:s3cret@", vec![(4, b"\x05\xFF")], ErrorKind::ProxyAuth),
        // It does not like them.
        ("us3r:s3cret@", vec![(4, b"\x05\x02"), (13, b"\x01\x01")], ErrorKind::ProxyAuth),
        // It does not connect, or may not.
        ("", vec![(3, b"\x05\x00"), (request, b"\x05\x05\x00\x01\0\0\0\0\0\0")], ErrorKind::Proxy),
        ("", vec![(3, b"\x05\x00"), (request, b"\x05\x02\x00\x01\0\0\0\0\0\0")], ErrorKind::Proxy),
        // It asks for what was not offered, or does not speak SOCKS5.
        ("", vec![(3, b"\x05\x02")], ErrorKind::Proxy),
        ("us3r:s3cret@", vec![(4, b"\x05\x01")], ErrorKind::Proxy),
        ("us3r:s3cret@", vec![(4, b"\x05\x02"), (13, b"\x05\x00")], ErrorKind::Proxy),
        ("", vec![(3, b"\x04\x5A")], ErrorKind::Proxy),
        ("", vec![(3, b"HTTP/1.1 400 Bad Request\r\n\r\n")], ErrorKind::Proxy),
        ("", vec![(3, b"\x05\x00"), (request, b"\x05\x00\x00\x02\0\0\0\0\0\0")], ErrorKind::Proxy),
    ] {
        let proxy = playing(script.clone().leak()).await;
        let sent = origin.send_by(&format!("socks5://{credentials}{}", proxy.address())).await;
        assert_not_sent(sent, kind, &format!("{script:?}"));
        assert_eq!(proxy.connections(), 1, "{script:?}");
    }
    assert_eq!(origin.server.connections(), 0);
}

#[tokio::test]
async fn a_proxy_that_breaks_at_any_byte_sent_nothing() {
    // F5
    let origin = Origin::new().await;
    for cut in 0..2 + YES.len() {
        let proxy = Server::plain(move |mut peer: Peer| async move {
            peer.take(3).await;
            peer.send(&b"\x05\x00"[..cut.min(2)]).await;
            if cut >= 2 {
                destination(&mut peer).await;
                peer.send(&YES[..cut - 2]).await;
            }
            peer.close().await;
        })
        .await;
        let sent = origin.send_by(&format!("socks5://{}", proxy.address())).await;
        assert_not_sent(sent, ErrorKind::Proxy, &format!("after {cut}"));
    }
}

#[tokio::test]
async fn the_causes_of_an_error_say_what_the_proxy_did() {
    let origin = Origin::new().await;
    let request = "\x05\x01\x00\x03\x09localhost\x00\x00".len();
    let script = [(3, &b"\x05\x00"[..]), (request, b"\x05\x05\x00\x01\0\0\0\0\0\0")];
    let proxy = playing(Vec::from(script).leak()).await;
    let error = origin.send_by(&format!("socks5://{}", proxy.address())).await.unwrap_err();
    assert!(said(&error).ends_with(": the proxy answered with code 5 of SOCKS5"), "{}", said(&error));
}
