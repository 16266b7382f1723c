//! Names, passphrases, sessions, and forms of other sites.

use http::{
    Request, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS},
};

use crate::{
    Result,
    browser::{Browser, PASSPHRASE},
    instance::{Instance, Testbed},
};

#[tokio::test]
async fn wrong_passphrase_and_unknown_name_get_the_same_response() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    Browser::new(&instance.url).create_account("alice").await?;

    let mut mallory = Browser::new(&instance.url);
    let wrong = mallory.log_in("alice", "wrong passphrase").await?;
    let unknown = mallory.log_in("bob", PASSPHRASE).await?;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert_eq!(wrong.text("problem"), Some("The name or the passphrase is wrong."));
    assert_eq!((wrong.status, wrong.html), (unknown.status, unknown.html));
    assert!(mallory.cookies.is_empty());

    let taken = mallory.create_account("alice").await?;
    assert_eq!((taken.status, taken.title()), (StatusCode::CONFLICT, "Log in"));
    assert_eq!(mallory.log_in("alice", PASSPHRASE).await?.location(), "/");
    assert!(mallory.get("/").await?.html.contains("logged in as alice"));
    Ok(())
}

#[tokio::test]
async fn bad_names_and_passphrases_are_rejected() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    let mut browser = Browser::new(&instance.url);
    let long = "x".repeat(65);
    for (name, passphrase) in [
        ("", PASSPHRASE),
        ("+", PASSPHRASE),
        (&*long, PASSPHRASE),
        ("%00", PASSPHRASE),
        ("%E2%80%AEevil", PASSPHRASE),
        ("a%E2%80%8B", PASSPHRASE),
        ("e%CC%81", PASSPHRASE),
        ("%FF", PASSPHRASE),
        ("alice", "short"),
        ("alice", "%FF%FF%FF%FF%FF%FF%FF%FF"),
    ] {
        let form = format!("name={name}&passphrase={passphrase}");
        assert_eq!(browser.post("/create-account", &form).await?.status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!(browser.post("/login", &form).await?.status, StatusCode::FORBIDDEN, "{form}");
    }
    let huge = format!("name=alice&passphrase={}", "x".repeat(10_000));
    assert_eq!(browser.post("/create-account", &huge).await?.status, StatusCode::PAYLOAD_TOO_LARGE);

    let padded = format!("name=++z%C3%B6e+&passphrase={PASSPHRASE}").replace(' ', "+");
    assert_eq!(browser.post("/create-account", &padded).await?.location(), "/");
    assert_eq!(browser.log_in("z%C3%B6e", PASSPHRASE).await?.location(), "/");
    assert!(browser.get("/").await?.html.contains("logged in as z\u{f6}e."));
    Ok(())
}

#[tokio::test]
async fn account_without_a_session_is_not_reported_as_a_failure() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    let mut alice = Browser::new(&instance.url);
    let database = testbed.database().await?;
    let trigger =
        "CREATE TRIGGER full BEFORE INSERT ON tower_sessions BEGIN SELECT RAISE(ABORT, 'full'); END";
    sqlx::query(trigger).execute(&database).await?;
    let page = alice.create_account("alice").await?;
    assert_eq!((page.status, page.title()), (StatusCode::SERVICE_UNAVAILABLE, "Log in"));
    assert!(page.text("problem").unwrap().starts_with("The account was created"));
    sqlx::query("DROP TRIGGER full").execute(&database).await?;
    assert_eq!(alice.log_in("alice", PASSPHRASE).await?.location(), "/");
    Ok(())
}

#[tokio::test]
async fn all_errors_are_pages_that_cannot_be_framed() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    let mut browser = Browser::new(&instance.url);
    let huge = "x".repeat(10_000);
    let pages = [
        (StatusCode::NOT_FOUND, browser.get("/nope").await?),
        (StatusCode::NOT_FOUND, browser.post("/nope", "").await?),
        (StatusCode::NOT_FOUND, browser.get("/openrouter/nope").await?),
        (StatusCode::METHOD_NOT_ALLOWED, browser.get("/login").await?),
        (StatusCode::UNPROCESSABLE_ENTITY, browser.post("/login", "name=alice").await?),
        (StatusCode::PAYLOAD_TOO_LARGE, browser.post("/login", &huge).await?),
        (StatusCode::FORBIDDEN, browser.send(Request::post(format!("{}/login", instance.url)), "").await?),
    ];
    for (status, page) in pages {
        assert_eq!(page.status, status);
        assert!(page.html.starts_with("<!doctype html>"), "{}", page.html);
        let policy = page.headers[CONTENT_SECURITY_POLICY].to_str()?;
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.headers[CACHE_CONTROL], "private, no-store");
        assert_eq!(page.headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
    Ok(())
}

#[tokio::test]
async fn forms_of_other_origins_do_nothing() -> Result {
    let testbed = Testbed::new().await?;
    let (_instance, mut alice) = testbed.connected().await?;
    for path in ["/create-account", "/login", "/logout", "/disconnect", "/forget-link", "/openrouter"] {
        for origin in [None, Some("null"), Some("https://evil.example")] {
            let mut request = Request::post(format!("{}{path}", alice.url));
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let response = alice.send(request, "").await?;
            assert_eq!(response.status, StatusCode::FORBIDDEN, "{path} from {origin:?}");
            assert!(response.headers.get(SET_COOKIE).is_none());
        }
    }
    assert_eq!(alice.get("/").await?.text("status"), Some("OpenRouter is connected."));
    Ok(())
}

#[tokio::test]
async fn logging_in_replaces_the_session_and_logging_out_ends_it() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    let mut alice = Browser::new(&instance.url);
    let created = alice.create_account("alice").await?;
    let cookie = created.headers[SET_COOKIE].to_str()?;
    assert!(
        cookie.starts_with("session=") && cookie.contains("; HttpOnly; SameSite=Lax; Path=/"),
        "{cookie}"
    );
    assert!(!cookie.contains("Secure"), "{cookie}");

    let first = alice.cookies.clone();
    alice.log_in("alice", PASSPHRASE).await?;
    assert_ne!(alice.cookies, first);
    let second = alice.cookies.clone();
    alice.post("/logout", "").await?;
    assert!(alice.cookies.is_empty());
    for cookies in [first, second] {
        alice.cookies = cookies;
        assert_eq!(alice.get("/").await?.title(), "Log in");
    }
    Ok(())
}

#[tokio::test]
async fn session_cookie_over_https_has_the_host_prefix() -> Result {
    let testbed = Testbed::new().await?;
    // Port 0 would not do: the program shows only the origin, as if a proxy were in front of it.
    let listen = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let mut program = testbed.program();
    let instance = Instance::start(program.env("ORIGIN", "https://my.app").env("LISTEN", &listen))?;
    assert_eq!(instance.url, "https://my.app");
    let mut alice = Browser::new(&format!("http://{listen}"));
    alice.origin = instance.url.clone();

    let created = alice.create_account("alice").await?;
    let cookie = created.headers[SET_COOKIE].to_str()?;
    assert!(
        cookie.starts_with("__Host-session=") && cookie.contains("; SameSite=Lax; Secure; Path=/"),
        "{cookie}"
    );
    assert_eq!(alice.connect().await?.text("status"), Some("OpenRouter is connected."));

    let ended = alice.post("/logout", "").await?;
    let removed = "__Host-session=; Path=/; Max-Age=0; Secure";
    assert!(ended.headers.get_all(SET_COOKIE).iter().any(|cookie| cookie == removed));
    Ok(())
}
