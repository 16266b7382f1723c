//! Faults that were seen in other clients of such services, each held away from this one.
//!
//! Waits that do not grow stand in `retry.rs`, redirects of every kind in `redirect.rs`, answers without end in
//! `transport.rs`.

use std::time::Duration;

use http::{Request, Response};
use openrouter_oauth::{
    ApiKey, ApiKeyGrant, AuthorizationCode, CallbackError, CallbackUrl, Client, CreateAuthCode, Entropy,
    ExchangeAuthCode, models::CodeVerifier,
};
use openrouter_oauth_tests::{
    canary, query,
    server::{Server, Step},
};
use openrouter_oauth_transport::{
    BoxError, Limits, Timer as _, from_fn,
    testing::{Capture, ManualTimer, Never},
};

use crate::{
    input::with_variables,
    support::{
        GRANT, Operation, attributed, builder, call_in_silence, client, code, create, describe, exchange,
    },
};

/// The official SDK for Go, 0.7.67.
mod go {
    use super::*;

    #[tokio::test]
    async fn the_code_is_not_sent_again_on_5xx_and_time_outs() {
        for status in [500, 502, 503, 504] {
            let server = Server::start([Step::json(status, "{}"), Step::json(200, GRANT)]).await;
            client(&server).exchange_auth_code(exchange()).await.unwrap_err();
            assert_eq!(server.requests().len(), 1);
        }
        let server = Server::start([Step::Hang, Step::json(200, GRANT)]).await;
        call_in_silence(Operation::ExchangeAuthCode, &server).await;
        assert_eq!(server.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_retry_after_is_capped_and_the_503_is_not_lost() {
        let step = Step::with(503, &[("retry-after", "45")], r#"{"error":{"code":503,"message":"Later"}}"#);
        let server = Server::start([step]).await;
        let error = client(&server).current_key().await.unwrap_err();
        assert_eq!(describe(&error), "ServiceUnavailable ServerError, retryable");
        assert_eq!(error.api().unwrap().message().as_str(), "Later");
        assert_eq!(server.requests().len(), 1);
    }

    #[tokio::test]
    async fn the_attribution_goes_out() {
        for operation in Operation::ALL {
            let server = Server::start([Step::json(200, operation.success())]).await;
            operation.call(&attributed(&server)).await.unwrap();
            let received = server.request();
            assert_eq!(received.header("http-referer"), ["https://my.app"]);
            assert_eq!(received.header("x-openrouter-title"), ["My app"]);
            assert_eq!(received.header("x-openrouter-categories"), ["cli-agent,ide-extension"]);
        }
    }

    #[tokio::test]
    async fn headers_do_not_pile_up_over_the_tries() {
        let server =
            Server::start([Step::json(500, ""), Step::json(500, ""), Step::json(200, r#"{"keys":[]}"#)]);
        let server = server.await;
        attributed(&server).signing_keys().header("x-trace", "42").await.unwrap();
        let received = server.requests();
        assert_eq!(received.len(), 3);
        assert!(received.iter().all(|request| request.headers == received[0].headers));
        assert_eq!(received[2].header("x-trace"), ["42"]);
    }

    #[tokio::test]
    async fn a_307_does_not_hand_the_code_to_another_host() {
        let other = Server::start([Step::json(200, GRANT)]).await;
        let server = Server::start([Step::with(307, &[("location", &other.base_url())], "")]).await;
        client(&server).exchange_auth_code(exchange()).await.unwrap_err();
        assert_eq!((server.requests().len(), other.connections()), (1, 0));
    }

    #[tokio::test]
    async fn an_answer_of_300_mb_is_not_read() {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 300000000\r\n\r\n{\"key\":\"".to_vec();
        let server = Server::start([Step::Answer(head)]).await;
        let error = client(&server).exchange_auth_code(exchange()).await.unwrap_err();
        assert_eq!(describe(&error), "OutcomeUnknown(TooLarge)");
    }

    #[tokio::test]
    async fn the_key_of_a_201_or_of_another_content_type_is_not_in_an_error_but_in_hand() {
        let body = format!(r#"{{"key":"{}"}}"#, canary::KEY);
        for step in [Step::json(201, &body), Step::typed(200, "text/html", &body)] {
            let server = Server::start([step]).await;
            let grant = client(&server).exchange_auth_code(exchange()).await.unwrap();
            assert_eq!(grant.key.expose(), canary::KEY);
        }
    }

    #[tokio::test]
    async fn malformed_json_does_not_lose_the_status() {
        for (status, told) in [(200, "Unreadable"), (418, "Api")] {
            let server = Server::start([Step::json(status, "{\"key\":")]).await;
            let error = client(&server).exchange_auth_code(exchange()).await.unwrap_err();
            assert!(error.to_string().contains(&status.to_string()), "{told}: {error}");
        }
    }

    #[tokio::test]
    async fn an_old_key_does_not_go_with_the_exchange() {
        // C-16
        for operation in [Operation::ExchangeAuthCode, Operation::ExchangeToken, Operation::SigningKeys] {
            let server = Server::start([Step::json(200, operation.success())]).await;
            operation.call(&client(&server)).await.unwrap();
            assert!(server.request().header("authorization").is_empty(), "{operation:?}");
        }
    }
}

/// The official SDK for TypeScript, 1.3.19.
mod typescript {
    use super::*;

    #[test]
    fn pkce_is_not_dropped_from_the_url() {
        let client = Client::builder().transport(Never::new()).timer(ManualTimer::new()).build().unwrap();
        let callback = CallbackUrl::parse("https://my.app/").unwrap();
        for authorize in [client.authorize(callback), client.authorize_headless()] {
            let (url, _pending) = authorize.begin().unwrap();
            assert_eq!(query::parameter(url.as_str(), "code_challenge").len(), 43);
            assert_eq!(query::parameter(url.as_str(), "code_challenge_method"), "S256");
        }
    }

    #[test]
    fn no_variable_turns_on_the_logging_of_secrets() {
        for value in ["false", "0", "true"] {
            let variables =
                [("OPENROUTER_DEBUG", value), ("OPENROUTER_API_KEY", canary::KEY), ("RUST_LOG", "trace")];
            let report = with_variables(&variables.map(|(name, value)| (name, value.as_ref())));
            assert_eq!(report["authorization"], format!("Bearer {}", canary::KEY));
        }
    }

    #[tokio::test]
    async fn a_user_that_is_not_told_is_no_error() {
        for body in [r#"{"key":"k"}"#, r#"{"key":"k","user_id":null}"#] {
            let server = Server::start([Step::json(200, body)]).await;
            let grant = client(&server).exchange_auth_code(exchange()).await.unwrap();
            assert_eq!((grant.key.expose(), grant.user_id), ("k", None));
        }
    }

    #[test]
    fn javascript_is_no_callback() {
        for bad in ["javascript:alert(1)", "JavaScript://my.app/%0aalert(1)"] {
            CallbackUrl::parse(bad).unwrap_err();
        }
    }

    #[tokio::test]
    async fn the_code_is_not_sent_again_on_a_reset_or_an_end() {
        for step in [Step::Reset, Step::Close(vec![])] {
            let server = Server::start([step, Step::json(200, GRANT)]).await;
            let error = client(&server).exchange_auth_code(exchange()).await.unwrap_err();
            assert!(error.is_outcome_unknown());
            assert_eq!(server.requests().len(), 1);
        }
    }

    #[tokio::test]
    async fn there_is_a_time_limit_unless_one_says_otherwise() {
        let capture = Capture::new(Response::new(GRANT.into()));
        let client = builder().transport(capture.clone()).timer(ManualTimer::new()).build().unwrap();
        client.exchange_auth_code(exchange()).await.unwrap();
        let (_, limits) = capture.expect_request_and_limits();
        assert_eq!(limits.timeout, Some(Duration::from_secs(30)));
    }
}

/// The official SDK for Python, 1.3.84.
mod python {
    use super::*;

    #[tokio::test]
    async fn an_answer_after_seven_seconds_is_one_request_and_a_key() {
        let (timer, capture) = (ManualTimer::new(), Capture::new(Response::new(GRANT.into())));
        let slow = {
            let (timer, capture) = (timer.clone(), capture.clone());
            from_fn(move |request: Request<_>, limits: Limits| {
                let (timer, capture) = (timer.clone(), capture.clone());
                async move {
                    timer.sleep(Duration::from_secs(7)).await;
                    openrouter_oauth_transport::Transport::send(&capture, request, limits).await
                }
            })
        };
        let client = builder().transport(slow).timer(timer.clone()).build().unwrap();
        let clock = async {
            crate::support::until(|| timer.sleeping().len() == 2).await;
            timer.advance(Duration::from_secs(7));
        };
        let (granted, ()) = tokio::join!(client.exchange_auth_code(exchange()).into_future(), clock);
        assert_eq!(granted.unwrap().key.expose(), "sk-or-v1-0e6f");
        capture.expect_request();
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let grant = ApiKeyGrant::new(ApiKey::parse(canary::KEY).unwrap());
        canary::assert_debug_hides(&grant, &canary::ALL);
    }
}

/// The crates openrouter-rs, openrouter-client and oauth2.
mod crates {
    use super::*;

    #[tokio::test]
    async fn what_is_not_set_does_not_go_out_as_null() {
        let server =
            Server::start([Step::json(200, GRANT), Step::json(200, Operation::CreateAuthCode.success())]);
        let server = server.await;
        client(&server).exchange_auth_code(ExchangeAuthCode::new(code())).await.unwrap();
        client(&server).create_auth_code(create()).await.unwrap();
        for received in server.requests() {
            assert!(!received.body.contains("null"), "{}", received.body);
        }
    }

    #[tokio::test]
    async fn an_object_without_a_key_is_no_empty_key() {
        for body in ["{}", r#"{"key":""}"#] {
            let server = Server::start([Step::json(200, body)]).await;
            let error = client(&server).exchange_auth_code(exchange()).await.unwrap_err();
            assert_eq!(describe(&error), "OutcomeUnknown(Unreadable)");
        }
    }

    #[tokio::test]
    async fn a_success_that_cannot_be_read_is_not_printed() {
        let body = format!(r#"{{"key":"{} "}}"#, canary::KEY);
        let server = Server::start([Step::json(200, body)]).await;
        let error = client(&server).exchange_auth_code(exchange()).await.unwrap_err();
        canary::assert_hidden(&canary::everything(&error), &canary::ALL);
    }

    #[test]
    fn a_verifier_of_another_length_is_an_error_and_no_panic() {
        for length in [0, 1, 42, 129, 1_000_000] {
            CodeVerifier::parse(&"v".repeat(length)).unwrap_err();
        }
    }

    #[test]
    fn a_request_does_not_print_its_code() {
        canary::assert_debug_hides(&exchange(), &canary::ALL);
        let create = CreateAuthCode::new(CallbackUrl::parse("https://my.app/").unwrap());
        assert!(format!("{create:?}").contains("my.app"));
    }
}

/// Programs that sign in by a callback.
mod login_helpers {
    use super::*;

    #[test]
    fn randomness_that_fails_does_not_become_zeros() {
        #[derive(Debug)]
        struct Failing;

        impl Entropy for Failing {
            fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
                bytes.fill(0);
                Err("no randomness".into())
            }
        }

        let builder = Client::builder().transport(Never::new()).timer(ManualTimer::new());
        let client = builder.entropy(Failing).build().unwrap();
        let error = client.authorize_headless().begin().unwrap_err();
        assert_eq!(describe(&error), "Randomness");
    }

    #[test]
    fn a_wrong_state_or_an_error_of_a_stranger_does_not_end_the_login() {
        // CVE-2026-42073: `error=` was honored before the nonce.
        let client = Client::builder().transport(Never::new()).timer(ManualTimer::new()).build().unwrap();
        let callback = CallbackUrl::parse("http://127.0.0.1:8080/callback").unwrap();
        let (_url, pending) = client.authorize(callback).begin().unwrap();
        let ours = query::target(pending.callback_url().unwrap().as_str()).to_owned();
        let stranger = pending.read_callback("/callback?error=access_denied");
        assert_eq!(stranger, Err(CallbackError::NotOurs));
        let wrong_state = pending.read_callback(&format!("{ours}?code=evil&state=evil"));
        assert_eq!(wrong_state, Err(CallbackError::StateMismatch));
        let code = pending.read_callback(&format!("{ours}?code=c0de"));
        assert_eq!(code.as_ref().map(AuthorizationCode::expose), Ok("c0de"));
        assert!(pending.is_fresh());
    }
}
