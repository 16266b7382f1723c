//! A connection that records what happens to the request, and wipes its buffers.

use std::{fmt, io, sync::Arc};

use ureq::{
    Error,
    unversioned::transport::{Buffers, NextTimeout, Transport},
};
use zeroize::Zeroize;

use crate::{deadline::Deadline, interim, progress::Progress};

/// A connection, above TLS.
pub(crate) struct Watched {
    stream: Box<dyn Transport>,
    /// `None` for a connection to a proxy, which gets no byte of the request.
    progress: Option<Arc<Progress>>,
    deadline: Deadline,
    /// Whether the buffers may contain anything. ureq allocates them when they are first used, even to be wiped.
    is_used: bool,
    /// Whether the head of the final response has begun, after any 1xx responses.
    is_final: bool,
}

impl Watched {
    pub(crate) fn new(
        stream: Box<dyn Transport>,
        progress: Option<Arc<Progress>>,
        deadline: Deadline,
    ) -> Self {
        Self { stream, progress, deadline, is_used: false, is_final: false }
    }
}

impl Transport for Watched {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.is_used = true;
        let buffers = self.stream.buffers();
        if self.progress.is_some() && !self.is_final {
            self.is_final = interim::skip(buffers);
        }
        buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = self.deadline.shorten(timeout)?;
        if let Some(progress) = self.progress.as_ref().filter(|_| amount > 0) {
            progress.mark_written();
        }
        self.stream.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.is_used = true;
        let result = self.stream.await_input(self.deadline.shorten(timeout)?);
        if let Some(progress) = &self.progress {
            match &result {
                Ok(false) => progress.mark_closed(),
                Err(Error::Io(error)) if error.kind() != io::ErrorKind::TimedOut => progress.mark_broken(),
                Ok(true) | Err(_) => {}
            }
        }
        result
    }

    fn is_open(&mut self) -> bool {
        self.stream.is_open()
    }

    fn is_tls(&self) -> bool {
        // A tunnel has no TLS with the host yet, even if there is TLS with the proxy.
        self.progress.is_some() && self.stream.is_tls()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.is_used {
            return;
        }
        let buffers = self.stream.buffers();
        // When everything is consumed, the free part is the whole buffer.
        buffers.input_consume(buffers.input().len());
        buffers.input_append_buf().zeroize();
        buffers.output().zeroize();
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("progress", &self.progress).finish_non_exhaustive()
    }
}
