//! Scenarios: a request arrives unchanged.

use bytes::Bytes;
use http::{HeaderValue, Request};

use crate::{
    harness::{Harness, Outcome, ensure, ensure_body, ensure_requests, post},
    log::ReceivedRequest,
    server::ScriptedServer,
};

/// The headers that a transport adds because HTTP/1.1 requires them.
const OWN: [&str; 3] = ["host", "content-length", "connection"];

pub(crate) async fn request_arrives_unchanged(harness: &Harness<'_>) -> Outcome {
    let server = harness.serve(|connection, _| connection.respond("seen"))?;
    for request in requests(&server)? {
        ensure_body(&harness.response(request.clone()).await?, "seen")?;
        let received = server.requests().pop().ok_or("no request arrived")?;
        ensure_same(&request, &received)?;
        ensure_own(&server, &request, &received)?;
    }
    Ok(())
}

fn requests(server: &ScriptedServer) -> Result<Vec<Request<Bytes>>, http::Error> {
    let bare = Request::get(server.url("/")).body(Bytes::new())?;
    let read = Request::get(server.url("/a%2Fb/%7Ec?x=1&y=a+b&x=%20&z="))
        .header("accept", "application/json")
        .header("authorization", "Bearer t0ken")
        .header("user-agent", "contract/1")
        .header("x-two", "b")
        .header("x-two", "a")
        .header("x-high", HeaderValue::from_bytes(b"caf\xe9")?)
        .body(Bytes::new())?;
    let every_byte: Vec<u8> = (0..=255).collect();
    let write = Request::post(server.url("/write"))
        .header("content-type", "application/octet-stream")
        .header("accept-encoding", "identity")
        .body(every_byte.repeat(1_000).into())?;
    let empty = Request::post(server.url("/empty")).body(Bytes::new())?;
    let change = Request::patch(server.url("/change")).body("\r\n\r\n0\r\n\r\n".into())?;
    Ok(vec![bare, read, write, empty, change, post(server)])
}

fn ensure_same(request: &Request<Bytes>, received: &ReceivedRequest) -> Outcome {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let line = format!("{} {target} HTTP/1.1", request.method());
    ensure(received.line == line, || format!("`{line}` arrived as `{}`", received.line))?;
    for name in request.headers().keys() {
        let sent: Vec<&[u8]> = request.headers().get_all(name).iter().map(HeaderValue::as_bytes).collect();
        let arrived = received.values(name.as_str());
        ensure(arrived == sent, || {
            format!(
                "{line}: the header {name} was set {} times and arrived {} times, or changed",
                sent.len(),
                arrived.len()
            )
        })?;
    }
    ensure(received.body == *request.body(), || {
        format!(
            "{line}: the body has changed: {} bytes were sent and {} arrived",
            request.body().len(),
            received.body.len()
        )
    })
}

/// Checks that the transport added nothing except the framing.
fn ensure_own(server: &ScriptedServer, request: &Request<Bytes>, received: &ReceivedRequest) -> Outcome {
    let added = |(name, value): &&(String, Vec<u8>)| {
        // This value means the same as no header (RFC 9110, section 12.5.1).
        let is_redundant = name == "accept" && value == b"*/*";
        !(is_redundant || OWN.contains(&name.as_str()) || request.headers().contains_key(name))
    };
    if let Some((name, _)) = received.headers.iter().find(added) {
        return Err(format!("{}: the transport added the header {name}", received.line).into());
    }
    let host = server.origin().split_once("//").map_or("", |(_, host)| host);
    ensure(received.values("host") == [host.as_bytes()], || {
        format!("{}: expected exactly one host header, `{host}`", received.line)
    })?;
    let length = received.values("content-length");
    let is_whole = match request.body().len() {
        0 => length.is_empty() || length == [b"0"],
        expected => length == [expected.to_string().as_bytes()],
    };
    ensure(is_whole, || format!("{}: expected exactly one correct content-length header", received.line))
}

pub(crate) async fn requests_share_no_state(harness: &Harness<'_>) -> Outcome {
    // C-15
    const RESPONSES: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\nset-cookie: c=1; path=/\r\nalt-svc: clear\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 401 Who\r\nwww-authenticate: Basic realm=\"x\"\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\netag: \"1\"\r\ncache-control: max-age=60\r\ncontent-length: 0\r\n\r\n",
    ];
    let server = harness
        .serve(|connection, number| connection.send(RESPONSES.get(number).unwrap_or(&RESPONSES[0])))?;
    // Check that each request is sent, and that no response comes from a cache.
    for number in 1..=RESPONSES.len() + 1 {
        let mut request = Request::get(server.url("/")).body(Bytes::new())?;
        if number == 1 {
            request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer t0ken"));
        }
        harness.response(request.clone()).await?;
        ensure_requests(&server, number)?;
        let received = server.requests().pop().ok_or("no request arrived")?;
        ensure_own(&server, &request, &received)?;
    }
    Ok(())
}
