//! A blocking `openrouter-oauth` transport built on ureq and rustls. It needs no async runtime.
//!
//! [`UreqTransport`] speaks HTTP/1.1 over TCP or TLS, directly or through a proxy. It follows the
//! [contract](openrouter_oauth_transport::Transport#contract) of transports: it sends a request at most once and
//! unchanged, and returns either the complete response or an error. Its futures do all their work when they are first
//! polled, and block the thread meanwhile.
//!
//! ```
//! use http::Request;
//! use openrouter_oauth_transport::{Limits, Transport, block_on};
//! use openrouter_oauth_transport_ureq::UreqTransport;
//!
//! # use std::{io::{Read, Write}, net::TcpListener};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let listener = TcpListener::bind("127.0.0.1:0")?;
//! # let server = format!("http://{}", listener.local_addr()?);
//! # std::thread::spawn(move || -> std::io::Result<()> {
//! #     let (mut peer, _) = listener.accept()?;
//! #     peer.read(&mut [0; 1024])?;
//! #     peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
//! # });
//! let transport = UreqTransport::new();
//!
//! let request = Request::get(format!("{server}/api/v1/key")).body("".into())?;
//! let response = block_on(transport.send(request, Limits::default()))?;
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
//! [`Builder::add_root_certificates_pem`].
//!
//! # Connections
//!
//! Each request has a connection of its own, which is closed after the response. A sign-in is one request, so it would
//! gain nothing from a connection that was kept. A kept connection may close just as the next request is written, and
//! then the transport could not prove whether that request arrived. Requests therefore share nothing but the TLS
//! settings and rustls's session tickets.
//!
//! The name lookup, TCP, the proxy, and the TLS handshake together take at most 10 seconds. [`Limits::timeout`] can
//! shorten this time, but nothing extends it. ureq tries the addresses of a host one after another, and IPv4 and IPv6
//! alternate. Each address has a share of this time, the first more than half and the second half of that, so a network
//! on which only one of the two works leaves time for the other.
//!
//! The operating system resolves host names in a short-lived thread, because a lookup cannot be interrupted. If the
//! lookup outlasts the request, so does the thread. Nothing can interrupt the verification of a certificate either: on
//! Windows and macOS, the operating system may ask the certificate's issuer whether it was revoked, and a request then
//! outlasts its deadline until the issuer responds or the operating system stops waiting.
//!
//! # Proxies
//!
//! The transport connects to `https` hosts through the proxy of the environment, which it reads when it is built:
//! [`Proxies::from_environment`] describes the variables. Override them with [`Builder::proxy`] or
//! [`Builder::no_proxy`].
//!
//! * The scheme of a proxy is `http` (the default), `https`, `socks5`, or `socks5h`. Both SOCKS schemes resolve host
//!   names at the proxy. Only the proxy gets the credentials in its URL, with Basic authentication or RFC 1929.
//! * Connections over `http` are always direct.
//! * If the variable is not a valid proxy URL, each request to an `https` host other than this machine fails with an
//!   `Other` error marked `not_sent`, even if `NO_PROXY` lists the host. The transport does not fall back to a direct
//!   connection or to another variable.
//!
//! The transport on hyper follows the same rules with the same code ([`parts`](openrouter_oauth_transport::parts)).
//!
//! # Errors
//!
//! The transport watches each connection at the place where ureq writes the request to it. Every error before the first
//! byte is marked `not_sent`.
//!
//! | cause | [`ErrorKind`] | sent? |
//! | --- | --- | --- |
//! | unknown name, no route, refused, not connected within [10 seconds](#connections), truncated handshake | `Connect` | no |
//! | certificate, host name, or TLS version not accepted; no root certificates in this build | `Tls` | no |
//! | the proxy is unreachable, closes the connection, or its response is malformed or not 2xx | `Proxy` | no |
//! | the proxy responds with 407, or rejects the credentials | `ProxyAuth` | no |
//! | the proxy offers only authentication other than Basic (with 407) or a password (SOCKS) | `ProxyAuthUnsupported` | no |
//! | [`Limits::timeout`] before the first byte of the request is written | `Timeout` with `not_sent` | no |
//! | [`Limits::timeout`] later | `Timeout` | maybe |
//! | the connection broke or timed out in the operating system, or closed before the response was complete, as after an early 413 | `Io` | maybe |
//! | body over [`Limits::response_bytes`]; head over 64 KiB or 128 headers | `TooLarge` | yes |
//! | the response is not HTTP | `Protocol` | maybe |
//! | rejected URL, method, version, environment variable, or logger | `Other` with `not_sent` | no |
//! | ureq panicked before the first byte (unless the program aborts on panics) | `Other` with `not_sent` | no |
//! | ureq panicked later | `Other` | maybe |
//!
//! # Logs
//!
//! ureq logs with the crate `log`. At the level `debug`, it logs the method, the origin, and a few headers: `accept`,
//! `accept-charset`, `accept-encoding`, `connection`, `content-encoding`, `content-length`, `content-type`, `date`,
//! `host`, `server`, `transfer-encoding`, and `user-agent`. This is an exception to rule 7 of the contract: the server
//! chooses the values of its headers, so a hostile server could repeat a code there. At the level `trace`, ureq's
//! targets `ureq` and `ureq_proto` also log queries, `location` headers, and every byte of requests and responses,
//! including codes and keys. If the logger of the program is enabled for that, each request fails with an `Other` error
//! marked `not_sent`. Limit the targets: for example, `RUST_LOG=trace,ureq=debug`.
//!
//! The transport asks the logger before it connects and again before it writes. It does not notice a logger that
//! records what its `enabled` rejects.
//!
//! # Wiped memory
//!
//! The transport collects the body of a response in one buffer, which is wiped when the last clone of the response's
//! `Bytes` is dropped. It also wipes ureq's buffers for the plain text of a connection, when the connection is closed.
//! It does not wipe the body of the request, which the caller owns.
//!
//! Other memory is freed without being wiped: the internal buffers of rustls, ureq's copies of header values, and proxy
//! credentials.
//!
//! # If your program also uses ureq
//!
//! Cargo builds ureq once, with the features of all its users. With ureq's feature `gzip` or `brotli`, this transport
//! decompresses the response of a server that ignores `accept-encoding: identity`, against rule 3 of the contract,
//! because ureq has no setting for that. The limit then applies to the decompressed body. With the feature `charset`,
//! it converts a `text/*` body in another character set to UTF-8, against the same rule. Cookies are never kept, with
//! any features.
//!
//! The transport uses ureq's `unversioned` API, which may change in any minor release. It therefore accepts only ureq
//! 3.5. A dependency on another 3.x, such as `ureq = "3.6"`, then conflicts: Cargo finds no version for both until this
//! crate has a release for that one. Use another transport meanwhile.
//!
//! # Crate features
//!
//! * `platform-roots` (default): trusts the operating system's root certificates, like the default transport on hyper,
//!   so that a program behaves the same in a company's network with either. `SSL_CERT_FILE` and `SSL_CERT_DIR` replace
//!   the roots, except on Windows and macOS.
//! * `webpki-roots`: trusts Mozilla's root certificates, which are compiled in. Use it in containers without a
//!   certificate store. With both features, the operating system's roots are the default, and `Builder::webpki_roots`
//!   chooses these, also for `openrouter_oauth::blocking::Client`, whose feature `blocking` enables the default features.
//!
//! Without either, and without certificates of your own, `https` requests fail with a `Tls` error that names the
//! feature to enable. TLS is rustls with ring.
//!
//! [`Proxies::from_environment`]: openrouter_oauth_transport::parts::Proxies::from_environment
//! [`ErrorKind`]: openrouter_oauth_transport::ErrorKind
//! [`Limits::timeout`]: openrouter_oauth_transport::Limits::timeout
//! [`Limits::response_bytes`]: openrouter_oauth_transport::Limits::response_bytes

// Links from other crates lead here if this crate was not documented together with them.
#![doc(html_root_url = "https://docs.rs/openrouter-oauth-transport-ureq/latest")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod transport;

mod builder;

mod exchange;

mod connector;

mod watched;

mod interim;

mod chunks;

mod progress;

mod deadline;

mod logs;

mod resolver;

mod error;

pub use crate::{
    builder::{BuildError, Builder},
    transport::UreqTransport,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
