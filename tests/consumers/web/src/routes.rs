//! The routes of the application.

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{from_fn_with_state, map_response, map_response_with_state},
    routing::{get, post},
};
use http::StatusCode;
use openrouter_oauth_axum::CookieKeys;
use tower_http::trace::TraceLayer;

use crate::{
    accounts, app::App, connect, headers, home, page, same_origin, session, settings::InvalidSetting,
};

pub(crate) fn routes(app: App, keys: CookieKeys, redis_url: Option<&str>) -> Result<Router, InvalidSetting> {
    let pages = Router::new()
        .route("/", get(home::show))
        .route("/login", post(accounts::log_in))
        .route("/create-account", post(accounts::create))
        .route("/logout", post(accounts::log_out))
        .route("/disconnect", post(home::disconnect))
        .route("/forget-link", post(home::forget_link))
        .layer(DefaultBodyLimit::max(8 * 1024))
        .layer(from_fn_with_state(app.clone(), same_origin::check));
    let with_sessions = session::with_sessions(pages.merge(connect::routes(&app, keys, redis_url)?), &app);
    let log = TraceLayer::new_for_http().make_span_with(|request: &Request| {
        // Without the query, which contains the code of a callback.
        tracing::info_span!("request", method = %request.method(), path = request.uri().path())
    });
    // `merge` drops the fallback of `pages`, so only layers that are added after it apply to unknown paths.
    Ok(with_sessions
        .route("/style.css", get(page::style))
        .route("/health", get(StatusCode::OK))
        .layer(map_response(page::instead_of_text))
        .layer(map_response_with_state(app.clone(), headers::add))
        .layer(log)
        .with_state(app))
}
