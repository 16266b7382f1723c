//! Resolution of host names.

use std::{
    fmt,
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use hyper_util::client::legacy::connect::{
    HttpConnector,
    dns::{GaiResolver, Name},
};
use openrouter_oauth_transport::BoxError;
use tower_service::Service;

/// A connector for TCP.
pub(crate) type Tcp = HttpConnector<Resolver>;

/// A resolver of host names.
#[derive(Clone)]
pub(crate) enum Resolver {
    /// The operating system's resolver, on a blocking thread of the runtime.
    System(GaiResolver),
    /// The caller's function.
    Own(Arc<Lookup>),
}

type Lookup = dyn Fn(String) -> Addresses<Vec<IpAddr>> + Send + Sync;

type Addresses<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

impl Resolver {
    pub(crate) fn system() -> Self {
        Self::System(GaiResolver::new())
    }

    pub(crate) fn own<F, Fut>(lookup: F) -> Self
    where
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<IpAddr>, BoxError>> + Send + 'static,
    {
        Self::Own(Arc::new(move |name| Box::pin(lookup(name))))
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Addresses<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        match self {
            Self::System(system) => {
                let found = system.call(name);
                Box::pin(async move { Ok(found.await?.collect::<Vec<_>>().into_iter()) })
            }
            Self::Own(lookup) => {
                let found = lookup(name.as_str().to_owned());
                Box::pin(async move {
                    // The connector fills in the port.
                    let found = found.await?.into_iter().map(|address| SocketAddr::new(address, 0));
                    Ok(found.collect::<Vec<_>>().into_iter())
                })
            }
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System(_) => "System",
            Self::Own(_) => "Own",
        })
    }
}
