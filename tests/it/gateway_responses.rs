//! The verdict on each response that a gateway sends instead of OpenRouter, before and after OpenRouter acted.

use openrouter_oauth::{
    ApiKey, AuthorizationCode, Client, Error, HeadlessSignIn, Retry,
    models::{RejectionReason, request_id},
};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, Fault, GatewayResponse, User};
use openrouter_oauth_transport::testing::ManualTimer;

use crate::support::describe;

/// The error of an exchange, the error of a check of a key, and whether the sign-in stays fresh.
type Verdict = (&'static str, &'static str, bool);

/// OpenRouter did not reject anything, so neither the code nor the key is known to be bad.
const REJECTED: Verdict = ("Api NotFromOpenRouter", "Api NotFromOpenRouter", true);
/// A key may have been created.
const FAILED: Verdict =
    ("OutcomeUnknown(Status) NotFromOpenRouter", "Api NotFromOpenRouter, retryable", false);

fn verdict(gateway: GatewayResponse) -> Verdict {
    match gateway {
        GatewayResponse::CloudflareChallenge
        | GatewayResponse::CloudflareBlocked
        | GatewayResponse::CorporateProxy403 => REJECTED,
        GatewayResponse::CloudflareRateLimited => {
            let limited = "RateLimited NotFromOpenRouter, retryable";
            (limited, limited, true)
        }
        GatewayResponse::Cloudflare502
        | GatewayResponse::Cloudflare520
        | GatewayResponse::Cloudflare522
        | GatewayResponse::Cloudflare524
        | GatewayResponse::Envoy504
        | GatewayResponse::Nginx502 => FAILED,
        GatewayResponse::Envoy503 => (FAILED.0, "ServiceUnavailable NotFromOpenRouter, retryable", false),
        GatewayResponse::CaptivePortal => ("OutcomeUnknown(Unreadable)", "UnexpectedResponse", false),
        other => panic!("{other:?} has no verdict"),
    }
}

/// Both times at which a gateway can respond.
fn faults(gateway: GatewayResponse) -> [(Fault, bool); 2] {
    [(Fault::gateway(gateway), false), (Fault::gateway(gateway).after_commit(), true)]
}

fn client(emulator: &Emulator) -> Client {
    let builder = Client::builder().transport(emulator.clone()).timer(ManualTimer::new());
    builder.retry(Retry::none()).build().unwrap()
}

/// Begins a sign-in that its user approves.
async fn approved(emulator: &Emulator, client: &Client) -> (HeadlessSignIn, AuthorizationCode) {
    let (url, sign_in) = client.authorize_headless().begin().unwrap();
    let outcome = User::new(emulator.clone()).approve(url.as_str(), None).await.unwrap();
    let DecisionOutcome::Code(code) = outcome else { panic!("{outcome:?}") };
    let code = sign_in.read_pasted(&code).unwrap();
    (sign_in, code)
}

/// Checks what holds for every gateway.
#[track_caller]
fn check_gateway(gateway: GatewayResponse, error: &Error) {
    assert!(!error.is_unauthorized() && !error.is_rejected_code(), "{gateway:?}: {error}");
    let is_cloudflare = gateway.name().starts_with("cloudflare_");
    if let Some(api) = error.api() {
        assert_eq!(api.reason(), RejectionReason::NotFromOpenRouter, "{gateway:?}");
        assert_eq!(request_id(api.headers()).is_some(), is_cloudflare, "{gateway:?}");
    }
}

#[tokio::test]
async fn gateway_response_is_not_a_verdict_on_the_code() {
    // A1
    for &gateway in GatewayResponse::ALL {
        let (expected, _, stays_fresh) = verdict(gateway);
        for (fault, after_commit) in faults(gateway) {
            let case = format!("{gateway:?}, after the commit: {after_commit}");
            let emulator = Emulator::new();
            let client = client(&emulator);
            let (mut sign_in, code) = approved(&emulator, &client).await;
            emulator.inject(fault.on("/auth/keys"));
            let error = sign_in.exchange(&client, &code).await.unwrap_err();
            assert_eq!(describe(&error), expected, "{case}");
            check_gateway(gateway, &error);
            assert_eq!(sign_in.is_fresh(), stays_fresh, "{case}");
            // A rate limit is the only response that shows that nothing was created.
            assert_eq!(error.may_have_acted(), gateway != GatewayResponse::CloudflareRateLimited, "{case}");
            assert_eq!(emulator.posts("/auth/keys"), 1, "{case}");
        }
    }
}

#[tokio::test]
async fn code_works_after_a_gateway_before_the_commit() {
    for &gateway in GatewayResponse::ALL {
        if !verdict(gateway).2 {
            continue;
        }
        let emulator = Emulator::new();
        let client = client(&emulator);
        for (fault, after_commit) in faults(gateway) {
            let (mut sign_in, code) = approved(&emulator, &client).await;
            emulator.inject(fault.on("/auth/keys"));
            sign_in.exchange(&client, &code).await.unwrap_err();
            let again = sign_in.exchange(&client, &code).await;
            assert_eq!(again.is_err(), after_commit, "{gateway:?}");
            let Err(error) = again else { continue };
            // The code was used up behind the gateway, so the error mentions the key. Real rate limits come before.
            if gateway != GatewayResponse::CloudflareRateLimited {
                assert_eq!(describe(&error), "OutcomeUnknown(RejectedLater) CodeInvalid", "{gateway:?}");
            }
        }
    }
}

#[tokio::test]
async fn gateway_response_is_not_a_verdict_on_the_key() {
    // A1
    for &gateway in GatewayResponse::ALL {
        for (fault, after_commit) in faults(gateway) {
            let emulator = Emulator::new();
            let key = ApiKey::parse(&emulator.issue_management_key()).unwrap();
            let client = client(&emulator).with_key(key);
            emulator.inject(fault.on("/key"));
            let error = client.current_key().await.unwrap_err();
            assert_eq!(describe(&error), verdict(gateway).1, "{gateway:?}, after the commit: {after_commit}");
            check_gateway(gateway, &error);
            client.current_key().await.unwrap();
        }
    }
}
