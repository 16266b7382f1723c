//! What is told of an unknown outcome, and the one way to learn more.

use std::error::Error as _;

use openrouter_oauth::{
    ApiKey, CallbackUrl, CreateAuthCode, Error, OutcomeUnknown, Pending, Probe, Retry, transport::ErrorKind,
};

use crate::support::{GRANT, answer, exchange, fault, scripted};

fn unknown(error: Error) -> OutcomeUnknown {
    match error {
        Error::OutcomeUnknown(unknown) => *unknown,
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn an_unknown_outcome_says_which_key_to_look_for() {
    // C-25
    let (_, builder) = scripted([fault(ErrorKind::Io)]);
    let client = builder.build().unwrap();
    let (_, pending) = client.authorize_headless().key_label("my-cli on my-host").begin().unwrap();
    // Also after it was in a store.
    let stored = pending.into_secret_json().unwrap();
    let mut pending = Pending::from_secret_json(stored.expose()).unwrap();
    let code = pending.read_pasted("auth_code_abc123").unwrap();
    let unknown = unknown(pending.exchange(&client, &code).await.unwrap_err());
    assert_eq!(unknown.key_label().unwrap().as_str(), "my-cli on my-host");
    let text = unknown.to_string();
    let time = unknown.noticed_at().unwrap().to_string();
    for part in ["\"my-cli on my-host\"", &*time, "https://openrouter.ai/settings/keys"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("auth_code_abc123"), "{text}");
}

#[tokio::test]
async fn an_unknown_outcome_says_why_and_what_caused_it() {
    // C-25
    for (first, why, cause) in [
        (fault(ErrorKind::Timeout), "the answer took too long", "the answer took too long"),
        (fault(ErrorKind::Io), "the connection broke before the answer was whole", "the connection broke"),
        (fault(ErrorKind::TooLarge), "the answer is too large", "the answer is too large"),
        (fault(ErrorKind::Protocol), "the answer cannot be read", "the answer is not valid HTTP"),
        (fault(ErrorKind::Other), "the request failed", "the request failed"),
        (
            answer(200, r#"{"key":"#),
            "the answer cannot be read (status 200 OK)",
            "not the expected JSON, at line 1 column 7",
        ),
        (
            answer(500, "down"),
            "the server failed (status 500 Internal Server Error)",
            "OpenRouter answered exchangeAuthCodeForAPIKey with 500 Internal Server Error",
        ),
    ] {
        let (_, builder) = scripted([first]);
        let error = builder.build().unwrap().exchange_auth_code(exchange()).await.unwrap_err();
        let unknown = unknown(error);
        let text = unknown.to_string();
        let said =
            format!("the outcome of exchangeAuthCodeForAPIKey is not known: {why}; a key may have been made");
        assert!(text.starts_with(&said), "{text}");
        assert_eq!(unknown.source().unwrap().to_string(), cause);
    }
}

#[tokio::test]
async fn an_answer_keeps_its_headers() {
    let (_, builder) = scripted([answer(403, "{}")]);
    let error = builder.build().unwrap().exchange_auth_code(exchange()).await.unwrap_err();
    assert!(error.api().unwrap().headers().is_empty());
}

/// What an exchange comes to whose first answer is `first` and whose probe is `second`.
async fn probed(
    first: openrouter_oauth::transport::testing::Exchange,
    second: openrouter_oauth::transport::testing::Exchange,
) -> (Result<(), Error>, usize) {
    let (replay, builder) = scripted([first, second, answer(200, GRANT), answer(200, GRANT)]);
    let client = builder.retry(Retry::default().dangerously_probe_unknown_once()).build().unwrap();
    let result = client.exchange_auth_code(exchange()).await.map(drop);
    (result, replay.requests().len())
}

#[tokio::test]
async fn a_probe_sends_a_code_of_unknown_outcome_once_more() {
    for first in [|| answer(500, ""), || answer(200, "{"), || fault(ErrorKind::Io)] {
        let (result, sent) = probed(first(), answer(200, GRANT)).await;
        assert!(result.is_ok());
        assert_eq!(sent, 2);

        let (result, sent) =
            probed(first(), answer(400, r#"{"error":{"code":400,"message":"Invalid code"}}"#)).await;
        let consumed = unknown(result.unwrap_err());
        assert_eq!(consumed.probe(), Some(Probe::CodeConsumed));
        assert!(consumed.to_string().contains("a key was most likely made before"), "{consumed}");
        assert_eq!(sent, 2);

        let (result, sent) = probed(first(), fault(ErrorKind::Io)).await;
        assert_eq!(unknown(result.unwrap_err()).probe(), Some(Probe::NothingLearned));
        assert_eq!(sent, 2);
    }
}

#[tokio::test]
async fn a_refusal_in_other_words_proves_nothing() {
    for words in ["Authorization code expired", "Invalid code_challenge_method", "No."] {
        let body = format!(r#"{{"error":{{"code":403,"message":"{words}"}}}}"#);
        let (result, _) = probed(fault(ErrorKind::Io), answer(403, body.leak())).await;
        assert_eq!(unknown(result.unwrap_err()).probe(), Some(Probe::NothingLearned), "{words}");
    }
}

#[tokio::test]
async fn only_an_exchange_is_probed() {
    let (replay, builder) = scripted([answer(500, ""), answer(200, "{}")]);
    let builder = builder.retry(Retry::default().dangerously_probe_unknown_once());
    let client = builder.api_key(ApiKey::parse("sk-or-v1-0e6f").unwrap()).build().unwrap();
    let callback = CallbackUrl::parse("https://my.app/callback").unwrap();
    let error = client.create_auth_code(CreateAuthCode::new(callback)).await.unwrap_err();
    assert_eq!(unknown(error).probe(), None);
    assert_eq!(replay.requests().len(), 1);
}

#[tokio::test]
async fn a_later_refusal_does_not_hide_that_something_may_have_been_made() {
    for first in [|| fault(ErrorKind::Io), || answer(500, "")] {
        for later in [403, 429, 503] {
            let (_, builder) = scripted([first(), answer(later, ""), answer(later, "")]);
            let client = builder.retry(Retry::default().dangerously_resend_unknown()).build().unwrap();
            let error = client.exchange_auth_code(exchange()).await.unwrap_err();
            assert!(error.is_outcome_unknown(), "{later}: {error}");
        }
    }
}

#[tokio::test]
async fn switching_protocols_is_no_refusal() {
    let (_, builder) = scripted([answer(101, "")]);
    let error = builder.build().unwrap().exchange_auth_code(exchange()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
}

#[tokio::test]
async fn what_is_known_is_not_probed() {
    for first in [
        || answer(403, ""),
        || answer(429, ""),
        || answer(503, ""),
        || answer(302, ""),
        || fault(ErrorKind::Tls),
    ] {
        let (result, sent) = probed(first(), answer(200, GRANT)).await;
        assert!(!result.unwrap_err().is_outcome_unknown());
        assert_eq!(sent, 1);
    }
}
