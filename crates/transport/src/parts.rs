//! Parts for authors of transports: the rules that do not depend on an HTTP library.
//!
//! The transports on hyper and ureq are built from them, so both reject plain `http` to the same hosts, choose the same
//! proxy, and report its failure with the same error. The transport on reqwest uses the choice of the proxy and the
//! buffer. A transport of your own can use those that its library lacks. This module may change in any minor release,
//! unlike the trait.
//!
//! * [`Security`]: which URLs to accept.
//! * [`Proxies`]: which proxy to use, according to the environment or the program.
//! * [`Proxy::open`]: the handshake with a proxy, over any connection that implements [`ByteStream`].
//! * [`BodyBuffer`]: collects the body of a response up to a limit, in memory that is wiped.

mod body_buffer;

mod security;

mod no_proxy;
mod proxies;

mod proxy;

mod connect;
mod socks;

mod credentials;

mod byte_stream;

mod proxy_error;

pub use self::{
    body_buffer::BodyBuffer,
    byte_stream::ByteStream,
    proxies::Proxies,
    proxy::{InvalidProxyUrl, Proxy},
    proxy_error::ProxyError,
    security::{Security, UnsupportedUrl},
};
