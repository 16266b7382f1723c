//! `pkce`: creates a verifier and its challenge.

use openrouter_oauth::Pkce;
use serde::Serialize;

use crate::{exit::Failure, output::Output};

pub(crate) fn run(output: Output) -> Result<(), Failure> {
    let pkce = Pkce::generate()?;
    let pair = Pair {
        verifier: pkce.verifier().expose(),
        challenge: pkce.challenge().as_str(),
        method: Pkce::METHOD.as_str(),
    };
    if output.is_json() {
        return Output::json(&pair);
    }
    output.text(&format!("code_verifier={}", pair.verifier))?;
    output.text(&format!("code_challenge={}", pair.challenge))?;
    output.text(&format!("code_challenge_method={}", pair.method))
}

#[derive(Serialize)]
struct Pair<'a> {
    #[serde(rename = "code_verifier")]
    verifier: &'a str,
    #[serde(rename = "code_challenge")]
    challenge: &'a str,
    #[serde(rename = "code_challenge_method")]
    method: &'a str,
}
