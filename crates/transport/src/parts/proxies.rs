//! Selection of the proxy for a host.

use std::{env, ffi::OsString};

use super::{no_proxy::NoProxy, proxy::Proxy, proxy_error::ProxyError};
use crate::is_loopback;

/// The proxy settings of a transport, for `https` hosts.
///
/// Requests over plain `http` must not use a proxy, which would see the keys.
///
/// ```
/// use openrouter_oauth_transport::parts::{Proxies, Proxy};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let proxies = Proxies::all(Proxy::parse("http://us3r:s3cret@proxy.example:3128")?);
/// assert_eq!(proxies.find("openrouter.ai")?.map(Proxy::name), Some("proxy.example:3128"));
/// assert!(Proxies::none().find("openrouter.ai")?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Proxies(Rule);

#[derive(Clone, Debug)]
enum Rule {
    /// No proxy.
    None,
    /// The program's proxy, for every host.
    All(Proxy),
    /// The environment's proxy, for every host except this machine and those in the list.
    Environment(Proxy, NoProxy),
    /// An environment variable with an invalid proxy URL. Requests fail, because the proxy may exist to prevent direct
    /// connections.
    Unusable(&'static str),
}

impl Proxies {
    /// Uses no proxy.
    pub fn none() -> Self {
        Self(Rule::None)
    }

    /// Uses this proxy for every host.
    pub fn all(proxy: Proxy) -> Self {
        Self(Rule::All(proxy))
    }

    /// Uses the proxy of the environment, as it is now.
    ///
    /// The proxy is the first of `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY`, and `all_proxy` that is set and not empty.
    /// `HTTP_PROXY` is ignored: a CGI server sets it from a header of a request. `NO_PROXY` or `no_proxy` is a
    /// comma-separated list of hosts without a proxy: a domain with its subdomains, an address, a network
    /// (`10.0.0.0/8`), or `*` for all. Ports and other wildcards, such as `*.example.com`, match nothing. This machine
    /// needs no entry.
    pub fn from_environment() -> Self {
        Self::from_variables(env::var_os)
    }

    /// Returns the name and the value of the variable whose proxy [`from_environment`](Self::from_environment) uses.
    /// The value may contain a password, and does not have to be a valid URL.
    pub fn variable() -> Option<(&'static str, OsString)> {
        first(URL_VARIABLES, env::var_os)
    }

    fn from_variables(read: impl Fn(&'static str) -> Option<OsString>) -> Self {
        let Some((name, url)) = first(URL_VARIABLES, &read) else { return Self::none() };
        let list = first(&["NO_PROXY", "no_proxy"], read).map(|(_, list)| list).unwrap_or_default();
        Self(match url.to_str().map(Proxy::parse) {
            Some(Ok(proxy)) => Rule::Environment(proxy, NoProxy::parse(&list.to_string_lossy())),
            _ => Rule::Unusable(name),
        })
    }

    /// Returns the proxy for the host of an `https` URL, or `None` for a direct connection.
    ///
    /// # Errors
    ///
    /// [`ProxyError::UnusableVariable`], if the environment's proxy URL is invalid. Do not connect directly then: the
    /// proxy may exist to prevent that.
    pub fn find(&self, host: &str) -> Result<Option<&Proxy>, ProxyError> {
        match &self.0 {
            Rule::All(proxy) => Ok(Some(proxy)),
            Rule::Environment(proxy, list) if !is_loopback(host) && !list.contains(host) => Ok(Some(proxy)),
            Rule::Unusable(name) if !is_loopback(host) => Err(ProxyError::UnusableVariable(name)),
            Rule::None | Rule::Environment(..) | Rule::Unusable(_) => Ok(None),
        }
    }
}

const URL_VARIABLES: &[&str] = &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Returns the first of these variables that is set. An empty variable counts as unset.
fn first(
    names: &[&'static str],
    read: impl Fn(&'static str) -> Option<OsString>,
) -> Option<(&'static str, OsString)> {
    let mut values = names.iter().filter_map(|name| Some((*name, read(name)?)));
    values.find(|(_, value)| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the name of the proxy for a host, or the message of the error.
    fn find(variables: &[(&str, &str)], host: &str) -> Result<Option<String>, String> {
        let read = |name| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| value.into());
        let proxies = Proxies::from_variables(read);
        let found = proxies.find(host).map(|proxy| proxy.map(|proxy| proxy.name().to_owned()));
        found.map_err(|error| error.to_string())
    }

    #[test]
    fn first_variable_that_is_not_empty_wins() {
        // F5
        for (variables, expected) in [
            (&[][..], None),
            (&[("HTTPS_PROXY", "a:1")], Some("a:1")),
            (&[("https_proxy", "a:1")], Some("a:1")),
            (&[("ALL_PROXY", "a:1")], Some("a:1")),
            (&[("all_proxy", "a:1")], Some("a:1")),
            (&[("HTTP_PROXY", "a:1"), ("http_proxy", "a:1")], None),
            (&[("HTTPS_PROXY", "a:1"), ("ALL_PROXY", "b:2")], Some("a:1")),
            (&[("HTTPS_PROXY", ""), ("https_proxy", "b:2")], Some("b:2")),
            (&[("HTTPS_PROXY", "a:1"), ("NO_PROXY", "example.com")], Some("a:1")),
            (&[("HTTPS_PROXY", "a:1"), ("NO_PROXY", "x, openrouter.ai")], None),
            (&[("HTTPS_PROXY", "a:1"), ("NO_PROXY", ""), ("no_proxy", "*")], None),
        ] {
            let found = find(variables, "openrouter.ai").unwrap();
            assert_eq!(found.as_deref(), expected, "{variables:?}");
        }
    }

    #[test]
    fn invalid_variable_is_not_skipped() {
        // F5, C-17
        for url in ["ftp://us3r:s3cret@a", "http://us3r:s3cret@"] {
            let variables = [("HTTPS_PROXY", url), ("ALL_PROXY", "b:2"), ("NO_PROXY", "*")];
            let error = find(&variables, "openrouter.ai").unwrap_err();
            assert_eq!(error, "HTTPS_PROXY is not a valid `http`, `https`, or `socks5` proxy URL");
            assert_eq!(find(&variables, "localhost"), Ok(None));
        }
    }

    #[test]
    fn this_machine_needs_no_entry_in_no_proxy() {
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(find(&[("HTTPS_PROXY", "a:1")], host), Ok(None), "{host}");
            let all = Proxies::all(Proxy::parse("a:1").unwrap());
            assert!(all.find(host).unwrap().is_some(), "{host}");
        }
    }
}
