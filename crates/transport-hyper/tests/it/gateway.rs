//! Plays scripts that speak HTTP/1.1 to a client that speaks HTTP/2.
//!
//! To a script each stream is a connection of its own, with one request. Where it ends before its answer does, or says what
//! is not HTTP, the stream is reset; what it says beyond its answer is dropped. So what the scenarios say of a second
//! answer, and of garbage, is shown for HTTP/1.1 alone; `http2.rs` has the garbage of HTTP/2.

use std::{
    future::poll_fn,
    io,
    net::{Ipv4Addr, TcpListener, TcpStream as StdTcpStream},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    thread,
    time::Duration,
};

use bytes::Bytes;
use h2::{RecvStream, SendStream, server::SendResponse};
use http::{Request, Response, Version, header};
use http_body_util::BodyExt;
use hyper::{
    body::{Body, Frame, Incoming},
    client::conn::http1,
    ext::on_informational,
};
use hyper_util::rt::TokioIo;
use openrouter_oauth_transport::{
    BoxError,
    testing::contract::{Script, Site},
};
use tokio::{net::TcpStream, runtime::Handle};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// How long a script waits for a client.
const PATIENCE: Duration = Duration::from_secs(3);

/// A site at `localhost`, with a certificate for that. The runtime it is made in has threads.
pub(crate) fn site(mut config: ServerConfig) -> Site {
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (acceptor, runtime) = (TlsAcceptor::from(Arc::new(config)), Handle::current());
    Site::multiplexed("localhost", move |tcp, script| {
        tcp.set_nonblocking(true)?;
        runtime.block_on(serve(tcp, &acceptor, script))
    })
}

async fn serve(tcp: StdTcpStream, acceptor: &TlsAcceptor, script: Script) -> io::Result<()> {
    let stream = acceptor.accept(TcpStream::from_std(tcp)?).await?;
    let mut connection = h2::server::handshake(stream).await.map_err(io::Error::other)?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted.map_err(io::Error::other)?;
        let (near, far) = pair()?;
        far.set_read_timeout(Some(PATIENCE))?;
        let script = script.clone();
        thread::spawn(move || script.play(far));
        tokio::spawn(carry(request, Arc::new(Mutex::new(respond)), near));
    }
    Ok(())
}

/// Two ends of a connection.
fn pair() -> io::Result<(StdTcpStream, StdTcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = StdTcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    near.set_nonblocking(true)?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok((near, far))
}

type Respond = Arc<Mutex<SendResponse<Bytes>>>;

/// Carries a request to a script and its answer back, until the client gives it up.
///
/// A stream that is dropped in between is reset by h2 when all that was said on it is written, with `CANCEL`: of all
/// resets hyper takes this one, and `NO_ERROR`, for the end of a body.
async fn carry(request: Request<RecvStream>, respond: Respond, near: StdTcpStream) {
    let answer = tokio::select! {
        answer = ask(request, &respond, near) => answer,
        _gone = poll_fn(|context| respond.lock().unwrap().poll_reset(context)) => return,
    };
    let Ok(answer) = answer else { return };
    let (mut head, mut body) = answer.into_parts();
    head.headers.remove(header::TRANSFER_ENCODING);
    let is_whole = body.is_end_stream();
    let sent = respond.lock().unwrap().send_response(Response::from_parts(head, ()), is_whole);
    if let (Ok(mut stream), false) = (sent, is_whole) {
        while pass(&mut body, &mut stream).await.is_some() {}
    }
}

async fn ask(
    request: Request<RecvStream>,
    respond: &Respond,
    near: StdTcpStream,
) -> Result<Response<Incoming>, BoxError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(TcpStream::from_std(near)?)).await?;
    // It ends when nobody waits for what it reads.
    tokio::spawn(connection);
    let mut request = request.map(Sent);
    *request.version_mut() = Version::HTTP_11;
    let authority = request.uri().authority().map_or("", |authority| authority.as_str()).parse()?;
    request.headers_mut().insert(header::HOST, authority);
    *request.uri_mut() = request.uri().path_and_query().ok_or("no path")?.as_str().parse()?;
    let early = Arc::clone(respond);
    on_informational(&mut request, move |interim| {
        let mut response = Response::new(());
        *response.status_mut() = interim.status();
        response.headers_mut().clone_from(interim.headers());
        early.lock().unwrap().send_informational(response).unwrap();
    });
    Ok(sender.send_request(request).await?)
}

/// Passes a piece of a body on; none if it was the last. H2 keeps what the client does not take at once.
async fn pass(body: &mut Incoming, stream: &mut SendStream<Bytes>) -> Option<()> {
    let frame = tokio::select! {
        frame = body.frame() => frame,
        _gone = poll_fn(|context| stream.poll_reset(context)) => return None,
    };
    match frame {
        Some(Ok(frame)) => stream.send_data(frame.into_data().unwrap_or_default(), false).ok(),
        Some(Err(_)) => None,
        None => {
            let _gone = stream.send_data(Bytes::new(), true);
            None
        }
    }
}

/// The body of a request.
struct Sent(RecvStream);

impl Body for Sent {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let data = ready!(self.0.poll_data(context)).transpose()?;
        Poll::Ready(data.map(|data| {
            self.0.flow_control().release_capacity(data.len())?;
            Ok(Frame::data(data))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}
