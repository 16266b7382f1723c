//! Claims in Redis.

use std::{fmt, sync::Arc, time::Duration};

use async_lock::Mutex;
use openrouter_oauth::transport::BoxError;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisError, aio::MultiplexedConnection};

use super::{Claim, Claims};

/// How long to wait for a connection, and then for a script. The sum is less than a sign-in waits for its store.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The longest lifetime that is sent to Redis, which rejects one that it cannot add to the time.
const LONGEST_TTL: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A claim is the string `owner:milliseconds`, with the time of the claim, and `:settled` if it is settled.
///
/// Returns nothing if the owner wins, or else whether the claim is settled, and its age in milliseconds.
const CLAIM: &str = r"local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local claim = redis.call('GET', KEYS[1])
if not claim then
    redis.call('SET', KEYS[1], string.format('%s:%.0f', ARGV[1], now), 'NX', 'PX', ARGV[2])
    return false
end
local owner, since, settled = string.match(claim, '^([^:]*):(%d+)(.*)$')
if owner == ARGV[1] then
    return false
end
return {settled == ':settled' and 1 or 0, math.max(0, now - since)}";

const SETTLE: &str = r"local claim = redis.call('GET', KEYS[1])
if claim and string.match(claim, '^([^:]*):%d+$') == ARGV[1] then
    redis.call('SET', KEYS[1], claim .. ':settled', 'XX', 'KEEPTTL')
end";

const RELEASE: &str = r"local claim = redis.call('GET', KEYS[1])
if claim and string.match(claim, '^([^:]*):') == ARGV[1] then
    redis.call('DEL', KEYS[1])
end";

/// Claims in Redis, for an application that runs as several instances.
///
/// It needs Redis 6 or newer, and was tested with 7.0. It connects to one server, or to a name that follows a failover, not
/// to a Redis Cluster.
///
/// ```
/// use openrouter_oauth_web::RedisClaims;
///
/// # fn main() -> Result<(), redis::RedisError> {
/// let claims = RedisClaims::open("redis://127.0.0.1/")?;
/// # Ok(())
/// # }
/// ```
///
/// Each claim is one key. A script claims, settles, or releases it in one step, by the server's own clock. Redis removes
/// the key when the claim expires.
///
/// The first call connects. After any error, the next call connects again, so it finds another server behind the same name.
/// Connecting takes at most 2 seconds, for which the other calls wait, and then each call takes at most 2 seconds. If the
/// server is silent, calls that waited try to connect one after another; a sign-in stops waiting after 5 seconds. Clones
/// share the connection, which needs tokio as the async runtime.
///
/// # Setup
///
/// * Set `maxmemory-policy` to `noeviction`, the default of Redis. With any other policy, Redis may drop a claim when its
///   memory is full, and then a second call wins. With `noeviction`, it fails instead, and nothing is sent.
/// * A Redis user needs the commands `EVAL`, `GET`, `SET`, `DEL`, and `TIME`, for keys that start with
///   the [prefix](Self::prefix).
/// * For TLS, use a `rediss://` URL, and enable a TLS feature of the crate `redis` in your application, such as
///   `tokio-rustls-comp`. The documentation of that crate describes how to install a provider for rustls. Without such a
///   feature, [`open`](Self::open) fails. The tests do not cover TLS.
///
/// # Restart and failover
///
/// Redis acknowledges a claim before it is on disk (unless `appendfsync` is `always`) or on a replica. If the server
/// restarts without its data, or a replica without the claim is promoted, a second call can win. Its exchange then sends
/// the same code again, and only OpenRouter's single use of a code stops it. An application that cannot rely on that can
/// use a store that keeps what it acknowledged, such as PostgreSQL. See the example `postgres_claims`.
///
/// The clocks of servers that replace each other must agree within a few seconds. If the new server's clock is a minute
/// ahead, users may learn that the outcome of a running exchange is unknown.
///
/// # Security
///
/// A reader of the store learns the ID of each attempt, when it was claimed, a random name of the call that claimed it,
/// and whether that call knows its outcome. None of these completes a sign-in: that also takes the attempt's sealed
/// cookie. A writer can block a sign-in, or let one callback be exchanged again.
#[derive(Clone)]
pub struct RedisClaims {
    server: Arc<Server>,
    prefix: Arc<str>,
}

/// Not the crate's `ConnectionManager`, which keeps a connection after a timeout. If the server's machine is gone, nothing
/// else reveals that for many minutes.
struct Server {
    client: Client,
    connection: Mutex<Option<Arc<MultiplexedConnection>>>,
}

impl Server {
    /// Returns the connection that all calls share, or a new one.
    async fn connection(&self) -> Result<Arc<MultiplexedConnection>, RedisError> {
        let mut open = self.connection.lock().await;
        if let Some(connection) = &*open {
            return Ok(Arc::clone(connection));
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(Arc::clone(open.insert(Arc::new(connection))))
    }

    /// Makes the next call connect again, unless another call did.
    async fn discard(&self, failed: &Arc<MultiplexedConnection>) {
        let mut open = self.connection.lock().await;
        open.take_if(|connection| Arc::ptr_eq(connection, failed));
    }
}

impl RedisClaims {
    /// Creates a store on the Redis server at `url`, such as `redis://user:password@host:6379/0`. It does not connect yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is invalid, or needs TLS and the crate `redis` was built without it.
    pub fn open(url: &str) -> Result<Self, RedisError> {
        Client::open(url).map(Self::new)
    }

    /// Creates a store on the server of this client, which can have its own certificates, for example. It does not connect
    /// yet.
    pub fn new(client: Client) -> Self {
        let server = Server { client, connection: Mutex::new(None) };
        Self { server: Arc::new(server), prefix: "openrouter-oauth:claim:".into() }
    }

    /// Sets the prefix of the keys. By default, it is `openrouter-oauth:claim:`. All instances must use the same one.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &str,
        id: &str,
        owner: &str,
        ttl: Option<u64>,
    ) -> Result<T, BoxError> {
        // Not by its hash, which Redis may not know: this is one request, so the timeout is that of the whole call.
        let mut call = redis::cmd("EVAL");
        call.arg(script).arg(1).arg(format!("{}{id}", self.prefix)).arg(owner).arg(ttl);
        let connection = self.server.connection().await?;
        let mut shared = MultiplexedConnection::clone(&connection);
        let result = call.query_async(&mut shared).await;
        if result.is_err() {
            self.server.discard(&connection).await;
        }
        Ok(result?)
    }
}

impl Claims for RedisClaims {
    async fn claim(&self, id: &str, owner: &str, ttl: Duration) -> Result<Claim, BoxError> {
        // Redis rejects zero.
        let ttl = u64::try_from(ttl.min(LONGEST_TTL).as_millis()).unwrap_or(u64::MAX).max(1);
        let taken: Option<(bool, u64)> = self.run(CLAIM, id, owner, Some(ttl)).await?;
        Ok(taken
            .map_or(Claim::Won, |(settled, age)| Claim::Taken { settled, age: Duration::from_millis(age) }))
    }

    async fn settle(&self, id: &str, owner: &str) -> Result<(), BoxError> {
        self.run(SETTLE, id, owner, None).await
    }

    async fn release(&self, id: &str, owner: &str) -> Result<(), BoxError> {
        self.run(RELEASE, id, owner, None).await
    }
}

impl fmt::Debug for RedisClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client's settings contain a password.
        f.debug_struct("RedisClaims").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
