//! Checks whether a request is the callback.

use std::fmt;

use openrouter_oauth::{CallbackUrl, PendingSignIn};

use super::{request::Request, response::RejectedRequest};

/// Checks requests against the path of the callback and the host names of this machine.
pub(crate) struct CallbackGuard {
    hosts: Vec<String>,
    callback: Option<CallbackUrl>,
}

impl CallbackGuard {
    /// Creates a guard for this port of `127.0.0.1`, without a callback yet.
    pub(crate) fn new(port: u16) -> Self {
        let names = ["127.0.0.1", "localhost"];
        let mut hosts = names.map(|name| format!("{name}:{port}")).to_vec();
        if port == 80 {
            hosts.extend(names.map(str::to_owned));
        }
        Self { hosts, callback: None }
    }

    /// Accepts only the callback path of `pending` from now on.
    pub(crate) fn expect(&mut self, pending: &PendingSignIn) {
        self.callback = Some(pending.callback_url().clone());
    }

    /// Reads a complete head. If the request is the callback, returns its target: path and query.
    ///
    /// The path is checked before anything that could settle a sign-in, and before anything that a response could
    /// reveal to a client that does not know the path.
    ///
    /// # Errors
    ///
    /// Returns the first rule that the request breaks.
    pub(crate) fn check<'head>(&self, head: &'head [u8]) -> Result<&'head str, RejectedRequest> {
        let request = Request::read(head)?;
        let target = self.origin_form(request.target)?;
        if !self.is_ours(target) {
            return Err(RejectedRequest::NotFound);
        }
        if request.method != "GET" {
            return Err(RejectedRequest::Method);
        }
        // Someone may have made another name resolve to this machine (DNS rebinding).
        if !self.is_host(request.host.ok_or(RejectedRequest::Malformed)?) {
            return Err(RejectedRequest::Host);
        }
        if !request.is_navigation {
            return Err(RejectedRequest::NotNavigation);
        }
        Ok(target)
    }

    /// Returns the path and query of a target. Absolute URLs are meant for proxies, but a server must accept them too
    /// (RFC 9112, section 3.2.2).
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

    /// Compares in constant time, unless the lengths differ. The length of the path is not a secret.
    fn is_ours(&self, target: &str) -> bool {
        let path = target.split('?').next().unwrap_or_default();
        self.callback.as_ref().is_some_and(|callback| callback.has_path(path))
    }

    fn is_host(&self, host: &[u8]) -> bool {
        self.hosts.iter().any(|ours| ours.as_bytes() == host)
    }
}

/// Omits the path, which contains the attempt ID.
impl fmt::Debug for CallbackGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackGuard").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
