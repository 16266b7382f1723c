//! Claims in PostgreSQL: a store for an application that already has a database.
//!
//! Run it with the address of a database, in which it creates a table. It then checks the store against its contract:
//!
//! ```sh
//! cargo run -p openrouter-oauth-web --example postgres_claims postgres://user:password@localhost/database
//! ```
#![expect(clippy::print_stdout, reason = "the example talks to its user")]

use std::{env, error::Error, sync::Arc, time::Duration};

use openrouter_oauth::transport::{BoxError, Instant, SleepFuture, Timer};
use openrouter_oauth_web::{Claim, Claims, claims::contract};
use tokio::{sync::Mutex, time::timeout};
use tokio_postgres::{Client, NoTls};

/// The collation makes IDs and owners compare byte by byte. The index is for deleting.
const TABLE: &str = r#"
CREATE TABLE IF NOT EXISTS openrouter_claims (
    id text COLLATE "C" PRIMARY KEY,
    owner text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz NOT NULL,
    settled boolean NOT NULL DEFAULT false
);
CREATE INDEX IF NOT EXISTS openrouter_claims_until ON openrouter_claims (until);
"#;

const INSERT: &str = "
INSERT INTO openrouter_claims (id, owner, until)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (id) DO NOTHING";

/// Of several calls, one replaces an expired claim: the others wait for its row, and then find it unexpired.
const REPLACE: &str = "
UPDATE openrouter_claims
SET owner = $2, since = clock_timestamp(), until = clock_timestamp() + make_interval(secs => $3), settled = false
WHERE id = $1 AND until <= clock_timestamp()";

const SELECT: &str = "
SELECT owner = $2, settled, greatest(0, extract(epoch FROM clock_timestamp() - since))::float8
FROM openrouter_claims WHERE id = $1";

const SETTLE: &str = "UPDATE openrouter_claims SET settled = true WHERE id = $1 AND owner = $2";

const RELEASE: &str = "DELETE FROM openrouter_claims WHERE id = $1 AND owner = $2";

const DELETE_EXPIRED: &str = "DELETE FROM openrouter_claims WHERE until <= clock_timestamp()";

/// The longest lifetime, because PostgreSQL cannot add every number of seconds to the time.
const LONGEST_TTL: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How long to wait for a connection, and then for the queries of a call. The sum is less than a sign-in waits for its
/// store.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Claims in the table `openrouter_claims`. An application with a pool of connections takes one from it instead.
pub(crate) struct PostgresClaims {
    url: String,
    connection: Mutex<Option<Arc<Client>>>,
}

impl PostgresClaims {
    /// Connects to the database, and creates the table if it is missing.
    pub(crate) async fn connect(url: &str) -> Result<Self, BoxError> {
        let claims = Self { url: url.to_owned(), connection: Mutex::default() };
        claims.run(async |client| Ok(client.batch_execute(TABLE).await?)).await?;
        Ok(claims)
    }

    /// Runs queries on the connection that all calls share. After any error, the next call connects again: nothing else
    /// reveals soon that the server's machine is gone.
    async fn run<T, F>(&self, queries: impl FnOnce(Arc<Client>) -> F) -> Result<T, BoxError>
    where
        F: Future<Output = Result<T, BoxError>>,
    {
        let client = self.client().await?;
        let result = match timeout(TIMEOUT, queries(Arc::clone(&client))).await {
            Ok(result) => result,
            Err(elapsed) => Err(elapsed.into()),
        };
        if result.is_err() {
            self.connection.lock().await.take_if(|open| Arc::ptr_eq(open, &client));
        }
        result
    }

    /// Deletes the claims that have expired. Call it now and then: they do no harm, but need space.
    async fn delete_expired(&self) -> Result<u64, BoxError> {
        self.run(async |client| Ok(client.execute(DELETE_EXPIRED, &[]).await?)).await
    }

    /// Returns the connection, or a new one if it has broken.
    async fn client(&self) -> Result<Arc<Client>, BoxError> {
        let mut open = self.connection.lock().await;
        if let Some(client) = open.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let (client, connection) = timeout(TIMEOUT, tokio_postgres::connect(&self.url, NoTls)).await??;
        // Ends when the connection breaks, which the next query reports.
        tokio::spawn(async { drop(connection.await) });
        Ok(Arc::clone(open.insert(Arc::new(client))))
    }
}

impl Claims for PostgresClaims {
    async fn claim(&self, id: &str, owner: &str, ttl: Duration) -> Result<Claim, BoxError> {
        let ttl = ttl.min(LONGEST_TTL).as_secs_f64();
        self.run(async |client| {
            // Between the queries, another call may release its claim. Twice in a row is unlikely.
            for _ in 0..2 {
                if client.execute(INSERT, &[&id, &owner, &ttl]).await? > 0
                    || client.execute(REPLACE, &[&id, &owner, &ttl]).await? > 0
                {
                    return Ok(Claim::Won);
                }
                if let Some(row) = client.query_opt(SELECT, &[&id, &owner]).await? {
                    let (is_ours, settled) = (row.try_get(0)?, row.try_get(1)?);
                    let age = Duration::try_from_secs_f64(row.try_get(2)?)?;
                    return Ok(if is_ours { Claim::Won } else { Claim::Taken { settled, age } });
                }
            }
            Err("the claim was released between the queries, twice".into())
        })
        .await
    }

    async fn settle(&self, id: &str, owner: &str) -> Result<(), BoxError> {
        self.run(async |client| Ok(client.execute(SETTLE, &[&id, &owner]).await?)).await?;
        Ok(())
    }

    async fn release(&self, id: &str, owner: &str) -> Result<(), BoxError> {
        self.run(async |client| Ok(client.execute(RELEASE, &[&id, &owner]).await?)).await?;
        Ok(())
    }
}

/// tokio's clock. `openrouter-oauth-transport-hyper` has one too.
#[derive(Debug)]
struct TokioTimer;

impl Timer for TokioTimer {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let url = env::args().nth(1).ok_or("usage: postgres_claims postgres://user:password@host/database")?;
    let first = PostgresClaims::connect(&url).await?;
    let second = PostgresClaims::connect(&url).await?;
    contract::run(&first, &second, &TokioTimer).await?;
    println!("the store meets its contract");
    println!("deleted {} expired claims", first.delete_expired().await?);
    Ok(())
}
