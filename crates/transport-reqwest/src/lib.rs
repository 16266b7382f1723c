//! An `openrouter-oauth` transport built on reqwest.
//!
//! [`ReqwestTransport`] sends requests with a [`reqwest::Client`]: its own, or that of your program. With its own, it
//! follows the [contract](openrouter_oauth_transport::Transport#contract) of transports: it sends a request at most
//! once and unchanged, and returns either the complete response or an error. [`TokioTimer`] is the matching `Timer`.
//! Both need a tokio runtime with I/O and time enabled, such as the one from `#[tokio::main]`. To sign users in, pass
//! both to the builder of `openrouter_oauth::Client`, as the README shows, and disable that crate's default features.
//!
//! ```
//! use http::Request;
//! use openrouter_oauth_transport::{Limits, Transport};
//! use openrouter_oauth_transport_reqwest::ReqwestTransport;
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
//! # // For a build without the feature `rustls`.
//! # let _is_first = rustls::crypto::ring::default_provider().install_default();
//! let transport = ReqwestTransport::new()?;
//!
//! let request = Request::get(format!("{server}/api/v1/key")).body("".into())?;
//! let response = transport.send(request, Limits::default()).await?;
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.body(), "{}");
//! # Ok(())
//! # }
//! ```
//!
//! # When to use it
//!
//! Use it if your program has reqwest already, or if you need HTTP/2 or one of reqwest's settings. Otherwise, prefer
//! the default transport, `openrouter-oauth-transport-hyper`, because it can prove more often that the server did not
//! get a request. A code works only once, so only such a request can be repeated. The greatest difference: if
//! [`Limits::timeout`] passes while this transport connects, the request may have been sent. Therefore, connecting
//! takes at most 10 seconds. If your requests have a shorter timeout, set a shorter
//! [`connect_timeout`](ReqwestTransport::client_builder).
//!
//! Unlike the default transport, this one connects to any host over plain `http`. `openrouter-oauth` itself sends a
//! request over plain `http` only to this machine, and to the test host that a program names with
//! `dangerously_allow_http`.
//!
//! # Runtimes
//!
//! A connection belongs to the runtime that opened it. Use a transport in one runtime at a time, or call
//! `pool_max_idle_per_host(0)` on the [builder of the client](ReqwestTransport::client_builder): reqwest also gives a
//! request an idle connection of another runtime, and if that runtime is suspended, such as a current-thread runtime
//! outside `block_on`, the request hangs until its timeout and counts as sent. A runtime that has ended does no harm,
//! because its connections ended with it.
//!
//! # Proxies
//!
//! The transport's own client connects to `https` hosts through the proxy of the environment, by the same rules
//! as the other transports: [`Proxies::from_environment`] describes the variables.
//!
//! * The scheme of a proxy is `http` (the default), `https`, `socks5`, or `socks5h`. Both SOCKS schemes resolve host
//!   names at the proxy. Only the proxy gets the credentials in its URL, with Basic authentication or RFC 1929.
//!   Credentials must be UTF-8, because reqwest decodes them as such.
//! * Connections over plain `http` are direct, because a proxy would see the keys. So are those to this machine.
//! * If the variable is not a valid proxy URL, [`ReqwestTransport::new`] fails, regardless of `NO_PROXY`. The
//!   transport does not fall back to a direct connection or to another variable.
//! * The proxy settings of macOS and Windows are ignored, even with reqwest's feature `system-proxy`.
//!
//! A client of your program follows reqwest's rules, and so does one from [`ReqwestTransport::client_builder`], unless
//! you call `proxy` or `no_proxy`: it also uses `HTTP_PROXY` for plain `http`, and with the feature `system-proxy` the
//! settings of the operating system. **It connects directly if it cannot use the proxy URL**, if `REQUEST_METHOD` is
//! set, as for a CGI script, or if `HTTPS_PROXY` is empty and only `https_proxy` has the URL.
//!
//! # HTTP/2
//!
//! The transport speaks HTTP/1.1. With the feature `http2`, it speaks HTTP/2 if the server chooses it in the TLS
//! handshake. Two messages of a server prove that it did not process a request (RFC 9113, section 8.7): a reset of the
//! stream with `REFUSED_STREAM` before a response, and `GOAWAY` with `NO_ERROR` and a lower last stream. Their errors
//! are marked `not_sent`, although the server has seen the request and its code. reqwest itself would send such a
//! request again, but this transport disables that.
//!
//! # Errors
//!
//! | cause | [`ErrorKind`] | may it have been processed? |
//! | --- | --- | --- |
//! | unknown name, no route, refused, connect timeout, truncated handshake | `Connect` | no |
//! | rustls does not accept the certificate, the host name, or the TLS version | `Tls` | no |
//! | the proxy of an `https` request is unreachable, or its response is malformed or not 2xx | `Proxy` | no |
//! | that proxy responds with 407, or is a SOCKS proxy and rejects the credentials | `ProxyAuth` | no |
//! | HTTP/2: `REFUSED_STREAM`, or `GOAWAY` with `NO_ERROR` and a lower last stream | `Io` with `not_sent` | no |
//! | any other reset or `GOAWAY`; the connection broke, or closed before the response was complete | `Io` | maybe |
//! | an idle connection closed before the request was written, and so did the connection that reqwest used next | `Io` | maybe |
//! | [`Limits::timeout`] before the future is first polled | `Timeout` with `not_sent` | no |
//! | [`Limits::timeout`] later, also while the connection is made | `Timeout` | maybe |
//! | body over [`Limits::response_bytes`], or head over reqwest's limit | `TooLarge` | yes |
//! | the response is not HTTP | `Protocol` | maybe |
//! | rejected URL, method, or version; no tokio runtime | `Other` with `not_sent` | no |
//! | a tokio runtime without I/O or time | `Other` | maybe |
//!
//! In the lines with "maybe", the default transport can often prove that nothing was sent. reqwest does not report
//! which requests it wrote. If the runtime has no I/O or time, reqwest panics. The transport catches that, except under
//! `panic = "abort"`.
//!
//! The transport recognizes errors by the types of hyper, h2, and rustls, and those of proxies by their texts. reqwest
//! does not promise either. If they change, a kind becomes less exact (`Connect`, `Io`), and an HTTP/2 request that was
//! not processed counts as sent. The tests cover only the versions in the lockfile of this project.
//!
//! With native-tls, which is not a feature of this crate, a rejected certificate is a `Connect` error. So is an `https`
//! URL in a build without TLS.
//!
//! # Wiped memory
//!
//! The transport collects the body of a response in one buffer, which is wiped when the last clone of the response's
//! `Bytes` is dropped. It does not wipe the body of the request, which the caller owns.
//!
//! reqwest frees other memory without wiping it: copies of the request's headers, the internal buffers of hyper,
//! h2, and rustls, and proxy credentials. An allocator that zeroes freed memory, such as `zeroizing-alloc`, covers
//! these.
//!
//! # Crate features
//!
//! All of them enable features of [`reqwest`], version 0.13, which this crate exports:
//!
//! * `rustls` (default): TLS with rustls, aws-lc-rs, and the operating system's root certificates, as reqwest's own
//!   default. A program that uses reqwest with its default features gets no second TLS library.
//! * `rustls-no-provider`: TLS with rustls and the provider that your program installs as the default of the process,
//!   such as ring. Without one, [`ReqwestTransport::new`] fails, even if another crate enables a provider in reqwest.
//! * `socks` (default): SOCKS proxies. Without it, a SOCKS proxy in the environment makes every `https` request fail
//!   with a `Proxy` error, because reqwest does not ignore it.
//! * `http2`: HTTP/2. Without it, the transport's own client speaks only HTTP/1.1, even if another crate enables that
//!   feature of reqwest.
//!
//! If your program enables TLS or HTTP/2 only in reqwest, also enable the feature here, so that the transport
//! recognizes the errors. Otherwise a rejected certificate is a `Connect` error, which looks as if a retry could help,
//! and a stream that the server refused counts as sent.
//!
//! To use native-tls, disable the default features of this crate and enable that feature of reqwest.
//!
//! [`ErrorKind`]: openrouter_oauth_transport::ErrorKind
//! [`Limits::timeout`]: openrouter_oauth_transport::Limits::timeout
//! [`Limits::response_bytes`]: openrouter_oauth_transport::Limits::response_bytes
//! [`Proxies::from_environment`]: openrouter_oauth_transport::parts::Proxies::from_environment

// Links from other crates lead here if this crate was not documented together with them.
#![doc(html_root_url = "https://docs.rs/openrouter-oauth-transport-reqwest/latest")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod transport;

mod runtime;

mod body;

mod proxy;

mod error;

mod timer;

pub use reqwest;

pub use crate::{timer::TokioTimer, transport::ReqwestTransport};
