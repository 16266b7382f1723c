//! Checks whether a request is the callback.

use std::fmt;

use openrouter_oauth::{CallbackUrl, PendingSignIn};

use super::{request::Request, response::RejectedRequest};

/// Checks requests against the path of the callback and the names of this machine.
pub(crate) struct CallbackGuard {
    hosts: Vec<String>,
    callback: Option<CallbackUrl>,
}

impl CallbackGuard {
    /// Guards this port of `127.0.0.1`, without a callback yet.
    pub(crate) fn new(port: u16) -> Self {
        let names = ["127.0.0.1", "localhost"];
        let mut hosts = names.map(|name| format!("{name}:{port}")).to_vec();
        if port == 80 {
            hosts.extend(names.map(str::to_owned));
        }
        Self { hosts, callback: None }
    }

    /// From now on the only path is that of the callback of `pending`.
    pub(crate) fn expect(&mut self, pending: &PendingSignIn) {
        self.callback = Some(pending.callback_url().clone());
    }

    /// Reads a complete head, and returns the target of the request, path and query, if it is the callback.
    ///
    /// The path comes before everything that could settle a sign-in, and before everything that a response could tell
    /// a client that does not know it.
    ///
    /// # Errors
    ///
    /// The first that is not as it should be.
    pub(crate) fn check<'head>(&self, head: &'head [u8]) -> Result<&'head str, RejectedRequest> {
        let request = Request::read(head)?;
        let target = self.origin_form(request.target)?;
        if !self.is_ours(target) {
            return Err(RejectedRequest::NotFound);
        }
        if request.method != "GET" {
            return Err(RejectedRequest::Method);
        }
        // Anything else is a name that somebody had point to this machine, as in DNS rebinding.
        if !self.is_host(request.host.ok_or(RejectedRequest::Malformed)?) {
            return Err(RejectedRequest::Host);
        }
        if !request.is_navigation {
            return Err(RejectedRequest::NotNavigation);
        }
        Ok(target)
    }

    /// A target from its path on. A proxy is sent whole URLs (RFC 9112, section 3.2.2); this is none.
    fn origin_form<'head>(&self, target: &'head str) -> Result<&'head str, RejectedRequest> {
        if target.starts_with('/') {
            return Ok(target);
        }
        let rest = target.strip_prefix("http://").ok_or(RejectedRequest::Malformed)?;
        let (authority, _) = rest.split_once('/').ok_or(RejectedRequest::Malformed)?;
        if !self.is_host(authority.as_bytes()) {
            return Err(RejectedRequest::Host);
        }
        rest.get(authority.len()..).ok_or(RejectedRequest::Malformed)
    }

    /// In constant time; that of another length takes another time, and the length is no secret.
    fn is_ours(&self, target: &str) -> bool {
        let path = target.split('?').next().unwrap_or_default();
        self.callback.as_ref().is_some_and(|callback| callback.has_path(path))
    }

    fn is_host(&self, host: &[u8]) -> bool {
        self.hosts.iter().any(|ours| ours.as_bytes() == host)
    }
}

/// Without the path, which holds the attempt ID.
impl fmt::Debug for CallbackGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackGuard").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
