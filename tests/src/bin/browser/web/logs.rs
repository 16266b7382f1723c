//! The logs of the application and of its front end.
//!
//! `tests/web/secrets.rs` shows that the log of the application would have codes without its recipe.

use openrouter_oauth_tests::Result;

use super::{
    application::Application,
    deployment::{COOKIE_KEYS, VAULT_KEYS},
    tls_front_end::{CONTROLS, LOGS},
    web_user::{PASSPHRASE, WebUser},
};
use crate::expect::expect_eq;

pub(super) async fn without_secrets(user: &WebUser<'_>) -> Result {
    let deployment = user.deployment;
    let mut secrets: Vec<_> = deployment.secrets().iter().cloned().collect();
    for kind in ["attempt", "code", "session", "state"] {
        expect_eq(kind, &secrets.iter().any(|(found, _)| *found == kind), &true)?;
    }
    let known = [("passphrase", PASSPHRASE), ("cookie key", COOKIE_KEYS), ("vault key", VAULT_KEYS)];
    secrets.extend(known.map(|(kind, secret)| (kind, secret.to_owned())));

    let logged: Result<String> = deployment.instances.iter().map(Application::log).collect();
    let logged = logged?;
    expect_eq("whether the application's log has the level TRACE", &logged.contains("TRACE"), &true)?;
    expect_no_secret("the application's log", &logged, "path=\"/openrouter/callback/", &secrets)?;
    let Some(servers) = &deployment.behind_tls else { return Ok(()) };
    let [access, error] = LOGS.map(|name| servers.front_end.log(name));
    expect_no_secret("access.log", &access, " /openrouter/callback/", &secrets)?;
    // The scene in which all instances die leaves this message, which has the referrer if the browser sends one.
    expect_no_secret("error.log", &error, "\"GET /favicon.ico HTTP", &secrets)?;

    // Without the recipe, the same requests leave codes.
    let [access, error] = CONTROLS.map(|name| servers.front_end.log(name));
    for (name, log) in [("access.log without the recipe", &access), ("error.log without the recipe", &error)]
    {
        let has_code = secrets.iter().any(|(kind, secret)| *kind == "code" && log.contains(secret));
        expect_eq(&format!("whether {name} has a code"), &has_code, &true)?;
    }
    let has_referrer = error
        .lines()
        .any(|line| line.split_once("referrer: ").is_some_and(|(_, url)| url.contains("?code=")));
    expect_eq("whether the error log without the recipe has a code in a referrer", &has_referrer, &true)
}

/// Expects that a log has this message, but no secret.
fn expect_no_secret(name: &str, log: &str, message: &str, secrets: &[(&str, String)]) -> Result {
    expect_eq(&format!("whether {name} has {message}"), &log.contains(message), &true)?;
    for (kind, secret) in secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        expect_eq(&format!("the first line of {name} with a {kind}"), &line, &None)?;
    }
    expect_eq(&format!("whether {name} has a key"), &has_key(log), &false)
}

/// Returns whether the text contains a key, and not only one that is masked (`sk-or-v1-0e6...1c96`).
fn has_key(text: &str) -> bool {
    text.split("sk-or-v1-").skip(1).any(|rest| rest.chars().take_while(char::is_ascii_hexdigit).count() > 8)
}
