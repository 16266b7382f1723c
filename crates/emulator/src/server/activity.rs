//! Whether a connection is idle, and since when.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// The activity of one connection, shared by its task and the server.
#[derive(Debug)]
pub(crate) struct Activity(Mutex<Phase>);

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// No complete request has arrived since the connection opened, or since the last response.
    Idle(Instant),
    /// A request is being processed.
    Request,
    /// A response is being written.
    Response,
    /// The server is closing the connection, so no request may begin.
    Closing,
}

impl Activity {
    /// Returns when the connection became idle, or `None` if it is not.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        match *self.phase() {
            Phase::Idle(since) => Some(since),
            _ => None,
        }
    }

    /// Returns whether the connection is idle and will now be closed. Afterward, no request can begin.
    pub(crate) fn begin_closing(&self) -> bool {
        let mut phase = self.phase();
        let is_idle = matches!(*phase, Phase::Idle(_));
        if is_idle {
            *phase = Phase::Closing;
        }
        is_idle
    }

    /// Makes the connection idle since now, if it is idle: a head has arrived, and its body may follow.
    pub(super) fn head_arrived(&self) {
        let mut phase = self.phase();
        if matches!(*phase, Phase::Idle(_)) {
            *phase = Phase::Idle(Instant::now());
        }
    }

    /// Returns whether a request, which has arrived completely, may begin.
    pub(super) fn begin_request(&self) -> bool {
        let mut phase = self.phase();
        let may_begin = !matches!(*phase, Phase::Closing);
        if may_begin {
            *phase = Phase::Request;
        }
        may_begin
    }

    pub(super) fn begin_response(&self) {
        *self.phase() = Phase::Response;
    }

    /// Makes the connection idle, if it was writing a response.
    pub(super) fn end_response(&self) {
        let mut phase = self.phase();
        if matches!(*phase, Phase::Response) {
            *phase = Phase::Idle(Instant::now());
        }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Activity {
    /// A connection that has just opened is idle.
    fn default() -> Self {
        Self(Mutex::new(Phase::Idle(Instant::now())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_is_idle_before_and_after_a_request() {
        let activity = Activity::default();
        let opened = activity.idle_since().unwrap();
        activity.head_arrived();
        let head_arrived = activity.idle_since().unwrap();
        assert!(head_arrived >= opened);
        assert!(activity.begin_request());
        // Hyper also flushes while a request is processed, such as after `100 Continue`.
        activity.end_response();
        assert_eq!(activity.idle_since(), None);
        activity.begin_response();
        assert_eq!(activity.idle_since(), None);
        activity.end_response();
        assert!(activity.idle_since().unwrap() >= head_arrived);
    }

    #[test]
    fn closing_connection_accepts_no_request() {
        let activity = Activity::default();
        assert!(activity.begin_closing());
        assert!(!activity.begin_request() && !activity.begin_closing());
    }

    #[test]
    fn busy_connection_is_not_closed() {
        let activity = Activity::default();
        assert!(activity.begin_request());
        assert!(!activity.begin_closing());
        activity.begin_response();
        assert!(!activity.begin_closing());
    }
}
