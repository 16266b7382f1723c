//! The database: SQLite or PostgreSQL.

use std::{str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

/// The connections to the database. An application with one kind of database needs only its pool.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Runs a query on either pool. The application's statements are the same for both databases.
macro_rules! on_pool {
    ($database:expr, $pool:ident => $query:expr) => {
        match &$database {
            $crate::database::Database::Sqlite($pool) => $query,
            $crate::database::Database::Postgres($pool) => $query,
        }
    };
}
pub(crate) use on_pool;

/// `users::User` and `stored_key` explain the columns.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS users (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        passphrase_hash TEXT NOT NULL,
        sealed_key TEXT,
        key_link TEXT,
        rejected_at BIGINT
    );
    CREATE TABLE IF NOT EXISTS key_links (
        user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        link TEXT NOT NULL,
        PRIMARY KEY (user_id, link)
    )";

/// How long a request waits for a connection of the pool.
const ACQUIRE: Duration = Duration::from_secs(5);

/// Without limits, a statement could wait for a lock for ever, and a new key with it.
const LIMITS: [(&str, &str); 2] = [("lock_timeout", "5s"), ("statement_timeout", "10s")];

/// The number of the lock for the creation of the tables, which nothing else in the database may use.
const CREATION: i64 = 0x3c5f_91d2_07ae_6b48;

impl Database {
    /// Connects, and creates the tables. Without a URL, the database lives in memory.
    pub(crate) async fn connect(url: Option<&str>) -> sqlx::Result<Self> {
        let database = match url {
            None => Self::Sqlite(in_memory().await?),
            Some(url) if url.starts_with("sqlite:") => Self::Sqlite(sqlite_file(url).await?),
            Some(url) if url.starts_with("postgres:") || url.starts_with("postgresql:") => {
                let options = PgConnectOptions::from_str(url)?.options(LIMITS);
                // The pool would keep trying, and then not say why it failed.
                drop(options.connect().await?);
                Self::Postgres(PgPoolOptions::new().acquire_timeout(ACQUIRE).connect_with(options).await?)
            }
            Some(_) => {
                return Err(sqlx::Error::Configuration(
                    "the URL must start with sqlite: or postgres:".into(),
                ));
            }
        };
        database.create_tables().await?;
        Ok(database)
    }

    async fn create_tables(&self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(pool) => {
                sqlx::raw_sql(TABLES).execute(pool).await?;
                SqliteStore::new(pool.clone()).migrate().await
            }
            Self::Postgres(pool) => {
                // Of two instances that start at once, both would create a table, and one would fail.
                let mut transaction = pool.begin().await?;
                let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(CREATION);
                lock.execute(&mut *transaction).await?;
                sqlx::raw_sql(TABLES).execute(&mut *transaction).await?;
                PostgresStore::new(pool.clone()).migrate().await?;
                transaction.commit().await
            }
        }
    }
}

/// The database ends with its only connection, so that one stays open.
async fn in_memory() -> sqlx::Result<SqlitePool> {
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    pool.connect("sqlite::memory:").await
}

async fn sqlite_file(url: &str) -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::from_str(url)?.create_if_missing(true);
    // Each connection would have a database of its own, or the users would be gone after the last.
    let is_file = !options.get_filename().as_os_str().is_empty();
    if !is_file || url.contains(":memory:") || url.contains("mode=memory") {
        return Err(sqlx::Error::Configuration("the URL must name a file".into()));
    }
    let pool = SqlitePoolOptions::new().acquire_timeout(ACQUIRE);
    pool.connect_with(options.journal_mode(SqliteJournalMode::Wal)).await
}
