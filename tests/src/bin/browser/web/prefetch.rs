//! Callbacks that the browser fetches before the user opens them.

use openrouter_oauth_tests::{Result, query};
use serde_json::json;

use super::web_user::{ACCOUNT, WebUser};
use crate::expect::expect_eq;

pub(super) async fn prefetch(user: &WebUser<'_>) -> Result {
    let link = "const link = document.createElement('link');
        link.rel = 'prefetch'; link.href = url;
        const ended = new Promise((resolve) => { link.onload = link.onerror = resolve; });
        document.head.append(link); await ended;";
    fetch_ahead(user, link, "prefetch").await
}

pub(super) async fn prerender(user: &WebUser<'_>) -> Result {
    let rules = "const rules = document.head.appendChild(document.createElement('script'));
        rules.type = 'speculationrules';
        rules.textContent = JSON.stringify({prerender: [{source: 'list', urls: [url], eagerness: 'immediate'}]});";
    fetch_ahead(user, rules, "prefetch;prerender").await
}

/// Lets a page of the application fetch the callback with this script, then opens the callback.
async fn fetch_ahead(user: &WebUser<'_>, script: &str, purpose: &str) -> Result {
    let callback = user.begin_and_approve().await?;
    // The application's page would block this. Other applications allow it.
    user.browser.devtools("Page.setBypassCSP", json!({"enabled": true})).await?;
    user.go_home(ACCOUNT).await?;
    user.browser
        .await_promise(&format!("(async () => {{ const url = {}; {script} }})()", json!(callback)))
        .await?;
    let path = query::target(&callback).split('?').next().unwrap_or_default();
    user.deployment.wait_for_log(&[path, "status=503"]).await?;
    if let Some(servers) = &user.deployment.behind_tls {
        servers.front_end.wait_for_upstreams(path, 1).await?;
    }
    // Nothing tells the page that a prerender has ended, and opening the callback before would cancel it. In practice,
    // the browser has its response once it has that to a later request.
    user.browser.await_promise("fetch('/health')").await?;
    user.expect_exchanges(0)?;
    user.open(&callback, ACCOUNT).await?;
    user.expect_connected().await?;
    user.expect_exchanges(1)?;

    let responses = user.close().await?.iter().filter(|response| response.url == callback);
    let responses: Vec<_> = responses
        .map(|response| {
            (response.request_headers.get("sec-purpose").map_or("", String::as_str), response.status)
        })
        .collect();
    expect_eq("the purposes and statuses", &responses, &vec![(purpose, 503), ("", 303)])
}
