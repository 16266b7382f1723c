//! Tests of keys that are sealed for a database.

use openrouter_oauth::ApiKey;
use openrouter_oauth_web::{SealedKey, SealedKeyError, VaultKeys};

use crate::support::{KEY, key};

fn api_key() -> ApiKey {
    ApiKey::parse("sk-or-v1-canary").unwrap()
}

#[test]
fn key_opens_for_its_user_only() {
    let vault = VaultKeys::new(KEY);
    let sealed = SealedKey::seal(&vault, "17", &api_key()).unwrap();
    assert_eq!(SealedKey::parse(sealed.as_str()).unwrap().open(&vault, "17").unwrap(), api_key());
    for user in ["18", "1", "177", ""] {
        assert!(matches!(sealed.open(&vault, user), Err(SealedKeyError::CannotOpen)), "{user}");
    }
    assert!(sealed.open(&VaultKeys::new(key(2)), "17").is_err());
    assert!(!format!("{sealed} {sealed:?}").contains("canary"));
    assert_ne!(sealed, SealedKey::seal(&vault, "17", &api_key()).unwrap(), "each seal has its own nonce");
}

#[test]
fn weak_vault_key_seals_nothing() {
    for weak in [VaultKeys::new([0; 32]), VaultKeys::new(KEY).open_with([7; 32])] {
        assert!(matches!(SealedKey::seal(&weak, "17", &api_key()), Err(SealedKeyError::WeakKey)));
    }
}

#[test]
fn vault_keys_rotate_in_two_steps() {
    let (old, both) = (VaultKeys::new(KEY), VaultKeys::new(key(2)).open_with(KEY));
    let sealed = SealedKey::seal(&old, "17", &api_key()).unwrap();
    assert!(!sealed.needs_resealing(&old));
    assert!(sealed.needs_resealing(&both));
    let opened = sealed.open(&both, "17").unwrap();
    let resealed = SealedKey::seal(&both, "17", &opened).unwrap();
    assert!(!resealed.needs_resealing(&both));
    assert_eq!(resealed.open(&VaultKeys::new(key(2)), "17").unwrap(), api_key());
    assert!(resealed.open(&old, "17").is_err());
}

#[test]
fn changed_text_does_not_open() {
    let vault = VaultKeys::new(KEY);
    let longest = ApiKey::parse(&"k".repeat(512)).unwrap();
    let sealed = SealedKey::seal(&vault, "17", &longest).unwrap();
    assert!(sealed.as_str().len() <= 1024);
    for bad in
        ["", "v1", "v2.AAAA", "sk-or-v1-canary", "v1.a b", "v1.\u{e9}", &format!("v1.{}", "A".repeat(1022))]
    {
        assert!(matches!(SealedKey::parse(bad), Err(SealedKeyError::Malformed)), "{bad}");
    }
    let text = SealedKey::seal(&vault, "17", &api_key()).unwrap().to_string();
    for index in 3..text.len() {
        let mut changed = text.clone();
        let other = if &text[index..=index] == "A" { "B" } else { "A" };
        changed.replace_range(index..=index, other);
        for bad in [&changed, &text[..index]] {
            assert!(SealedKey::parse(bad).unwrap().open(&vault, "17").is_err(), "{index}");
        }
    }
}
