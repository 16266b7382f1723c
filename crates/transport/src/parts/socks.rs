//! SOCKS5 (RFC 1928), with or without a user name and password (RFC 1929).

use std::{io, net::IpAddr};

use super::{byte_stream::ByteStream, credentials::Credentials, proxy_error::ProxyError};

/// The default port of SOCKS proxies (RFC 1928, section 3).
pub(super) const PORT: u16 = 1080;

const VERSION: u8 = 5;
const NO_CREDENTIALS: u8 = 0;
const PASSWORD: u8 = 2;
const NEITHER: u8 = 0xFF;

const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Returns whether a user name and password are short enough.
pub(super) fn fits(credentials: &Credentials) -> bool {
    [&credentials.user, &credentials.password].iter().all(|bytes| u8::try_from(bytes.len()).is_ok())
}

/// Opens a connection through a SOCKS5 proxy. The proxy resolves the host name, even with the scheme `socks5`.
pub(super) async fn open(
    stream: &mut impl ByteStream,
    host: &str,
    port: u16,
    credentials: Option<&Credentials>,
) -> Result<(), ProxyError> {
    let methods: &[u8] = match credentials {
        Some(_) => &[VERSION, 2, NO_CREDENTIALS, PASSWORD],
        None => &[VERSION, 1, NO_CREDENTIALS],
    };
    stream.write_all(methods).await?;
    match (read(stream).await?, credentials) {
        ([VERSION, NO_CREDENTIALS], _) => {}
        ([VERSION, PASSWORD], Some(credentials)) => log_in(stream, credentials).await?,
        ([VERSION, NEITHER], None) => return Err(ProxyError::Credentials),
        ([VERSION, NEITHER], Some(_)) => return Err(ProxyError::Schemes(Vec::new())),
        _ => return Err(ProxyError::Malformed),
    }

    stream.write_all(&request(host, port)?).await?;
    let [VERSION, code, _, kind] = read(stream).await? else { return Err(ProxyError::Malformed) };
    if code != 0 {
        return Err(ProxyError::Socks(code));
    }
    // Skip the address that the proxy connects from. The bytes after it are the host's.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => {
            let [length] = read(stream).await?;
            usize::from(length)
        }
        _ => return Err(ProxyError::Malformed),
    };
    read_exact(stream, &mut vec![0; length + 2]).await
}

async fn log_in(stream: &mut impl ByteStream, credentials: &Credentials) -> Result<(), ProxyError> {
    let Credentials { user, password } = credentials;
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).map_err(|_| ProxyError::Credentials);
    let mut request = vec![1, length(user)?];
    request.extend(user);
    request.push(length(password)?);
    request.extend(password);
    stream.write_all(&request).await?;
    match read(stream).await? {
        [1, 0] => Ok(()),
        [1, _] => Err(ProxyError::Credentials),
        _ => Err(ProxyError::Malformed),
    }
}

/// Encodes the request to connect to `host`, which is written as in a URL.
fn request(host: &str, port: u16) -> Result<Vec<u8>, ProxyError> {
    let mut request = vec![VERSION, CONNECT, 0];
    match host.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Err(_) => {
            let length = u8::try_from(host.len()).map_err(|_| ProxyError::Host)?;
            request.extend([NAME, length]);
            request.extend(host.as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

async fn read<const N: usize>(stream: &mut impl ByteStream) -> Result<[u8; N], ProxyError> {
    let mut bytes = [0; N];
    read_exact(stream, &mut bytes).await?;
    Ok(bytes)
}

async fn read_exact(stream: &mut impl ByteStream, mut bytes: &mut [u8]) -> Result<(), ProxyError> {
    while !bytes.is_empty() {
        let count = stream.read(bytes).await?;
        if count == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        bytes = bytes.get_mut(count..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_encoded_as_a_name_or_an_address() {
        assert_eq!(request("a.b", 443).unwrap(), b"\x05\x01\x00\x03\x03a.b\x01\xbb");
        assert_eq!(request("1.2.3.4", 80).unwrap(), b"\x05\x01\x00\x01\x01\x02\x03\x04\x00\x50");
        let v6 = request("[::1]", 1).unwrap();
        assert_eq!((v6.len(), &v6[..4], &v6[19..]), (22, &b"\x05\x01\x00\x04"[..], &b"\x01\x00\x01"[..]));
        assert!(matches!(request(&"x".repeat(256), 1), Err(ProxyError::Host)));
    }
}
