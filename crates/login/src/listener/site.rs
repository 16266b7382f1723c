//! What is asked for, and whether it is ours.

use httparse::{EMPTY_HEADER, Header};
use openrouter_oauth::{CallbackUrl, PendingSignIn};

use super::{RejectedRequest, request::Request};

/// The one path that a browser may come back to, and the names that this machine has for itself.
#[expect(missing_debug_implementations, reason = "no part of the API, and it holds the nonce")]
pub struct Site {
    hosts: Vec<String>,
    callback: Option<CallbackUrl>,
}

/// How many headers a request may have (L-14).
const MAX_HEADERS: usize = 50;

impl Site {
    /// What listens on this port of `127.0.0.1`, with nothing to come back to.
    pub fn new(port: u16) -> Self {
        let names = ["127.0.0.1", "localhost"];
        let mut hosts = names.map(|name| format!("{name}:{port}")).to_vec();
        if port == 80 {
            hosts.extend(names.map(str::to_owned));
        }
        Self { hosts, callback: None }
    }

    /// From now on the callback of `pending` is the one path.
    pub fn expect(&mut self, pending: &PendingSignIn) {
        self.callback = Some(pending.callback_url().clone());
    }

    /// Reads a whole head, and returns the target of the request, path and query, if a browser came back with it.
    ///
    /// The path comes before everything that could settle a sign-in, and before everything that an answer could tell to
    /// whoever does not know it (L-6).
    ///
    /// # Errors
    ///
    /// The first that is not as it should be.
    pub fn decide<'head>(&self, head: &'head [u8]) -> Result<&'head str, RejectedRequest> {
        let mut headers: [Header<'head>; MAX_HEADERS] = [EMPTY_HEADER; MAX_HEADERS];
        let request = Request::read(head, &mut headers)?;
        let target = self.origin_form(request.target)?;
        if !self.is_ours(target) {
            return Err(RejectedRequest::NotFound);
        }
        if request.method != "GET" {
            return Err(RejectedRequest::Method);
        }
        // Anything else is a name that somebody had point to this machine, as in DNS rebinding (L-8).
        if !self.is_host(request.host()?) {
            return Err(RejectedRequest::Host);
        }
        if !request.is_navigation() {
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

    /// In constant time (L-5); that of another length takes another time, and the length is no secret.
    fn is_ours(&self, target: &str) -> bool {
        let path = target.split('?').next().unwrap_or_default();
        self.callback.as_ref().is_some_and(|callback| callback.has_path(path))
    }

    fn is_host(&self, host: &[u8]) -> bool {
        self.hosts.iter().any(|ours| ours.as_bytes() == host)
    }
}
