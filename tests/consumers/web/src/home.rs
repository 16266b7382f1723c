//! The page of the user, and its buttons.

use axum::{
    Form,
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use serde::Deserialize;

use crate::{app::App, error::AppError, home_page, key_state::KeyState, page, stored_key, users::User};

/// `GET /`
pub(crate) async fn show(
    user: Option<User>,
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Response, AppError> {
    let Some(user) = user else {
        let ended = query.as_deref() == Some("session=ended");
        let problem = ended.then_some("Your session has ended, so nothing was done. Log in, and try again.");
        return Ok(page::log_in(StatusCode::OK, problem));
    };
    let state = KeyState::refresh(&app, &user).await;
    let old_links = stored_key::old_links(&app, &user).await?;
    Ok(home_page::show(&user, &state, &old_links))
}

/// `POST /disconnect`
pub(crate) async fn disconnect(user: User, State(app): State<App>) -> Result<Response, AppError> {
    stored_key::remove(&app, &user).await?;
    Ok(Redirect::to("/").into_response())
}

/// `POST /forget-link`
pub(crate) async fn forget_link(
    user: User,
    State(app): State<App>,
    Form(deleted): Form<DeletedKey>,
) -> Result<Response, AppError> {
    stored_key::forget_link(&app, &user, &deleted.link).await?;
    Ok(Redirect::to("/").into_response())
}

/// The form of a key that the user has deleted at OpenRouter.
#[derive(Deserialize)]
pub(crate) struct DeletedKey {
    link: String,
}
