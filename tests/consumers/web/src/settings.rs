//! The settings, from environment variables.

use std::{
    env,
    error::Error,
    fmt,
    net::{Ipv4Addr, SocketAddr},
};

use openrouter_oauth::{Entropy, Origin, OsEntropy};
use openrouter_oauth_axum::{CookieKeys, VaultKeys};
use tracing_subscriber::filter::{LevelFilter, Targets};

/// The settings that can be checked without the others. `main` checks the rest where it uses them.
pub(crate) struct Settings {
    pub(crate) log: Targets,
    pub(crate) listen: SocketAddr,
    pub(crate) origin: Option<Origin>,
    pub(crate) database_url: Option<String>,
    pub(crate) redis_url: Option<String>,
    pub(crate) cookie_keys: CookieKeys,
    pub(crate) vault_keys: VaultKeys,
    pub(crate) base_url: Option<String>,
}

impl Settings {
    pub(crate) fn from_env() -> Result<Self, InvalidSetting> {
        let log = variable("RUST_LOG")?.map(|log| log.parse());
        let origin = variable("ORIGIN")?.map(|origin| Origin::parse(&origin));
        let origin = origin.transpose().map_err(invalid("ORIGIN"))?;
        let listen = listen(origin.is_some())?;
        let (database_url, redis_url) = (variable("DATABASE_URL")?, variable("REDIS_URL")?);
        if redis_url.is_some() && database_url.is_none() {
            return Err(invalid("DATABASE_URL")(
                "required with REDIS_URL, because instances share their users",
            ));
        }
        let (cookie_keys, vault_keys) = secrets(database_url.is_some())?;
        let is_https = origin.as_ref().is_some_and(Origin::is_https);
        let base_url = base_url(database_url.is_some() || is_https)?;
        Ok(Self {
            log: log.transpose().map_err(invalid("RUST_LOG"))?.unwrap_or_else(default_log),
            listen,
            origin,
            database_url,
            redis_url,
            cookie_keys,
            vault_keys,
            base_url,
        })
    }
}

/// The error for a setting. It names the variable, and must not contain a secret.
#[derive(Debug)]
pub(crate) struct InvalidSetting {
    variable: &'static str,
    problem: Box<dyn Error + Send + Sync>,
}

/// Returns a function that says which variable an error is about. The error must not contain a secret.
pub(crate) fn invalid<E>(variable: &'static str) -> impl FnOnce(E) -> InvalidSetting
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    move |problem| InvalidSetting { variable, problem: problem.into() }
}

fn variable(name: &'static str) -> Result<Option<String>, InvalidSetting> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(invalid(name)("the value is not Unicode")),
    }
}

fn listen(has_origin: bool) -> Result<SocketAddr, InvalidSetting> {
    let listen = variable("LISTEN")?.unwrap_or_else(|| "127.0.0.1:3000".into());
    let listen: SocketAddr = listen.parse().map_err(invalid("LISTEN"))?;
    if has_origin || listen.ip() == Ipv4Addr::LOCALHOST {
        return Ok(listen);
    }
    Err(invalid("LISTEN")("without ORIGIN, the address must be 127.0.0.1"))
}

/// An emulator would reject the keys of OpenRouter, and the application would delete them. So it must be asked for.
fn base_url(is_required: bool) -> Result<Option<String>, InvalidSetting> {
    match variable("OPENROUTER_BASE_URL")? {
        None if is_required => Err(invalid("OPENROUTER_BASE_URL")(
            "required with DATABASE_URL or an https ORIGIN; use https://openrouter.ai/api/v1",
        )),
        base_url => Ok(base_url),
    }
}

/// Random keys do for a process that keeps nothing.
fn secrets(are_required: bool) -> Result<(CookieKeys, VaultKeys), InvalidSetting> {
    let cookie_keys = keys("COOKIE_KEYS", are_required)?;
    let vault_keys = keys("VAULT_KEYS", are_required)?;
    let is_vault_key = |key: &str| vault_keys.split(',').any(|other| is_same(key, other));
    if cookie_keys.split(',').any(is_vault_key) {
        return Err(invalid("VAULT_KEYS")("must differ from COOKIE_KEYS"));
    }
    let cookie_keys = CookieKeys::parse(&cookie_keys).map_err(invalid("COOKIE_KEYS"))?;
    Ok((cookie_keys, VaultKeys::parse(&vault_keys).map_err(invalid("VAULT_KEYS"))?))
}

fn is_same(key: &str, other: &str) -> bool {
    key.trim().eq_ignore_ascii_case(other.trim())
}

fn keys(name: &'static str, are_required: bool) -> Result<String, InvalidSetting> {
    match variable(name)? {
        Some(keys) => Ok(keys),
        None if are_required => Err(invalid(name)(
            "required with DATABASE_URL, because random keys would not survive a restart; use the output of \
             `openssl rand -hex 32`, another for each variable",
        )),
        None => random(name),
    }
}

fn random(name: &'static str) -> Result<String, InvalidSetting> {
    let mut key = [0; 32];
    OsEntropy::default().fill(&mut key).map_err(invalid(name))?;
    Ok(key.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn default_log() -> Targets {
    Targets::new().with_default(LevelFilter::INFO)
}

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.problem)
    }
}

impl Error for InvalidSetting {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.source()
    }
}
