//! The stored key of a user.
//!
//! An application cannot delete a key at OpenRouter. So the table `key_links` keeps a link to each key that was ever
//! stored, until the user says that they deleted the key there.

use std::{error::Error, time::Duration};

use openrouter_oauth::{ApiKey, KeyLinks};
use openrouter_oauth_axum::{SealedKey, web::SealedKeyError};
use tokio::time::{sleep, timeout};

use crate::{app::App, database::on_pool, error::AppError, users::User};

/// How long a new key may take to be stored. After that, a reload may say that the outcome is unknown.
pub(crate) const STORING: Duration = Duration::from_secs(20);

/// Stores a new key instead of the one before, and tries for some seconds: the key exists already.
pub(crate) async fn store(app: &App, user: &User, key: &ApiKey) -> Result<(), AppError> {
    let sealed = SealedKey::seal(&app.vault, &user.id, key)?;
    let links = KeyLinks::new(key);
    let stored = async {
        loop {
            match try_store(app, &user.id, sealed.as_str(), links.settings()).await {
                Ok(()) => return Ok(()),
                Err(error) if is_final(&error) => return Err(error),
                Err(error) => {
                    tracing::warn!(error = &error as &(dyn Error + 'static), "cannot store a new key yet");
                    sleep(Duration::from_millis(500)).await;
                }
            }
        }
    };
    Ok(timeout(STORING, stored).await??)
}

/// Returns whether the user no longer exists.
fn is_final(error: &sqlx::Error) -> bool {
    let database = error.as_database_error();
    matches!(error, sqlx::Error::RowNotFound)
        || database.is_some_and(|error| error.is_foreign_key_violation())
}

async fn try_store(app: &App, user: &str, sealed: &str, link: &str) -> sqlx::Result<()> {
    // The link comes first: without the key, it is still of use.
    let insert = "INSERT INTO key_links (user_id, link) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let update = "UPDATE users SET sealed_key = $2, key_link = $3, rejected_at = NULL WHERE id = $1";
    let stored = on_pool!(app.database, pool => {
        sqlx::query(insert).bind(user).bind(link).execute(pool).await?;
        sqlx::query(update).bind(user).bind(sealed).bind(link).execute(pool).await?.rows_affected()
    });
    if stored == 0 { Err(sqlx::Error::RowNotFound) } else { Ok(()) }
}

/// Deletes the stored key.
pub(crate) async fn remove(app: &App, user: &User) -> Result<(), AppError> {
    let update = "UPDATE users SET sealed_key = NULL, key_link = NULL, rejected_at = NULL WHERE id = $1";
    on_pool!(app.database, pool => { sqlx::query(update).bind(&user.id).execute(pool).await?; });
    Ok(())
}

/// Returns the links to the keys that are not stored anymore.
pub(crate) async fn old_links(app: &App, user: &User) -> Result<Vec<String>, AppError> {
    let select = "SELECT link FROM key_links JOIN users ON users.id = user_id
        WHERE user_id = $1 AND link IS DISTINCT FROM key_link ORDER BY link";
    Ok(on_pool!(app.database, pool => sqlx::query_scalar(select).bind(&user.id).fetch_all(pool).await?))
}

/// Deletes the link to a key.
pub(crate) async fn forget_link(app: &App, user: &User, link: &str) -> Result<(), AppError> {
    let delete = "DELETE FROM key_links WHERE user_id = $1 AND link = $2";
    on_pool!(app.database, pool => { sqlx::query(delete).bind(&user.id).bind(link).execute(pool).await?; });
    Ok(())
}

/// Opens the text of a stored key.
pub(crate) fn open(app: &App, user: &User, sealed: &str) -> Result<ApiKey, SealedKeyError> {
    SealedKey::parse(sealed)?.open(&app.vault, &user.id)
}

/// Records that OpenRouter accepted the key. Seals it again if the first vault key is a new one.
pub(crate) async fn accepted(app: &App, user: &User, sealed: &str, key: &ApiKey) -> Result<(), AppError> {
    let is_old = SealedKey::parse(sealed)?.needs_resealing(&app.vault);
    if !is_old && user.rejected_at.is_none() {
        return Ok(());
    }
    let resealed = SealedKey::seal(&app.vault, &user.id, key)?;
    let update = "UPDATE users SET sealed_key = $3, rejected_at = NULL WHERE id = $1 AND sealed_key = $2";
    on_pool!(app.database, pool => {
        sqlx::query(update).bind(&user.id).bind(sealed).bind(resealed.as_str()).execute(pool).await?;
    });
    Ok(())
}

/// Records that OpenRouter rejected the key at `now`, in Unix seconds. Deletes the key and returns true if that is the
/// second time, at least a minute and at most an hour after the first. A single rejection can be a mistake of theirs,
/// and would cost the user a sign-in.
///
/// The statements compare the key, so that a new one is not deleted for the rejection of the one before.
pub(crate) async fn rejected(app: &App, user: &User, sealed: &str, now: i64) -> Result<bool, AppError> {
    let since = user.rejected_at.map(|first| now - first).filter(|since| (0..=3600).contains(since));
    let doubt = "UPDATE users SET rejected_at = $3 WHERE id = $1 AND sealed_key = $2";
    let delete = "UPDATE users SET sealed_key = NULL, key_link = NULL
        WHERE id = $1 AND sealed_key = $2 AND rejected_at = $3";
    let (update, time) = match since {
        None => (doubt, Some(now)),
        Some(..60) => return Ok(false),
        Some(_) => (delete, user.rejected_at),
    };
    let changed = on_pool!(app.database, pool => {
        sqlx::query(update).bind(&user.id).bind(sealed).bind(time).execute(pool).await?.rows_affected()
    });
    Ok(since.is_some() && changed == 1)
}
