//! Wrong settings.

use crate::{
    Result,
    instance::{COOKIE_KEYS, VAULT_KEYS, program},
};

#[test]
fn wrong_setting_is_named_without_its_value() -> Result {
    let both_keys = format!(
        "OPENROUTER_BASE_URL=http://127.0.0.1:1/api/v1 COOKIE_KEYS={COOKIE_KEYS} VAULT_KEYS={VAULT_KEYS}"
    );
    let no_service = format!("COOKIE_KEYS={COOKIE_KEYS} VAULT_KEYS={VAULT_KEYS}");
    let folder = tempfile::tempdir()?;
    let with_database = format!("{both_keys} DATABASE_URL=sqlite:{}/users.db", folder.path().display());
    let one_key = format!("COOKIE_KEYS={COOKIE_KEYS}");
    let twice = format!("COOKIE_KEYS={COOKIE_KEYS},{VAULT_KEYS} VAULT_KEYS={}", VAULT_KEYS.to_uppercase());
    let cases = [
        ("LISTEN", "", "LISTEN=s3cret", "address"),
        ("LISTEN", "", "LISTEN=0.0.0.0:80", "without ORIGIN"),
        ("LISTEN", "ORIGIN=http://localhost", "LISTEN=192.0.2.1:80", "address"),
        ("ORIGIN", "", "ORIGIN=s3cret", "origin"),
        ("ORIGIN", "", "ORIGIN=http://my.app", "must be https"),
        ("ORIGIN", &both_keys, "ORIGIN=https://my.app/s3cret", "origin"),
        ("RUST_LOG", "", "RUST_LOG=web=louder", "filter"),
        ("OPENROUTER_BASE_URL", "", "OPENROUTER_BASE_URL=http://user:s3cret@my.app", "URL"),
        ("OPENROUTER_BASE_URL", "", "ORIGIN=https://my.app", "https://openrouter.ai/api/v1"),
        ("OPENROUTER_BASE_URL", &no_service, "DATABASE_URL=sqlite:users.db", "https://openrouter.ai/api/v1"),
        ("COOKIE_KEYS", "", "DATABASE_URL=sqlite:users.db", "openssl rand -hex 32"),
        ("DATABASE_URL", &both_keys, "REDIS_URL=redis://127.0.0.1/", "REDIS_URL"),
        ("DATABASE_URL", &both_keys, "DATABASE_URL=sqlite:", "file"),
        ("DATABASE_URL", &both_keys, "DATABASE_URL=sqlite::memory:", "file"),
        ("VAULT_KEYS", &one_key, "DATABASE_URL=sqlite:users.db", "openssl rand -hex 32"),
        ("VAULT_KEYS", &twice, "", "must differ"),
        ("COOKIE_KEYS", "", "COOKIE_KEYS=s3cret", "64 hexadecimal digits"),
        ("VAULT_KEYS", "", "VAULT_KEYS=s3cret", "64 hexadecimal digits"),
        ("DATABASE_URL", &both_keys, "DATABASE_URL=mysql://user:s3cret@my.app/", "sqlite: or postgres:"),
        ("DATABASE_URL", &both_keys, "DATABASE_URL=postgres://user:s3cret@127.0.0.1:1/", "refused"),
        ("DATABASE_URL", &both_keys, "DATABASE_URL=postgres://user@127.0.0.1:1/x?passwort=s3cret", "refused"),
        ("DATABASE_URL", &both_keys, "DATABASE_URL=postgres://user:s3cret@my.app:port/", "port"),
        ("DATABASE_URL", &both_keys, "DATABASE_URL=sqlite:/no/such/s3cret", "open"),
        ("REDIS_URL", &with_database, "REDIS_URL=user:s3cret@my.app", "Redis URL"),
    ];
    for (variable, keys, setting, hint) in cases {
        let settings = keys.split(' ').chain([setting]).filter_map(|setting| setting.split_once('='));
        let output = program().envs(settings).output()?;
        let error = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(1), "{setting}: {error}");
        assert!(
            error.starts_with(&format!("error: {variable}")) && error.contains(hint),
            "{setting}: {error}"
        );
        assert!(!error.contains("s3cret") && output.stdout.is_empty(), "{setting}: {error}");
        for key in [COOKIE_KEYS, VAULT_KEYS] {
            assert!(!error.contains(key), "{setting}: {error}");
        }
    }
    Ok(())
}
