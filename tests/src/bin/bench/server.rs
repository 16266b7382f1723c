//! The server, which runs in its own process, so that its instructions do not count.

use std::{
    convert::Infallible,
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use openrouter_oauth_tests::{Result, tls};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use crate::canned::CannedResponse;

/// Long enough for a client under callgrind to go to sleep, so that every exchange runs the same code.
const RESPONSE_DELAY: Duration = Duration::from_millis(1);

/// Where Debian and its derivatives keep the root certificates. With them, the first exchange over TLS reads as many
/// certificates as it does on a user's machine.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The process of the server. It ends when this value is dropped.
pub(crate) struct ServerProcess {
    process: Child,
    http: String,
    https: String,
    folder: TempDir,
}

impl ServerProcess {
    pub(crate) fn start() -> Result<Self> {
        #[cfg(unix)]
        openrouter_oauth_tests::open_files::raise_limit()?;
        let folder = TempDir::new()?;
        let mut command = Command::new(env::current_exe()?);
        command.arg("serve").arg(roots(folder.path())).stdout(Stdio::piped());
        let mut server =
            Self { process: command.spawn()?, http: String::new(), https: String::new(), folder };
        let mut output = BufReader::new(server.process.stdout.take().ok_or("the server has no output")?);
        for origin in [&mut server.http, &mut server.https] {
            output.read_line(origin)?;
            origin.truncate(origin.trim_end().len());
        }
        Ok(server)
    }

    /// Returns the base URL at which the server sends this response.
    pub(crate) fn base_url(&self, is_tls: bool, response: CannedResponse) -> String {
        let origin = if is_tls { &self.https } else { &self.http };
        format!("{origin}/{}/api/v1", response.segment())
    }

    /// Returns a file with the root certificates of the system and of this server.
    pub(crate) fn roots(&self) -> PathBuf {
        roots(self.folder.path())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Both fail only if the process has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn roots(folder: &Path) -> PathBuf {
    folder.join("roots.pem")
}

/// Writes the root certificates to `roots`, prints the origins for `http` and `https`, and responds until the process
/// is killed.
pub(crate) fn serve(roots: &Path) -> Result<()> {
    let certificate = tls::certificate("127.0.0.1", (2026, 2100));
    let system_roots = fs::read_to_string(SYSTEM_ROOTS).unwrap_or_default();
    fs::write(roots, system_roots + &certificate.cert.pem())?;
    let acceptor = TlsAcceptor::from(Arc::new(tls::server_config(&certificate)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let http = TcpListener::bind("127.0.0.1:0").await?;
        let https = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}\nhttps://{}", http.local_addr()?, https.local_addr()?);
        tokio::try_join!(accept(http, None), accept(https, Some(acceptor)))?;
        Ok(())
    })
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>) -> Result<()> {
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                None => serve_connection(tcp).await,
                Some(tls) => {
                    if let Ok(tls) = tls.accept(tcp).await {
                        serve_connection(tls).await;
                    }
                }
            }
        });
    }
}

async fn serve_connection(connection: impl AsyncRead + AsyncWrite + Unpin) {
    // A client that ends closes its connections, which is not an error here.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(connection), service_fn(respond)).await;
}

async fn respond(request: Request<Incoming>) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let canned = CannedResponse::from_path(request.uri().path());
    let is_complete = request.into_body().collect().await.is_ok();
    sleep(RESPONSE_DELAY).await;
    let (status, body) = match canned {
        Some(canned) if is_complete => (canned.status(), canned.body()),
        _ => (404, String::new()),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
