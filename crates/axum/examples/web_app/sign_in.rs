//! This file is the sign-in. `app.rs` and `main.rs` are the application around it.

use axum::{Router, extract::State, http::Response, response::Result};
use openrouter_oauth::Client;
use openrouter_oauth_axum::{Callback, CookieKeys, OneProcessClaims, SealedKey, SignIn, SignInRouter, web};

use crate::app::{App, AppError, User};

impl openrouter_oauth_axum::Subject for User {
    fn subject(&self) -> std::borrow::Cow<'_, str> {
        self.id.as_str().into()
    }
}

pub(crate) fn routes(client: Client, origin: &str, keys: CookieKeys) -> Result<Router<App>, web::BuildError> {
    // Room for 10,000 callbacks in 65 minutes.
    let sign_in = SignIn::builder(client, origin, keys, OneProcessClaims::new(10_000)).key_label("my app");
    Ok(sign_in.build()?.router::<User, _, _>(connected))
}

async fn connected(user: User, State(app): State<App>, callback: Callback) -> Result<Response<String>> {
    let connected = callback.finish(&user).await?;
    let sealed = SealedKey::seal(&app.vault, &user.id, connected.key()).map_err(AppError::from)?;
    app.store_key(&user.id, sealed.as_str());
    Ok(connected.done().await)
}
