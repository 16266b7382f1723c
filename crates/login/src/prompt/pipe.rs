//! Reads lines from a standard input that is not a terminal.

use std::{
    fs::File,
    io::{self, ErrorKind, Read as _},
    os::fd::AsFd as _,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::net::unix::pipe::Receiver;
use zeroize::Zeroizing;

use crate::prompt::{MAX_BYTES, Pasted, PromptError};

/// Reads a line byte by byte, so that the rest of the input is left for the next reader.
pub(super) async fn ask() -> Result<Pasted, PromptError> {
    let open = || io::stdin().as_fd().try_clone_to_owned();
    let mut input = File::from(open().map_err(PromptError::Io)?);
    let waiting = match open().and_then(Receiver::from_owned_fd_unchecked) {
        Ok(waiting) => Some(waiting),
        // A regular file never needs waiting.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
        Err(error) => return Err(PromptError::Io(error)),
    };
    // Allocated at its final size, because growing would leave copies in memory.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
    let mut byte = Zeroizing::new([0]);
    loop {
        if let Some(waiting) = &waiting {
            readable(waiting).await.map_err(PromptError::Io)?;
        }
        match input.read(&mut *byte) {
            Ok(0) if line.is_empty() => return Err(PromptError::Closed),
            Ok(0) => break,
            Ok(_) if *byte == [b'\n'] => break,
            Ok(_) if line.len() == MAX_BYTES => return Err(PromptError::TooLong),
            Ok(_) => line.extend_from_slice(&*byte),
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(error) => return Err(PromptError::Io(error)),
        }
    }
    Ok(Pasted::from_utf8_lossy(&line))
}

/// Waits until a read does not block. The file cannot be set to non-blocking mode, because other processes share that
/// setting.
async fn readable(file: &Receiver) -> io::Result<()> {
    loop {
        file.readable().await?;
        let polled = file.try_io(|| {
            let is_readable = poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&Timespec::default()))? > 0;
            if is_readable { Ok(()) } else { Err(ErrorKind::WouldBlock.into()) }
        });
        match polled {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            polled => return polled,
        }
    }
}
