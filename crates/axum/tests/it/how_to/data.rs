//! The data of `docs/custom-pages.md`.

use axum::{
    Extension, Router,
    extract::{Path, Request},
    http::Response,
    response::Result,
    routing::post,
};
use openrouter_oauth_axum::{Callback, SignIn, SignInRouter};
use openrouter_oauth_emulator::Emulator;

use crate::support::{APP, Browser, LocalUser as User, sign_in};

fn routes(sign_in: SignIn) -> Router {
    Router::new()
        .route("/connect/{project}", post(begin))
        .merge(sign_in.router::<User, _, _>(connected))
        .layer(Extension(sign_in))
}

async fn begin(
    user: User,
    Path(project): Path<u64>,
    Extension(sign_in): Extension<SignIn>,
    request: Request,
) -> Response<String> {
    let (parts, _) = request.into_parts();
    sign_in.begin(&parts, &user, Some(&format!("/projects/{project}")), project.to_string().as_bytes())
}

async fn connected(user: User, callback: Callback) -> Result<Response<String>> {
    let connected = callback.finish(&user).await?;
    assert_eq!(connected.data(), b"7");
    Ok(connected.done().await)
}

#[tokio::test]
async fn own_handler_begins_with_data() {
    let (emulator, mut browser) = (Emulator::new(), Browser::default());
    let routes = routes(sign_in(&emulator, "/openrouter"));
    let callback = browser.begin(&routes, &emulator, "/connect/7").await;
    let page = browser.get(&routes, &callback).await;
    assert_eq!((page.status.as_u16(), page.header("location")), (303, &*format!("{APP}/projects/7")));
}
