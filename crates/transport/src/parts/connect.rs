//! Tunnels with `CONNECT` (RFC 9110, section 9.3.6).

use std::io;

use super::{byte_stream::ByteStream, credentials::Credentials, proxy_error::ProxyError};

/// The maximum size of the head of a proxy's response.
const HEAD_LIMIT: usize = 16 * 1024;

/// How much of a head to read at once.
const PART_BYTES: usize = 1024;

/// Opens a tunnel through an HTTP proxy.
pub(super) async fn open(
    stream: &mut impl ByteStream,
    host: &str,
    port: u16,
    credentials: Option<&Credentials>,
) -> Result<(), ProxyError> {
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some(credentials) = credentials {
        request.extend(["Proxy-Authorization: Basic ", &credentials.basic(), "\r\n"]);
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    read_response(stream).await
}

async fn read_response(stream: &mut impl ByteStream) -> Result<(), ProxyError> {
    let mut head = Vec::new();
    let mut part = vec![0; PART_BYTES];
    while !is_open(&head)? {
        let count = stream.read(&mut part).await?;
        if count == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        head.extend_from_slice(part.get(..count).unwrap_or_default());
    }
    Ok(())
}

/// Returns whether a response opened the tunnel, or `false` if its head is still incomplete.
fn is_open(received: &[u8]) -> Result<bool, ProxyError> {
    let Some(end) = end(received) else {
        return if received.len() < HEAD_LIMIT { Ok(false) } else { Err(ProxyError::TooLarge) };
    };
    match status(received) {
        // A TLS server waits for the client, so these bytes can only be the proxy's.
        Some(200..=299) if end < received.len() => Err(ProxyError::Malformed),
        Some(200..=299) => Ok(true),
        Some(407) => Err(unauthenticated(received)),
        Some(status) => Err(ProxyError::Status(status)),
        None => Err(ProxyError::Malformed),
    }
}

/// Returns the length of the head, if it is complete. Lines may end without CR (RFC 9112, section 2.2).
fn end(head: &[u8]) -> Option<usize> {
    let ends = |end: &'static [u8]| head.windows(end.len()).position(|at| at == end).map(|at| at + end.len());
    [ends(b"\n\r\n"), ends(b"\n\n")].into_iter().flatten().min()
}

fn status(head: &[u8]) -> Option<u16> {
    match head.strip_prefix(b"HTTP/1.")? {
        [b'0' | b'1', b' ', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b' ' | b'\r' | b'\n', ..] => {
            let digit = |digit: &u8| u16::from(digit - b'0');
            Some(digit(a) * 100 + digit(b) * 10 + digit(c))
        }
        _ => None,
    }
}

/// Authentication schemes that this transport does not support. Error messages name only these, because the proxy's
/// own text may contain anything.
const UNSUPPORTED_SCHEMES: [&str; 4] = ["Negotiate", "NTLM", "Kerberos", "Digest"];

/// Returns the error for a proxy that requires authentication, according to the schemes that it offers (RFC 9110,
/// section 11.7.1).
fn unauthenticated(head: &[u8]) -> ProxyError {
    let head = String::from_utf8_lossy(head);
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let offers = fields.filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authenticate"));
    let offered: Vec<_> = offers.flat_map(|(_, offer)| schemes(offer)).collect();
    let is_offered = |scheme: &str| offered.iter().any(|offered| offered.eq_ignore_ascii_case(scheme));
    if offered.is_empty() || is_offered("Basic") {
        return ProxyError::Credentials;
    }
    ProxyError::Schemes(UNSUPPORTED_SCHEMES.into_iter().filter(|scheme| is_offered(scheme)).collect())
}

/// Returns the names of the schemes in a list of challenges. Their parameters contain a `=`.
fn schemes(offer: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let challenges = offer.split(move |character| {
        is_quoted ^= character == '"';
        character == ',' && !is_quoted
    });
    let words = challenges.filter_map(|challenge| challenge.split_ascii_whitespace().next());
    words.filter(|word| !word.contains('='))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::block_on;

    fn read(response: &[u8]) -> Result<(), ProxyError> {
        block_on(read_response(&mut Received(response)))
    }

    /// A proxy that has sent these bytes and closed the connection.
    struct Received<'a>(&'a [u8]);

    impl ByteStream for Received<'_> {
        async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }

        async fn write_all(&mut self, _: &[u8]) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn only_a_2xx_response_opens_a_tunnel() {
        for yes in [
            "HTTP/1.1 200 Connection established\r\n\r\n",
            "HTTP/1.0 200\r\nVia: x\r\n\r\n",
            "HTTP/1.1 204 \n\n",
        ] {
            read(yes.as_bytes()).unwrap();
        }
        for (no, status) in [("407 x", 407), ("502 Bad Gateway", 502), ("100 Continue", 100), ("301", 301)] {
            let error = read(format!("HTTP/1.1 {no}\r\n\r\n<html>").as_bytes()).unwrap_err();
            match error {
                ProxyError::Credentials => assert_eq!(status, 407),
                ProxyError::Status(found) => assert_eq!(found, status),
                other => panic!("{no}: {other:?}"),
            }
        }
    }

    #[test]
    fn basic_is_the_only_supported_scheme() {
        for (offers, expected) in [
            (&["Basic realm=\"x\""][..], None),
            (&["Negotiate", "NTLM", "basic"], None),
            (&["Negotiate, NTLM , Basic realm=\"x, y\""], None),
            (&[], None),
            (&["Negotiate", "ntlm"], Some("Negotiate and NTLM")),
            (&["Negotiate YII=, Digest realm=\"a, Basic b\", nonce=x"], Some("Negotiate and Digest")),
            (&["Bearer \u{1b}[31m"], Some("")),
        ] {
            let fields = offers.iter().map(|offer| format!("Proxy-authenticate: {offer}\r\n"));
            let fields = fields.collect::<Vec<_>>().concat();
            let response = format!("HTTP/1.1 407 x\r\nvia: Basic\r\n{fields}\r\n");
            let found = match read(response.as_bytes()).unwrap_err() {
                ProxyError::Credentials => None,
                ProxyError::Schemes(names) => Some(names.join(" and ")),
                other => panic!("{offers:?}: {other:?}"),
            };
            assert_eq!(found.as_deref(), expected, "{offers:?}");
        }
    }

    #[test]
    fn malformed_proxy_response_is_an_error() {
        for malformed in [
            "\r\n\r\n",
            "SSH-2.0-x\r\n\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 2000\r\n\r\n",
            "HTTP/1.1 +20 \r\n\r\n",
            "HTTP/1.1 20\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nmore",
        ] {
            let error = read(malformed.as_bytes()).unwrap_err();
            assert!(matches!(error, ProxyError::Malformed), "{malformed:?}: {error:?}");
        }
        let whole = b"HTTP/1.1 200 OK\r\nvia: x\r\n\r\n";
        for offset in 0..whole.len() {
            let error = read(&whole[..offset]).unwrap_err();
            assert!(matches!(error, ProxyError::Broken(_)), "{offset}: {error:?}");
        }
    }
}
