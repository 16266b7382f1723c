//! A connection that records what happens to the request, and wipes its buffers.

use std::{fmt, io, sync::Arc};

use ureq::{
    Error,
    unversioned::transport::{Buffers, NextTimeout, Transport},
};
use zeroize::{Zeroize, Zeroizing};

use crate::{chunks::ExtensionFilter, deadline::Deadline, interim, progress::Progress};

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
    /// Set when a chunked body begins.
    extensions: Option<ExtensionFilter>,
}

impl Watched {
    pub(crate) fn new(
        stream: Box<dyn Transport>,
        progress: Option<Arc<Progress>>,
        deadline: Deadline,
    ) -> Self {
        Self { stream, progress, deadline, is_used: false, is_final: false, extensions: None }
    }

    /// Removes chunk extensions from the input after the first `filtered` bytes.
    fn remove_extensions(&mut self, filtered: usize) {
        let Some(extensions) = &mut self.extensions else { return };
        let buffers = self.stream.buffers();
        let input = buffers.input();
        let (old, new) = input.split_at(filtered.min(input.len()));
        let mut kept = Zeroizing::new(Vec::with_capacity(input.len()));
        kept.extend(old);
        extensions.filter(new, &mut kept);
        if kept.len() < input.len() {
            buffers.input_consume(input.len());
            // The input is empty now, so the free part is the whole buffer.
            buffers.input_append_buf().iter_mut().zip(&*kept).for_each(|(free, byte)| *free = *byte);
            buffers.input_appended(kept.len());
        }
    }
}

impl Transport for Watched {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.is_used = true;
        if self.extensions.is_none() && self.progress.as_ref().is_some_and(|progress| progress.is_chunked()) {
            // ureq has consumed the head.
            self.extensions = Some(ExtensionFilter::default());
            self.remove_extensions(0);
        }
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
        let filtered = self.buffers().input().len();
        let mut result = self.stream.await_input(self.deadline.shorten(timeout)?);
        self.remove_extensions(filtered);
        // ureq would take the empty input for a closed connection.
        while matches!(result, Ok(true)) && self.stream.buffers().input().is_empty() {
            result = self.stream.await_input(self.deadline.shorten(timeout)?);
            self.remove_extensions(0);
        }
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
