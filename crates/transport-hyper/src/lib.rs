//! `openrouter_oauth_transport::Transport` on hyper.
//!
//! [`HyperTransport`] speaks HTTP/1.1 over TCP and TLS (rustls), directly or through a proxy. It keeps connections for a
//! moment and uses them again. It keeps the [contract](openrouter_oauth_transport::Transport#contract): a request is sent
//! at most once and unchanged, and its response comes back whole or not at all. [`TokioTimer`] is the `Timer` that goes
//! with it. Both need a tokio runtime with I/O and time enabled, as `#[tokio::main]` makes it.
//!
//! ```
//! use http::Request;
//! use openrouter_oauth_transport::{Limits, Transport};
//! use openrouter_oauth_transport_hyper::HyperTransport;
//!
//! # use std::{io::{Read, Write}, net::TcpListener};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let listener = TcpListener::bind("127.0.0.1:0")?;
//! # let server = format!("http://{}", listener.local_addr()?);
//! # std::thread::spawn(move || -> std::io::Result<()> {
//! #     let (mut peer, _) = listener.accept()?;
//! #     peer.read(&mut [0; 1024])?;
//! #     peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
//! # });
//! let transport = HyperTransport::new();
//!
//! let request = Request::get(format!("{server}/api/v1/key")).body("".into())?;
//! let response = transport.send(request, Limits::default()).await?;
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.body(), "{}");
//! # Ok(())
//! # }
//! ```
//!
//! # Where it connects to
//!
//! To `https` anywhere, and to plain `http` on this machine only: `127.0.0.0/8`, `[::1]` and `localhost`, which is
//! never looked up. Anything else is rejected before a socket is made. There is no way to turn the check of
//! certificates off; [`Builder::add_root_certificates_pem`] trusts a certificate of one's own. Names are looked up as
//! the operating system does, or by [`Builder::resolver`].
//!
//! # Proxies
//!
//! An `https` host is reached through the proxy that the environment names: in `HTTPS_PROXY`, `https_proxy`,
//! `ALL_PROXY` or `all_proxy`, the first that is set and not empty. It is read when the transport is built.
//! [`Builder::proxy`] names another, [`Builder::no_proxy`] none.
//!
//! * A proxy is `http` (the default), `https`, `socks5` or `socks5h`. `socks5` looks names up at the proxy, too.
//!   Credentials in its URL go to it alone, as Basic authentication or by RFC 1929.
//! * `NO_PROXY` or `no_proxy` lists what is reached straight, with commas: a host name with all its subdomains, an
//!   address, a network (`10.0.0.0/8`), or `*`. Ports and other wildcards are not understood.
//! * This machine (`localhost`, `127.0.0.0/8`, `[::1]`) is reached straight: by `http` always, by `https` unless
//!   [`Builder::proxy`] says otherwise. `HTTP_PROXY` is never looked at.
//! * A variable that does not hold the URL of such a proxy fails each request that would use it, with an error of
//!   kind `Other`, not sent. To go without a proxy might be what the variable is there to prevent.
//! * PAC files, the settings of the operating system, and authentication by Digest, Negotiate or NTLM are not known.
//!
//! # What an error means
//!
//! | what happened | [`ErrorKind`] | sent? |
//! | --- | --- | --- |
//! | no name, no route, refused, [connect timeout](Builder::connect_timeout), handshake cut | `Connect` | no |
//! | certificate, host name or TLS version not accepted; no TLS in this build | `Tls` | no |
//! | the proxy is not there, responds with anything but 2XX, breaks off or makes no sense | `Proxy` | no |
//! | the proxy responds with 407, or does not accept the credentials | `ProxyAuth` | no |
//! | a kept connection was closed before the request was written to it | `Io` with `not_sent` | no |
//! | the connection broke, or closed before the response was whole | `Io` | maybe |
//! | TLS 1.3: the server does not accept the [client certificate](Builder::client_certificate_pem) | `Io` | maybe |
//! | [`Limits::timeout`], which also bounds a stream of 1xx responses | `Timeout` | maybe |
//! | body over [`Limits::response_bytes`]; head over about 64 KiB or 100 headers | `TooLarge` | yes |
//! | the response is not HTTP | `Protocol` | maybe |
//! | a URL or a variable that is rejected; no tokio runtime, or one without I/O or time | `Other` with `not_sent` | no |
//!
//! A server that closes a kept connection just as a request is about to use it can, rarely, leave the request waiting
//! until its deadline ([hyper#4122](https://github.com/hyperium/hyper/issues/4122)): the error is then `Timeout`, which
//! claims nothing about what was sent.
//!
//! # What is wiped
//!
//! The body of a response is gathered in one buffer, which is overwritten when the last clone of the response's
//! `Bytes` is dropped; a buffer outgrown on the way is overwritten, too. The body of a request is the caller's. What
//! hyper and rustls keep in buffers of their own (the bytes on their way out and in, header values), the credentials
//! of a proxy, and the key of a client certificate are freed and not overwritten; an allocator that zeroes on free, such
//! as `zeroizing-alloc`, covers that.
//!
//! # Crate features
//!
//! * `ring` (default): TLS by ring.
//! * `aws-lc-rs`: TLS by aws-lc-rs, with post-quantum key exchange. Beside `ring`, [`Builder`] has a method to choose
//!   it.
//! * `platform-roots` (default): trusts what the operating system trusts.
//! * `webpki-roots`: trusts Mozilla's list, compiled in, for containers without a certificate store.
//!
//! Every combination compiles. Without a provider, or without roots, an `https` request ends with a `Tls` error that
//! names the feature to turn on.
//!
//! [`ErrorKind`]: openrouter_oauth_transport::ErrorKind
//! [`Limits::timeout`]: openrouter_oauth_transport::Limits::timeout
//! [`Limits::response_bytes`]: openrouter_oauth_transport::Limits::response_bytes

mod transport;

mod builder;

mod origin;

mod connector;

mod connect_error;

mod runtime;

mod resolver;

mod route;

mod proxy;

mod stream;

mod tls;

mod body;

mod error;

mod timer;

pub use crate::{
    builder::{BuildError, Builder},
    timer::TokioTimer,
    transport::HyperTransport,
};
