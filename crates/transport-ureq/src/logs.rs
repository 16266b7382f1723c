//! The check that the logger does not record ureq's bytes.

use log::{Level, log_enabled};

/// The cause of the error for a request that the logger would record.
pub(crate) const REJECTED: &str = "the logger would record codes and keys; limit its targets `ureq` and `ureq_proto` to \
                                   the level `debug`, for example with RUST_LOG=trace,ureq=debug";

/// Returns whether the logger of the program would record the bytes of requests and responses, or their queries and
/// `location` headers.
pub(crate) fn record_secrets() -> bool {
    log_enabled!(target: "ureq_proto::util", Level::Trace) || log_enabled!(target: "ureq::util", Level::Trace)
}
