//! Tests of the scripted server with clients of the standard library.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use openrouter_oauth_transport_contract::{
    RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection,
};

fn connect(server: &ScriptedServer) -> TcpStream {
    let client = TcpStream::connect(server.address()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    client
}

#[test]
fn dropping_the_server_closes_its_port() {
    let refused = (0..200).filter(|_| {
        let address = ScriptedServer::silent(&Scheme::http()).unwrap().address();
        TcpStream::connect(address).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    });
    // Another test may have reused the port.
    assert!(refused.count() >= 198);
}

#[test]
fn dropping_the_server_shuts_down_its_connections() {
    let server = ScriptedServer::start(&Scheme::http(), RunScript::OnConnect, |connection, _| {
        connection.send(b"open")?;
        ScriptedConnection::wait_for_close(connection)
    });
    let server = server.unwrap();
    let mut client = connect(&server);
    client.read_exact(&mut [0; 4]).unwrap();
    drop(server);
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn relay_forwards_both_directions_until_one_side_closes() {
    let origin = ScriptedServer::start(&Scheme::http(), RunScript::AfterRequest, |connection, number| {
        connection.send(b"pong")?;
        if number == 0 { Ok(()) } else { close_connection() }
    });
    let origin = origin.unwrap();
    let address = origin.address();
    let proxy = ScriptedServer::start(&Scheme::http(), RunScript::OnConnect, move |connection, _| {
        connection.relay(TcpStream::connect(address)?)
    });
    let proxy = proxy.unwrap();
    let mut client = connect(&proxy);
    for _request in 0..2 {
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut response = [0; 4];
        client.read_exact(&mut response).unwrap();
        assert_eq!(&response, b"pong");
    }
    assert_eq!((client.read(&mut [0; 1]).unwrap(), origin.requests().len()), (0, 2));
}

#[test]
fn chunked_body_ends_after_its_trailers() {
    // The data looks like the end of a body, and arrives byte by byte.
    let body = b"5\r\n0\r\n\r\n\r\n1;a=b\r\nx\r\n0\r\nTrailer: t\r\n\r\n";
    let head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let server = ScriptedServer::responding(&Scheme::http(), "HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    let mut client = connect(&server);
    client.set_nodelay(true).unwrap();
    for byte in head.iter().chain(body) {
        client.write_all(&[*byte]).unwrap();
    }
    client.write_all(b"GET /next HTTP/1.1\r\n\r\n").unwrap();
    client.read_exact(&mut [0; 2 * 27]).unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body, body);
    assert_eq!(requests[1].target(), "/next");
}

#[test]
fn oversized_request_closes_the_connection() {
    for start in ["GET / HTTP/1.1\r\nx: ", "PUT / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n"] {
        let server = ScriptedServer::responding(&Scheme::http(), "").unwrap();
        let mut client = connect(&server);
        client.write_all(start.as_bytes()).unwrap();
        let more = vec![b'x'; 1 << 20];
        // Both limits are below 32 MiB.
        let sent = (0..32).try_for_each(|_| client.write_all(&more));
        assert!(sent.is_err(), "{start}");
    }
}
