//! Tests a program in memory. The program sends its requests through a `Transport`, which the emulator implements.
//!
//! The tests are at the end of this file:
//!
//! ```sh
//! cargo test -p openrouter-oauth-emulator --example in_memory
//! cargo run -p openrouter-oauth-emulator --example in_memory
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use http::{Request, StatusCode};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};
use openrouter_oauth_transport::{Limits, Transport};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::new();
    let program = Program { transport: emulator.clone() };
    let callback = approve(&emulator).await?;
    let key = program.finish(&callback).await?;
    println!("Signed in, with a key of {} characters.", key.len());
    for entry in emulator.log() {
        println!("{} {} {:?}", entry.method, entry.path, entry.status);
    }
    Ok(())
}

/// The program under test. In production, its transport sends requests over the network.
struct Program<T> {
    transport: T,
}

const CALLBACK: &str = "https://my.app/callback";

// RFC 7636, appendix B. A real program generates a random verifier for each sign-in.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Returns the URL of the consent page.
fn authorize_url() -> String {
    format!(
        "https://openrouter.ai/auth?callback_url={CALLBACK}&code_challenge={CHALLENGE}\
         &code_challenge_method=S256"
    )
}

impl<T: Transport> Program<T> {
    /// Finishes the sign-in with the URL of the callback request and returns the API key.
    async fn finish(&self, callback: &str) -> Result<String, Box<dyn Error>> {
        let (_, code) = callback.split_once("?code=").ok_or("the user declined")?;
        let body = json!({ "code": code, "code_verifier": VERIFIER, "code_challenge_method": "S256" });
        let request = Request::post("https://openrouter.ai/api/v1/auth/keys")
            .header("content-type", "application/json")
            .body(body.to_string().into())?;
        let response = self.transport.send(request, Limits::default()).await?;
        let body: Value = serde_json::from_slice(response.body())?;
        let text = |pointer| body.pointer(pointer).and_then(Value::as_str);
        let message = text("/error/message").unwrap_or_default();
        match (response.status(), text("/key")) {
            (StatusCode::OK, Some(key)) => Ok(key.to_owned()),
            _ => Err(format!("OpenRouter rejected the code: {message}").into()),
        }
    }
}

/// Approves the program's request as the user would and returns the URL that the browser is redirected to.
async fn approve(emulator: &Emulator) -> Result<String, Box<dyn Error>> {
    match User::new(emulator.clone()).approve(&authorize_url(), Some(5.0)).await? {
        DecisionOutcome::Redirected(callback) => Ok(callback),
        outcome => Err(format!("unexpected outcome: {outcome:?}").into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use openrouter_oauth_emulator::Fault;

    use super::*;

    #[test]
    fn example_runs() {
        main().unwrap();
    }

    #[tokio::test]
    async fn approved_sign_in_returns_a_key() {
        let emulator = Emulator::new();
        let program = Program { transport: emulator.clone() };
        let callback = approve(&emulator).await.unwrap();
        assert!(program.finish(&callback).await.unwrap().starts_with("sk-or-v1-"));
        assert_eq!(emulator.posts("/auth/keys"), 1);
    }

    #[tokio::test]
    async fn denial_sends_no_code() {
        let emulator = Emulator::new();
        let program = Program { transport: emulator.clone() };
        let outcome = User::new(emulator.clone()).deny(&authorize_url()).await.unwrap();
        let DecisionOutcome::Redirected(callback) = outcome else { panic!("{outcome:?}") };
        assert_eq!(program.finish(&callback).await.unwrap_err().to_string(), "the user declined");
        assert_eq!(emulator.posts("/auth/keys"), 0);
    }

    #[tokio::test]
    async fn expired_code_is_reported() {
        let emulator = Emulator::new();
        let program = Program { transport: emulator.clone() };
        let callback = approve(&emulator).await.unwrap();
        emulator.advance(Duration::from_secs(10 * 60));
        let error = program.finish(&callback).await.unwrap_err().to_string();
        assert!(error.contains("expired"), "{error}");
    }

    #[tokio::test]
    async fn lost_response_is_an_error() {
        let emulator = Emulator::new();
        let program = Program { transport: emulator.clone() };
        let callback = approve(&emulator).await.unwrap();
        emulator.inject(Fault::drop_after_commit().on("/auth/keys"));
        assert!(program.finish(&callback).await.is_err());
        assert_eq!(emulator.posts("/auth/keys"), 1);
    }
}
