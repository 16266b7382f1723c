//! The users: their rows in the database.

use argon2::password_hash::rand_core::{OsRng, RngCore};
use serde::Deserialize;

use crate::{
    database::{Database, on_pool},
    error::AppError,
    passphrase,
};

/// A user's row in the database.
#[derive(sqlx::FromRow)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The user's key of OpenRouter, encrypted.
    pub(crate) sealed_key: Option<String>,
    /// The link to the settings of that key at OpenRouter.
    pub(crate) key_link: Option<String>,
    /// When OpenRouter first rejected that key, in Unix seconds. If there is no key, it was deleted because OpenRouter
    /// rejected it twice.
    pub(crate) rejected_at: Option<i64>,
}

/// The name and passphrase of a form.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    passphrase: String,
}

impl Credentials {
    /// Returns a sentence about the first thing that is wrong with a new name or passphrase.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        // Most invisible characters, for example, which would let two names look the same.
        let is_allowed = |character: char| character.is_alphanumeric() || " .-_'".contains(character);
        if !(1..=64).contains(&self.name().chars().count()) || !self.name().chars().all(is_allowed) {
            return Some("A name must have 1 to 64 letters, digits, spaces, or any of . - _ '");
        }
        // Bytes that are not Unicode arrive as replacement characters, so that different passphrases would be the same.
        let is_passphrase = (8..=256).contains(&self.passphrase.chars().count())
            && !self.passphrase.contains(char::REPLACEMENT_CHARACTER);
        (!is_passphrase).then_some("A passphrase must have 8 to 256 characters of Unicode.")
    }

    fn name(&self) -> &str {
        self.name.trim()
    }
}

/// Creates a user, and returns their ID, or nothing if the name is taken.
pub(crate) async fn create(database: &Database, new: Credentials) -> Result<Option<String>, AppError> {
    let name = new.name().to_owned();
    let id = format!("{:016x}{:016x}", OsRng.next_u64(), OsRng.next_u64());
    let hash = passphrase::hash(new.passphrase).await?;
    let insert =
        "INSERT INTO users (id, name, passphrase_hash) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
    let created = on_pool!(database, pool => {
        sqlx::query(insert).bind(&id).bind(name).bind(hash).execute(pool).await?.rows_affected()
    });
    Ok((created == 1).then_some(id))
}

/// Returns the ID of the user with this name and passphrase. An unknown name takes as long as a wrong passphrase.
pub(crate) async fn find(database: &Database, tried: Credentials) -> Result<Option<String>, AppError> {
    let user: Option<(String, String)> = on_pool!(database, pool => {
        let select = sqlx::query_as("SELECT id, passphrase_hash FROM users WHERE name = $1");
        select.bind(tried.name()).fetch_optional(pool).await?
    });
    let (id, hash) = user.unzip();
    let matches = passphrase::matches(tried.passphrase, hash).await?;
    Ok(id.filter(|_| matches))
}

/// Returns the user with this ID.
pub(crate) async fn load(database: &Database, id: &str) -> Result<Option<User>, AppError> {
    Ok(on_pool!(database, pool => {
        let select = "SELECT id, name, sealed_key, key_link, rejected_at FROM users WHERE id = $1";
        sqlx::query_as(select).bind(id).fetch_optional(pool).await?
    }))
}
