//! An `openrouter-oauth` transport built on hyper and rustls.
//!
//! [`HyperTransport`] speaks HTTP/1.1 over TCP or TLS, directly or through a proxy, and reuses connections for a short
//! time. It follows the [contract](openrouter_oauth_transport::Transport#contract) of transports: it sends a request at
//! most once and unchanged, and returns either the complete response or an error. [`TokioTimer`] is the matching
//! `Timer`. Both need a tokio runtime with I/O and time enabled, such as the one from `#[tokio::main]`.
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
//! # Allowed URLs
//!
//! The transport connects to any host over `https`. It allows plain `http` only to this machine: `127.0.0.0/8`,
//! `[::1]`, and `localhost` (without a name lookup), and to the test host that a program names with
//! [`Builder::dangerously_allow_http`]. It rejects any other URL before it opens a socket.
//!
//! Certificate verification cannot be disabled. To trust your own certificate, use
//! [`Builder::add_root_certificates_pem`]. The operating system resolves host names, unless you set
//! [`Builder::resolver`].
//!
//! # Connections
//!
//! Requests share connections. At most 256 per origin are in use or idle, and further requests wait in order
//! ([`Builder::max_connections`]). A connection that is idle for 2 seconds is closed ([`Builder::idle_timeout`]).
//!
//! If a request fails while it waits for a connection, nothing was sent. The same is true if an idle connection returns
//! the request unwritten because the server has closed it. Both errors are marked `not_sent`.
//!
//! Several tokio runtimes can share a transport. Each uses only the connections that it opened itself.
//!
//! # Proxies
//!
//! The transport connects to `https` hosts through a proxy if an environment variable names one. It uses the first of
//! `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY`, and `all_proxy` that is set and not empty, and reads them when it is
//! built. Override them with [`Builder::proxy`] or [`Builder::no_proxy`].
//!
//! * The scheme of a proxy is `http` (the default), `https`, `socks5`, or `socks5h`. Both SOCKS schemes resolve host
//!   names at the proxy. Only the proxy gets the credentials in its URL, with Basic authentication or RFC 1929.
//! * `NO_PROXY` or `no_proxy` is a comma-separated list of hosts to connect to directly. Each entry is a host name
//!   (which includes its subdomains), an address, a network (`10.0.0.0/8`), or `*`. Ports and other wildcards are not
//!   supported.
//! * Connections to this machine (`localhost`, `127.0.0.0/8`, `[::1]`) are direct, except for `https` with
//!   [`Builder::proxy`]. So are connections to the host of [`Builder::dangerously_allow_http`] over `http`, because a
//!   proxy would see the keys. `HTTP_PROXY` is ignored.
//! * If the variable is not a valid proxy URL, each request to an `https` host other than this machine fails with an
//!   `Other` error marked `not_sent`, even if `NO_PROXY` lists the host. The transport does not fall back to a direct
//!   connection, because the proxy may exist to prevent one.
//! * PAC files, the proxy settings of the operating system, and Digest, Negotiate, and NTLM authentication are not
//!   supported. For these kinds of authentication, run a local proxy such as [Px](https://github.com/genotrance/px) or
//!   [cntlm](https://cntlm.sourceforge.net/), and set `HTTPS_PROXY` to its URL.
//!
//! If the connection through a proxy fails or takes too long, a cause of the error names the proxy's host and port.
//!
//! # Root certificates
//!
//! With the feature `platform-roots`, the transport trusts the operating system's root certificates. On Linux and other
//! Unix systems, except macOS, two environment variables replace them: `SSL_CERT_FILE` names a PEM file, and
//! `SSL_CERT_DIR` names folders of PEM files, separated by colons. If either is set, the transport trusts only these
//! certificates. If a variable names no usable certificate and the TLS handshake fails for that reason, a cause of the
//! error names the variable and the path.
//!
//! The first `https` connection of a transport loads the certificates while it waits for the network. This takes about
//! 4 ms of CPU time for the roots of a Debian system, and 0.7 ms for `webpki-roots`. With `aws-lc-rs` instead of
//! `ring`, the first connection of a process takes about 40 ms more CPU time.
//!
//! On Windows and macOS, the operating system may ask a certificate's issuer whether it was revoked. This blocks the
//! thread of the runtime, and no deadline ends it.
//!
//! # Errors
//!
//! | cause | [`ErrorKind`] | sent? |
//! | --- | --- | --- |
//! | unknown name, no route, refused, [connect timeout](Builder::connect_timeout), truncated handshake | `Connect` | no |
//! | certificate, host name, or TLS version not accepted; no TLS provider in this build | `Tls` | no |
//! | the proxy is unreachable, closes the connection, or its response is malformed or not 2xx | `Proxy` | no |
//! | the proxy responds with 407, or rejects the credentials | `ProxyAuth` | no |
//! | the proxy offers only authentication other than Basic (with 407) or a password (SOCKS) | `ProxyAuthUnsupported` | no |
//! | an idle connection closed before the request was written to it | `Io` with `not_sent` | no |
//! | the connection broke, or closed before the response was complete | `Io` | maybe |
//! | TLS 1.3: the server rejects the [client certificate](Builder::client_certificate_pem) | `Io` | maybe |
//! | the request waits for others until [little of its timeout is left](Builder::max_connections) | `Timeout` with `not_sent` | no |
//! | [`Limits::timeout`] while the connection is made | `Timeout` with `not_sent` | no |
//! | [`Limits::timeout`] later, including during an endless stream of 1xx responses | `Timeout` | maybe |
//! | body over [`Limits::response_bytes`]; head over about 64 KiB or 100 headers | `TooLarge` | yes |
//! | the response is not HTTP | `Protocol` | maybe |
//! | rejected URL, method, version, or environment variable; no tokio runtime, or one without I/O, time, or free threads | `Other` with `not_sent` | no |
//!
//! # Wiped memory
//!
//! The transport collects the body of a response in one buffer, which is wiped when the last clone of the response's
//! `Bytes` is dropped. If the buffer must grow, the transport wipes the old memory. It does not wipe the body of the
//! request, which the caller owns.
//!
//! Other memory is freed without being wiped: the internal buffers of hyper and rustls, header values, proxy
//! credentials, and the key of a client certificate. An allocator that zeroes freed memory, such as `zeroizing-alloc`,
//! covers these.
//!
//! # Crate features
//!
//! * `ring` (default): TLS with ring.
//! * `aws-lc-rs`: TLS with aws-lc-rs and post-quantum key exchange. If `ring` is also enabled, select it with a method
//!   of [`Builder`].
//! * `platform-roots` (default): trusts the operating system's root certificates.
//! * `webpki-roots`: trusts Mozilla's root certificates, which are compiled in. Use it in containers without a
//!   certificate store.
//!
//! Every combination compiles. Without a TLS provider or root certificates, `https` requests fail with a `Tls` error
//! that names the feature to enable.
//!
//! [`ErrorKind`]: openrouter_oauth_transport::ErrorKind
//! [`Limits::timeout`]: openrouter_oauth_transport::Limits::timeout
//! [`Limits::response_bytes`]: openrouter_oauth_transport::Limits::response_bytes

// Links from other crates lead here if this crate was not documented together with them.
#![doc(html_root_url = "https://docs.rs/openrouter-oauth-transport-hyper/latest")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod transport;

mod builder;

mod client_certificate;

mod build_error;

mod pool;

mod origin;

mod connector;

mod connect_error;

mod runtime;

mod resolver;

mod proxy_stream;

mod tls;

mod root_variables;

mod body;

mod error;

mod timer;

pub use crate::{build_error::BuildError, builder::Builder, timer::TokioTimer, transport::HyperTransport};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
