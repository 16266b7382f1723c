//! Creating an account, logging in, and logging out.

use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{StatusCode, header::SET_COOKIE};
use tower_sessions::Session;

use crate::{
    app::App,
    error::AppError,
    page,
    session::{self, cookie_name},
    users::{self, Credentials},
};

/// `POST /create-account`
pub(crate) async fn create(
    State(app): State<App>,
    session: Session,
    Form(new): Form<Credentials>,
) -> Result<Response, AppError> {
    if let Some(problem) = new.problem() {
        return Ok(page::log_in(StatusCode::BAD_REQUEST, Some(problem)));
    }
    let Some(user) = users::create(&app.database, new).await? else {
        return Ok(page::log_in(StatusCode::CONFLICT, Some("That name is taken. Choose another one.")));
    };
    if let Err(error) = session::start(&session, &user).await {
        AppError::from(error).log();
        let problem = "The account was created, but you could not be logged in. Log in with it later.";
        return Ok(page::log_in(StatusCode::SERVICE_UNAVAILABLE, Some(problem)));
    }
    Ok(Redirect::to("/").into_response())
}

/// `POST /login`
pub(crate) async fn log_in(
    State(app): State<App>,
    session: Session,
    Form(tried): Form<Credentials>,
) -> Result<Response, AppError> {
    // A name that nobody can have could be text that the database rejects.
    let user = if tried.problem().is_some() { None } else { users::find(&app.database, tried).await? };
    let Some(user) = user else {
        return Ok(page::log_in(StatusCode::FORBIDDEN, Some("The name or the passphrase is wrong.")));
    };
    session::start(&session, &user).await?;
    Ok(Redirect::to("/").into_response())
}

/// `POST /logout`
pub(crate) async fn log_out(State(app): State<App>, session: Session) -> Result<Response, AppError> {
    session.flush().await?;
    // Browsers ignore the layer's own removal of a cookie with the prefix `__Host-`, because it lacks `Secure`.
    let secure = if app.origin.is_https() { "; Secure" } else { "" };
    let removed = format!("{}=; Path=/; Max-Age=0{secure}", cookie_name(&app));
    Ok(([(SET_COOKIE, removed)], Redirect::to("/")).into_response())
}
