//! The code of `docs/sessions.md`.

use axum::{
    Router,
    http::{StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Redirect},
    routing::post,
};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::{SameSite, time::Duration},
};

/// Adds sessions to the routes of the application, with a store that survives a restart.
fn with_sessions<S: SessionStore + Clone>(routes: Router, store: S) -> Router {
    let layer = SessionManagerLayer::new(store)
        // Browsers accept this prefix only with `Secure` and the path `/`, and never from a sibling domain.
        .with_name("__Host-session")
        .with_secure(true)
        .with_same_site(SameSite::Lax)
        // In spite of the name, seven days after the login: only a change of the session prolongs it.
        .with_expiry(Expiry::OnInactivity(Duration::days(7)));
    routes.route("/logout", post(log_out)).layer(layer)
}

async fn log_out(session: Session) -> Result<impl IntoResponse, StatusCode> {
    session.flush().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    // The layer removes the cookie without `Secure`, and browsers ignore that for this prefix.
    let removal = "__Host-session=; Path=/; Max-Age=0; Secure";
    Ok(([(SET_COOKIE, removal)], Redirect::to("/")))
}

mod tests {
    use std::sync::Arc;

    use axum::{body::Body, http::Request, routing::get};
    use tokio::sync::Barrier;
    use tower_sessions::MemoryStore;

    use super::*;
    use crate::support::{Page, call};

    fn routes(others: Router) -> Router {
        let log_in = |session: Session| async move { session.insert("user_id", "17").await.unwrap() };
        let home = |session: Session| async move {
            session.get::<String>("user_id").await.unwrap().unwrap_or_default()
        };
        let routes = others.route("/", get(home)).route("/login", post(log_in));
        with_sessions(routes, MemoryStore::default())
    }

    async fn send(routes: &Router, method: &str, path: &str, cookie: &str) -> Page {
        let request = Request::builder().method(method).uri(path).header("cookie", cookie);
        call(routes, request.body(Body::empty()).unwrap()).await
    }

    #[tokio::test]
    async fn session_cookie_survives_the_way_back_until_log_out() {
        let routes = routes(Router::new());
        let logged_in = send(&routes, "POST", "/login", "").await;
        let cookie = logged_in.header("set-cookie").to_owned();
        for attribute in ["__Host-session=", "; SameSite=Lax", "; Secure", "; Path=/", "; HttpOnly"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap();
        let home = send(&routes, "GET", "/", cookie).await;
        assert_eq!(home.body, "17");
        assert_eq!(home.header("set-cookie"), "");
        let logged_out = send(&routes, "POST", "/logout", cookie).await;
        let removals: Vec<_> = logged_out.headers.get_all("set-cookie").iter().collect();
        assert!(
            removals.iter().any(|removal| *removal == "__Host-session=; Path=/; Max-Age=0; Secure"),
            "{removals:?}"
        );
        assert_eq!(send(&routes, "GET", "/", cookie).await.body, "");
    }

    #[tokio::test]
    async fn running_request_does_not_undo_log_out() {
        let barrier = Arc::new(Barrier::new(2));
        let running = Arc::clone(&barrier);
        let slow = |session: Session| async move {
            assert_eq!(session.get::<String>("user_id").await.unwrap().as_deref(), Some("17"));
            running.wait().await;
            running.wait().await;
        };
        let routes = routes(Router::new().route("/slow", get(slow)));
        let logged_in = send(&routes, "POST", "/login", "").await;
        let cookie = logged_in.header("set-cookie").split(';').next().unwrap();
        let log_out = async {
            barrier.wait().await;
            send(&routes, "POST", "/logout", cookie).await;
            barrier.wait().await;
        };
        let (slow, ()) = tokio::join!(send(&routes, "GET", "/slow", cookie), log_out);
        assert_eq!(slow.header("set-cookie"), "");
        assert_eq!(send(&routes, "GET", "/", cookie).await.body, "");
    }
}
