//! The hash of a passphrase: Argon2id with the default parameters of the crate. Other parameters do not match.

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::{self, Output, ParamsString, SaltString, rand_core::OsRng},
};
use tokio::{sync::Mutex, task::spawn_blocking};

use crate::error::AppError;

/// A hash takes 19 MiB, and a core for some 20 ms. There is one at a time, and its memory stays allocated, because an
/// allocator may keep that of each thread.
static MEMORY: Mutex<Vec<Block>> = Mutex::const_new(Vec::new());

/// Returns the hash of a new passphrase, as text for the database.
pub(crate) async fn hash(passphrase: String) -> Result<String, AppError> {
    hash_with(passphrase, SaltString::generate(&mut OsRng)).await
}

/// Returns whether a passphrase has this hash. Without a hash, the answer takes as long.
pub(crate) async fn matches(passphrase: String, stored: Option<String>) -> Result<bool, AppError> {
    let Some(stored) = stored else {
        hash(passphrase).await?;
        return Ok(false);
    };
    let stored = PasswordHash::new(&stored)?;
    if stored.params != ParamsString::try_from(&Params::DEFAULT)? {
        return Err("the stored hash has other parameters than new ones".into());
    }
    let salt = SaltString::from_b64(stored.salt.map_or("", |salt| salt.as_str()))?;
    let hash = hash_with(passphrase, salt).await?;
    // `Output` compares in constant time.
    Ok(PasswordHash::new(&hash)? == stored)
}

async fn hash_with(passphrase: String, salt: SaltString) -> Result<String, AppError> {
    let mut memory = MEMORY.lock().await;
    // The task has the lock, because it goes on if the client closes the connection.
    let hash = spawn_blocking(move || {
        memory.resize(Params::DEFAULT.block_count(), Block::default());
        compute(&passphrase, &salt, &mut memory)
    });
    Ok(hash.await??)
}

fn compute(passphrase: &str, salt: &SaltString, memory: &mut [Block]) -> password_hash::Result<String> {
    let mut bytes = [0; 64];
    let bytes = salt.decode_b64(&mut bytes)?;
    let hash = Output::init_with(Params::DEFAULT_OUTPUT_LEN, |output| {
        let argon2 = Argon2::default();
        Ok(argon2.hash_password_into_with_memory(passphrase.as_bytes(), bytes, output, memory)?)
    })?;
    let hash = PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: ParamsString::try_from(&Params::DEFAULT)?,
        salt: Some(salt.as_salt()),
        hash: Some(hash),
    };
    Ok(hash.to_string())
}
