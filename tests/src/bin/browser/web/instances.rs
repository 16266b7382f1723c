//! Instances of the application: one without settings, and two of which one or both die.

use std::time::Duration;

use openrouter_oauth_emulator::Fault;
use openrouter_oauth_tests::{Result, query, servers::Redis};
use tempfile::TempDir;

use super::{
    application::Application,
    tls_front_end::{HOST, SIBLING},
    web_user::{ACCOUNT, LOG_IN, UNKNOWN, WebUser},
};
use crate::{
    expect::{expect_eq, expect_part},
    session::origin,
};

pub(super) async fn without_settings(user: &WebUser<'_>) -> Result {
    let folder = TempDir::new()?;
    let any_port = [("LISTEN", "127.0.0.1:0".to_owned())];
    let application = Application::start(&folder.path().join("log"), &any_port).await?;
    user.open(&application.origin, LOG_IN).await?;
    user.create_account(&user.name).await?;
    user.begin().await?;
    let log = application.log()?;
    let emulator = log.lines().find(|line| line.starts_with("Emulator")).unwrap_or_default();
    expect_part("the emulator", emulator, origin(&user.browser.url().await?))?;
    user.approve().await?;
    user.expect_connected().await
}

pub(super) async fn one_is_dead(user: &WebUser<'_>) -> Result {
    user.begin().await?;
    let begun = user.deployment.wait_for_log(&["method=POST", "path=\"/openrouter\""]).await?;
    let next = user.other_instance(begun)?;
    next.kill();
    let result = async {
        user.approve().await?;
        user.expect_connected().await?;
        user.expect_exchanges(1)
    };
    let result = result.await;
    next.restart().await?;
    result?;
    let callback = user.close().await?.iter().find(|response| response.url.contains("?code="));
    let path = callback.map(|response| query::target(&response.url).split('?').next().unwrap_or_default());
    expect_upstreams(user, path.ok_or("the browser opened no callback")?, &[next, begun]).await
}

pub(super) async fn one_dies(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    let path = query::target(&callback).split('?').next().unwrap_or_default();
    user.deployment.emulator().inject(Fault::delay(Duration::from_secs(60)).on("/auth/keys"));
    user.browser.navigate(&callback).await?;
    user.wait_for_exchange().await?;
    let dying = user.deployment.wait_for_log(&[path]).await?;
    let other = user.other_instance(dying)?;
    dying.kill();
    let waited = user.browser.wait_for_page("Please wait").await;
    dying.restart().await?;
    waited?;
    // The front end sent the request to the other instance too, which did not use the code.
    expect_upstreams(user, path, &[dying, other]).await?;
    user.expect_exchanges(1)?;
    age_claim(&user.deployment.servers()?.redis, path)?;
    user.reload(UNKNOWN).await?;
    user.expect_exchanges(1)
}

/// Expects that the front end sent the only request for a path to these instances, one after another.
async fn expect_upstreams(user: &WebUser<'_>, path: &str, instances: &[&Application]) -> Result {
    let upstreams = user.deployment.servers()?.front_end.wait_for_upstreams(path, 1).await?;
    let expected: Vec<_> = instances.iter().map(|instance| instance.address()).collect();
    expect_eq("the instances that got the callback", &upstreams, &vec![expected.join(", ")])
}

/// Makes the claim of the attempt with this callback older by two minutes, as if the user came back later.
fn age_claim(redis: &Redis, callback: &str) -> Result {
    let attempt = callback.rsplit('/').next().unwrap_or_default();
    let script = "for _, key in ipairs(redis.call('KEYS', '*' .. ARGV[1])) do \
        local owner, since = string.match(redis.call('GET', key), '^([^:]*):(%d+)$') \
        if owner then redis.call('SET', key, string.format('%s:%.0f', owner, since - 120000), 'KEEPTTL') end end";
    let response = redis.run(&format!("EVAL \"{script}\" 0 {attempt}"));
    expect_eq("the response of Redis", &response.as_str(), &"$-1")
}

pub(super) async fn all_die(user: &WebUser<'_>) -> Result {
    let callback = user.begin_and_approve().await?;
    user.deployment.instances.iter().for_each(Application::kill);
    let opened = open_while_down(user, &callback).await;
    user.deployment.restart_instances().await?;
    opened?;
    user.expect_exchanges(0)?;
    user.reload(ACCOUNT).await?;
    user.expect_connected().await?;
    expect_eq("attempts", &user.attempts().await?.len(), &1)?;
    user.expect_exchanges(1)
}

/// Opens the callback without the recipe for logs, and then with it. Requests an icon for the front end's page, as
/// browsers do.
async fn open_while_down(user: &WebUser<'_>, callback: &str) -> Result {
    for url in [callback.replacen(HOST, SIBLING, 1).as_str(), callback] {
        user.open(url, "502 Bad Gateway").await?;
        let fetched = "fetch('/favicon.ico').then((response) => response.status)";
        expect_eq("the status of the icon", &user.browser.await_promise(fetched).await?, &502.into())?;
    }
    Ok(())
}
