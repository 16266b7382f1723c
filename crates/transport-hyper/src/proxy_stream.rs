//! A connection to a proxy.

use std::io;

use openrouter_oauth_transport::parts::ByteStream;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A connection to a proxy.
pub(crate) struct ProxyStream<S>(pub(crate) S);

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for ProxyStream<S> {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).await
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }
}
