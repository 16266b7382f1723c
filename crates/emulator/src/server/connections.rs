//! The open connections of a server, up to a limit.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpStream,
    task::{AbortHandle, JoinSet},
    time::timeout,
};

use super::{activity::Activity, connection};
use crate::service::Service;

/// The open connections. Dropping them closes them.
pub(super) struct Connections {
    limit: usize,
    tasks: JoinSet<()>,
    /// In the order of their arrival. Some may have ended.
    open: Vec<Open>,
}

struct Open {
    activity: Arc<Activity>,
    task: AbortHandle,
}

/// How long a connection must be idle before it is closed for another, and how often the server checks for one. The
/// first request of a new connection has usually arrived by then. A request that arrives just as its connection is
/// closed is lost, as with any server that closes idle connections.
const MIN_IDLE: Duration = Duration::from_millis(10);

impl Connections {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), tasks: JoinSet::new(), open: Vec::new() }
    }

    /// Waits until there is room for another connection. Closes the one that has been idle longest, if necessary.
    pub(super) async fn make_room(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        while self.tasks.len() >= self.limit {
            if !self.close_longest_idle().await {
                // Whether a connection has ended or the time is up, the loop checks all of them again.
                let _ = timeout(MIN_IDLE, self.tasks.join_next()).await;
            }
        }
        self.open.retain(|open| !open.task.is_finished());
    }

    /// Serves a connection.
    pub(super) fn serve(&mut self, service: Arc<Service>, stream: TcpStream) {
        let activity = Arc::new(Activity::default());
        let task = self.tasks.spawn(connection::serve(service, stream, Arc::clone(&activity)));
        self.open.push(Open { activity, task });
    }

    /// Closes all connections.
    pub(super) async fn shutdown(&mut self) {
        self.tasks.shutdown().await;
    }

    /// Closes the connection that has been idle longest, if there is one. Returns whether it did.
    pub(super) async fn close_longest_idle(&mut self) -> bool {
        let running = self.open.iter().filter(|open| !open.task.is_finished());
        let idle = running.filter_map(|open| Some((open.activity.idle_since()?, open)));
        let Some((since, open)) = idle.min_by_key(|(since, _)| *since) else {
            return false;
        };
        let is_closed = Instant::now().duration_since(since) >= MIN_IDLE && open.activity.begin_closing();
        if is_closed {
            open.task.abort();
            self.tasks.join_next().await;
        }
        is_closed
    }
}
