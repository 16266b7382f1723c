//! The proxy of the environment.

use openrouter_oauth_transport::{
    Error,
    parts::{Proxies, Proxy, ProxyError},
};
use percent_encoding::percent_decode_str;
use reqwest::{ClientBuilder, Url};

/// Sets the environment's proxy, by the rules of [`Proxies`].
///
/// By reqwest's rules, a client would connect directly if the URL is invalid, if the program runs as a CGI script, or if
/// an empty variable precedes the one with the URL. The proxy may exist to prevent direct connections.
pub(crate) fn set(builder: ClientBuilder) -> Result<ClientBuilder, Error> {
    let Some((name, value)) = Proxies::variable() else { return Ok(builder.no_proxy()) };
    // reqwest needs the URL with its credentials.
    let Some(url) = value.to_str().and_then(parse) else {
        return Err(ProxyError::UnusableVariable(name).into());
    };
    let proxies = Proxies::from_environment();
    let is_direct = move |target: &Url| {
        // A proxy would see the keys of a request over plain `http`.
        target.scheme() == "http" || matches!(proxies.find(target.host_str().unwrap_or_default()), Ok(None))
    };
    Ok(builder.proxy(reqwest::Proxy::custom(move |target| (!is_direct(target)).then(|| url.clone()))))
}

/// Parses the URL of a proxy. Returns `None` for one that [`Proxy`] rejects, or that reqwest cannot use.
fn parse(text: &str) -> Option<Url> {
    Proxy::parse(text).ok()?;
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let mut url = Url::parse(&with_scheme).ok()?;
    for credential in [url.username(), url.password().unwrap_or_default()] {
        // In others, reqwest would replace bytes, and repeated wrong credentials can lock an account.
        percent_decode_str(credential).decode_utf8().ok()?;
    }
    if url.scheme() == "socks5" {
        // For reqwest, only this scheme means that the proxy resolves host names.
        url.set_scheme("socks5h").ok()?;
    }
    // reqwest does not report that it cannot use a URL, so the one that it gets must be valid, too.
    Proxy::parse(url.as_str()).ok()?;
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_url_is_one_that_reqwest_uses() {
        for (text, expected) in [
            ("proxy.example:3128", "http://proxy.example:3128/"),
            ("us3r:s3cret@proxy.example", "http://us3r:s3cret@proxy.example/"),
            ("HTTPS://Proxy.example", "https://proxy.example/"),
            ("http://us3r:p%40s;s@[::1]:3128/", "http://us3r:p%40s%3Bs@[::1]:3128/"),
            ("socks5://us3r:s3cret@proxy.example", "socks5h://us3r:s3cret@proxy.example"),
            ("http://us3r:%c3%a4@proxy.example", "http://us3r:%c3%a4@proxy.example/"),
            ("socks5h://proxy.example:9050", "socks5h://proxy.example:9050"),
        ] {
            assert_eq!(parse(text).as_ref().map(Url::as_str), Some(expected), "{text}");
        }
        for text in [
            "http://us3r:p@ss@proxy.example",
            "http://us3r:%e4@proxy.example",
            "socks5://us%e4r:s3cret@proxy.example",
            "http://999.1.1.1",
            "socks4://proxy.example",
            " ",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
