//! SOCKS5 (RFC 1928), with or without a user name and password (RFC 1929).

use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::error::ProxyError;

/// The default port of SOCKS proxies (RFC 1928, section 3).
pub(crate) const PORT: u16 = 1080;

const VERSION: u8 = 5;
const NO_CREDENTIALS: u8 = 0;
const PASSWORD: u8 = 2;
const NEITHER: u8 = 0xFF;

const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Returns whether `text` is short enough for a user name or password.
pub(crate) fn fits(text: &str) -> bool {
    u8::try_from(text.len()).is_ok()
}

/// Opens a connection through a SOCKS5 proxy. The proxy resolves the host name, even with the scheme `socks5`.
pub(crate) async fn open(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    host: &str,
    port: u16,
    credentials: Option<(&str, &str)>,
) -> Result<(), ProxyError> {
    let methods: &[u8] = match credentials {
        Some(_) => &[VERSION, 2, NO_CREDENTIALS, PASSWORD],
        None => &[VERSION, 1, NO_CREDENTIALS],
    };
    write(stream, methods).await?;
    match (read(stream).await?, credentials) {
        ([VERSION, NO_CREDENTIALS], _) => {}
        ([VERSION, PASSWORD], Some((user, password))) => log_in(stream, user, password).await?,
        ([VERSION, NEITHER], _) => return Err(ProxyError::Credentials),
        _ => return Err(ProxyError::Malformed),
    }

    write(stream, &request(host, port)?).await?;
    let [VERSION, code, _, kind] = read(stream).await? else { return Err(ProxyError::Malformed) };
    if code != 0 {
        return Err(ProxyError::Socks(code));
    }
    // Skip the address that the proxy connects from. The bytes after it are the host's.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(stream.read_u8().await?),
        _ => return Err(ProxyError::Malformed),
    };
    stream.read_exact(&mut vec![0; length + 2]).await?;
    Ok(())
}

async fn log_in(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    user: &str,
    password: &str,
) -> Result<(), ProxyError> {
    let length = |text: &str| u8::try_from(text.len()).map_err(|_| ProxyError::Credentials);
    let mut request = vec![1, length(user)?];
    request.extend(user.as_bytes());
    request.push(length(password)?);
    request.extend(password.as_bytes());
    write(stream, &request).await?;
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

async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), ProxyError> {
    stream.write_all(bytes).await?;
    Ok(stream.flush().await?)
}

async fn read<const N: usize>(stream: &mut (impl AsyncRead + Unpin)) -> Result<[u8; N], ProxyError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
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
