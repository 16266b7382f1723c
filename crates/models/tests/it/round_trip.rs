//! Tests that every message survives a round trip through its serialized form.

use std::fmt::Debug;

use openrouter_oauth_models::{
    CodeChallengeMethod, CreateAuthCode, CreditLimit, CurrentKey, Data, Endpoint, ExchangeAuthCode,
    ExchangeToken, JwkSet, OAuthErrorCode, SigningKeys, Timestamp, TokenScope, UsageLimitType,
};
use proptest::{collection, prelude::*};
use serde::{Serialize, de::DeserializeOwned};

use crate::any::{
    access_token, amount, auth_code, callback_url, create_request, error_envelope, exchange_request, grant,
    jwk, key_info, label, nullable, timestamp, token_request, word, workspace_id,
};

/// Writes `value`, reads it back, and writes it again.
fn check<T: Debug + DeserializeOwned + PartialEq + Serialize>(value: &T) -> Result<(), TestCaseError> {
    let json = serde_json::to_string(value).unwrap();
    let read: T =
        serde_json::from_str(&json).map_err(|error| TestCaseError::fail(format!("{json}: {error}")))?;
    prop_assert_eq!(&read, value, "{}", json);
    prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
    Ok(())
}

/// Writes `response` as the service does and reads it as a client does.
fn check_response<E>(response: &E::Response, wire: &impl Serialize) -> Result<(), TestCaseError>
where
    E: Endpoint<Response: Debug + PartialEq>,
{
    prop_assert_eq!(&E::decode(&serde_json::to_vec(wire).unwrap()).unwrap(), response);
    Ok(())
}

proptest! {
    #[test]
    fn exchange_auth_code_round_trips(request in exchange_request(), response in grant()) {
        check(&request)?;
        check(&response)?;
        check_response::<ExchangeAuthCode>(&response, &response)?;
    }

    #[test]
    fn create_auth_code_round_trips(request in create_request(), response in auth_code()) {
        check(&request)?;
        check(&response)?;
        check_response::<CreateAuthCode>(&response, &Data { data: response.clone() })?;
    }

    #[test]
    fn current_key_round_trips(response in key_info()) {
        check(&CurrentKey::new())?;
        check(&response)?;
        check_response::<CurrentKey>(&response, &Data { data: response.clone() })?;
    }

    #[test]
    fn exchange_token_round_trips(request in token_request(), response in access_token()) {
        check(&request)?;
        check(&response)?;
        check_response::<ExchangeToken>(&response, &response)?;
    }

    #[test]
    fn signing_keys_round_trip(response in collection::vec(jwk(), 0..4).prop_map(JwkSet::new)) {
        check(&SigningKeys::new())?;
        check(&response)?;
        check_response::<SigningKeys>(&response, &response)?;
    }

    #[test]
    fn errors_round_trip(envelope in error_envelope()) {
        check(&envelope)?;
    }

    #[test]
    fn enums_round_trip(word in word()) {
        check(&UsageLimitType::from(&*word))?;
        check(&CodeChallengeMethod::from(&*word))?;
        check(&OAuthErrorCode::from(&*word))?;
        prop_assert_eq!(TokenScope::from(&*word).to_string(), word);
    }

    #[test]
    fn newtypes_round_trip(label in label(), url in callback_url(), id in workspace_id(), dollars in amount()) {
        check(&label)?;
        check(&url)?;
        check(&id)?;
        check(&CreditLimit::new(dollars).unwrap())?;
        prop_assert_eq!(CreditLimit::new(dollars).unwrap().to_string().parse(), Ok(dollars));
    }

    #[test]
    fn nullable_round_trips(value in nullable(any::<bool>())) {
        if !value.is_absent() {
            check(&value)?;
        }
    }

    #[test]
    fn timestamps_round_trip(time in timestamp()) {
        check(&time)?;
        prop_assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        if let Ok(system) = std::time::SystemTime::try_from(time) {
            let back = Timestamp::try_from(system).unwrap();
            prop_assert_eq!(std::time::SystemTime::try_from(back).ok(), Some(system));
            // The clock of Windows counts in units of 100 ns.
            if !cfg!(windows) {
                prop_assert_eq!(back, time);
            }
        }
    }
}

#[test]
fn timestamp_keeps_seconds_and_fractions() {
    for text in [
        "2027-12-31T23:59:59Z",
        "2027-12-31T23:59:00Z",
        "2027-12-31T00:00:00.000000001Z",
        "1969-12-31T23:59:59.5Z",
    ] {
        assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(Timestamp::parse("2027-12-31T23:59:59+05:30").unwrap().to_string(), "2027-12-31T18:29:59Z");
    assert_eq!(Timestamp::from_unix_seconds(1_735_689_600).unwrap().to_string(), "2025-01-01T00:00:00Z");
    assert_eq!(Timestamp::parse("2025-01-01T00:00:00.9Z").unwrap().as_unix_seconds(), 1_735_689_600);
    for bad in [
        "",
        "2027-12-31",
        "2027-12-31T23:59:59",
        "23:59:59Z",
        "2027-13-01T00:00:00Z",
        "1735689600",
        "tomorrow",
    ] {
        assert!(Timestamp::parse(bad).is_err(), "{bad}");
    }
    assert!(Timestamp::from_unix_seconds(i64::MAX).is_err());
}
