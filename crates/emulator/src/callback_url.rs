//! The callback URLs that the service accepts.

use crate::Settings;

/// A callback URL that the service may redirect a browser to.
///
/// It is `https` to any host, or `http` to `localhost` or `127.0.0.1` on any port. [`Settings`] can allow more.
#[derive(Clone, Debug)]
pub(crate) struct CallbackUrl {
    url: String,
    /// The host and the port, or a custom scheme.
    app_name: String,
}

impl CallbackUrl {
    /// Parses a callback URL.
    ///
    /// # Errors
    ///
    /// If the service does not accept `url`. The error is the response's message.
    pub(crate) fn parse(url: &str, settings: &Settings) -> Result<Self, &'static str> {
        if url.len() > 2048 || !url.bytes().all(is_url_byte) {
            return Err(
                "Invalid callback_url: it is too long, or has characters that are not allowed in a URL",
            );
        }
        if url.contains('#') {
            return Err("Invalid callback_url: it has a fragment");
        }
        let (scheme, rest) = url.split_once(':').ok_or("Invalid callback_url: it has no scheme")?;
        let app_name = match scheme.to_ascii_lowercase().as_str() {
            "https" => authority(rest)?.to_owned(),
            "http" => loopback(authority(rest)?, settings)?.to_owned(),
            other if settings.custom_schemes && is_custom_scheme(other) => other.to_owned(),
            _ => return Err(INVALID_SCHEME),
        };
        let url = url.to_owned();
        Ok(Self { url, app_name })
    }

    /// Returns the application's name, as the user sees it.
    pub(crate) fn app_name(&self) -> &str {
        &self.app_name
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.url
    }

    /// Returns the URL with these parameters appended to its query.
    pub(crate) fn with_parameters(&self, parameters: &[(&str, &str)]) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let separator = match self.url.split_once('?') {
            None => "?",
            Some((_, own)) if own.is_empty() || own.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{}{separator}{query}", self.url)
    }
}

const INVALID_SCHEME: &str =
    "Invalid callback_url: only https, and http on localhost or 127.0.0.1, are allowed";

/// Returns whether a byte is visible ASCII, and not a character that ends attributes or headers or confuses parsers.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// Returns the host and the port from the text after the scheme's colon.
fn authority(rest: &str) -> Result<&str, &'static str> {
    let rest = rest.strip_prefix("//").ok_or("Invalid callback_url: it has no host")?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("Invalid callback_url: it has a user name or a password");
    }
    let (host, port) = split_port(authority);
    if !is_host(host) || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("Invalid callback_url: its host or port is invalid");
    }
    Ok(authority)
}

fn loopback<'a>(authority: &'a str, settings: &Settings) -> Result<&'a str, &'static str> {
    let (host, _) = split_port(authority);
    let known = host.eq_ignore_ascii_case("localhost")
        || host == "127.0.0.1"
        || (settings.ipv6_loopback && host == "[::1]");
    known.then_some(authority).ok_or(INVALID_SCHEME)
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        // The colons of an IPv6 address are inside its brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// Returns whether a scheme can belong to an application. Browsers handle the others themselves.
fn is_custom_scheme(scheme: &str) -> bool {
    const BROWSER_SCHEMES: [&str; 10] =
        ["about", "blob", "data", "file", "filesystem", "ftp", "javascript", "vbscript", "view-source", "ws"];
    scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        && !BROWSER_SCHEMES.contains(&scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, settings: &Settings, good: bool) {
        assert_eq!(CallbackUrl::parse(url, settings).is_ok(), good, "{url}");
    }

    #[test]
    fn https_and_loopback_http_are_accepted() {
        // C-8
        for url in [
            "https://my.app/callback?x=1",
            "HTTPS://my.app",
            "https://[2001:db8::1]:8443/cb",
            "http://localhost",
            "http://LOCALHOST:3000/cb",
            "http://127.0.0.1:65535/a/b?c",
        ] {
            check(url, &Settings::default(), true);
        }
    }

    #[test]
    fn other_urls_are_rejected() {
        // C-8
        for url in [
            "",
            "my.app/cb",
            "//my.app/cb",
            "https:",
            "https://",
            "https:///cb",
            "https:my.app",
            "https://user@my.app/",
            "https://my.app:0x50/",
            "https://my.app:99999/",
            "https://my.app/#part",
            "https://my.app/a b",
            "https://my.app/\r\nx: y",
            "https://my.app\\@evil/",
            "https://bücher.example/",
            "http://evil/",
            "http://127.0.0.1@evil/",
            "http://127.0.0.1:80@evil/",
            "http://localhost.evil/",
            "http://localhost./",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://127.0.0.2/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "javascript:alert(1)",
            "JavaScript://localhost/%0aalert(1)",
            "data:text/html,x",
            "vscode://app/cb",
            "ftp://localhost/",
        ] {
            check(url, &Settings::default(), false);
        }
        check(&format!("https://my.app/{}", "a".repeat(2048)), &Settings::default(), false);
    }

    #[test]
    fn settings_allow_custom_schemes_and_ipv6() {
        let open = Settings::default().custom_schemes(true).ipv6_loopback(true);
        check("vscode://app/cb", &open, true);
        check("com.example.app:/cb", &open, true);
        check("http://[::1]:3000/cb", &open, true);
        check("javascript:alert(1)", &open, false);
        check("data:text/html,x", &open, false);
        check("1://x", &open, false);
    }

    #[test]
    fn parameters_are_appended_to_the_query() {
        let with = |url| {
            let callback = CallbackUrl::parse(url, &Settings::default()).unwrap();
            callback.with_parameters(&[("code", "a b"), ("state", "&")])
        };
        assert_eq!(with("https://a/b"), "https://a/b?code=a+b&state=%26");
        assert_eq!(with("https://a/b?"), "https://a/b?code=a+b&state=%26");
        assert_eq!(with("https://a/b?c=d"), "https://a/b?c=d&code=a+b&state=%26");
    }

    #[test]
    fn app_name_is_host_and_port() {
        let callback = CallbackUrl::parse("http://localhost:3000/cb", &Settings::default()).unwrap();
        assert_eq!(callback.app_name(), "localhost:3000");
    }
}
