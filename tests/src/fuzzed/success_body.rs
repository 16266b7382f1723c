//! The body of a successful response of every endpoint.

use openrouter_oauth_models::{
    CreateAuthCode, CurrentKey, Data, Endpoint, ExchangeAuthCode, ExchangeToken, SigningKeys,
};
use serde_json::Value;

/// Checks the body of a success: a value survives being written and read again, and a key in the body is found.
pub fn success_body(body: &[u8]) {
    grant(body);
    auth_code(body);
    key_info(body);
    if let Ok(token) = ExchangeToken::decode(body) {
        let text = token.access_token.expose();
        assert!((1..=16_384).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(ExchangeToken::decode(&serde_json::to_vec(&token).unwrap()).unwrap(), token);
    }
    if let Ok(keys) = SigningKeys::decode(body) {
        assert_eq!(SigningKeys::decode(&serde_json::to_vec(&keys).unwrap()).unwrap(), keys);
    }
}

fn grant(body: &[u8]) {
    let decoded = ExchangeAuthCode::decode(body);
    if let Ok(grant) = &decoded {
        assert!(is_key(grant.key.expose()));
        assert_eq!(format!("{:?}", grant.key), "ApiKey([redacted])");
        assert_eq!(&ExchangeAuthCode::decode(&serde_json::to_vec(grant).unwrap()).unwrap(), grant);
    }
    // C-21, C-22: an independent reader, which also takes the last of two equal names, finds the same key, whatever
    // else the body contains.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let key = value.get("key").and_then(Value::as_str).map(str::trim).filter(|key| is_key(key));
    assert_eq!(decoded.ok().as_ref().map(|grant| grant.key.expose()), key);
}

fn is_key(text: &str) -> bool {
    (1..=512).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn auth_code(body: &[u8]) {
    if let Ok(code) = CreateAuthCode::decode(body) {
        let text = code.id.expose();
        assert!((1..=512).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        let written = serde_json::to_vec(&Data { data: &code }).unwrap();
        assert_eq!(CreateAuthCode::decode(&written).unwrap(), code);
    }
}

fn key_info(body: &[u8]) {
    if let Ok(info) = CurrentKey::decode(body) {
        let written = serde_json::to_vec(&Data { data: &info }).unwrap();
        let again = CurrentKey::decode(&written).unwrap();
        // Amounts are not compared, because serde_json can misread the last digit of a long number.
        assert_eq!((&again.label, &again.expires_at), (&info.label, &info.expires_at));
        assert_eq!((&again.limit_reset, &again.rate_limit), (&info.limit_reset, &info.rate_limit));
    }
}
