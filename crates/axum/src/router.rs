//! The routes of a sign-in, and the task in which a callback runs.

use std::panic::resume_unwind;

use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    handler::Handler,
    response::{IntoResponse, Response},
    routing::any,
};
use http::StatusCode;
use openrouter_oauth_web::{Route, SignIn, Subject, harden};

use crate::{
    callback::Mounted,
    nested_routes::{NestedRoutes, reject_nested},
};

/// Gives [`SignIn`] its axum routes.
pub trait SignInRouter {
    /// Returns the routes of the [mount](SignIn::mount) and of everything under it, for [`Router::merge`].
    ///
    /// * `U` is the application's extractor of its user or session. If it rejects a request, its rejection is the
    ///   response, and nothing begins.
    /// * `connected` handles the callback. It takes any extractors, with [`Callback`](crate::Callback) as the last one.
    ///   It calls [`finish`](crate::Callback::finish), stores the key, and returns [`done`](crate::Connected::done). If
    ///   one of its extractors rejects the request, nothing is claimed or sent, and the attempt continues.
    ///
    /// A `connected` that ignores its `Callback` exchanges nothing, and the attempt continues.
    ///
    /// Every response of the router has the headers of [`harden`](crate::harden), including those of `connected` and of
    /// rejections. A panic of `connected` is not a response: it reaches the layers around the router.
    ///
    /// Do not nest these routes: use [`nested_router`](Self::nested_router). Nested at `/outer`, they
    /// are served under `/outer` followed by the mount, and respond there with 500 and a text that names `nested_router`.
    ///
    /// `connected` runs in a task of its own, so it completes even if the browser goes away. A timeout of a middleware
    /// ends only the waiting. The end of the runtime ends the task, so [wait for
    /// it](crate::how_to::shutdown). Otherwise, the users of unfinished exchanges learn that the outcome is unknown. Spans
    /// and task-local values of a middleware do not reach the task, but the request's extensions do.
    fn router<U, T, S>(&self, connected: impl Handler<T, S>) -> Router<S>
    where
        U: FromRequestParts<S> + Subject + 'static,
        T: 'static,
        S: Clone + Send + Sync + 'static;

    /// Returns the same routes without the mount, for [`Router::nest`].
    ///
    /// Use it if the application sees other paths than the browser, because an outer router or a proxy strips the
    /// beginning. The mount stays the whole path that the browser sees, such as `/team/openrouter` here:
    ///
    /// ```
    /// use axum::{Router, extract::FromRequestParts};
    /// use openrouter_oauth_axum::{SignIn, SignInRouter, Subject};
    /// # use openrouter_oauth_axum::{Callback, NotConnected};
    /// # async fn connected(callback: Callback) -> Result<http::Response<String>, NotConnected> {
    /// #     Ok(callback.finish("17").await?.done().await)
    /// # }
    ///
    /// fn routes<User>(sign_in: &SignIn) -> Router
    /// where
    ///     User: FromRequestParts<()> + Subject + 'static,
    /// {
    ///     assert_eq!(sign_in.mount(), "/team/openrouter");
    ///     let team = Router::new().nest("/openrouter", sign_in.nested_router::<User, _, _>(connected));
    ///     Router::new().nest("/team", team)
    /// }
    /// ```
    ///
    /// `nest` leaves one path under the mount to the outer router: the mount with a slash at its end, here
    /// `/team/openrouter/`. Such a response does not have the headers of [`harden`](crate::harden). With
    /// [`Router::nest_service`], which takes a router that has its state, these routes serve that path too.
    fn nested_router<U, T, S>(&self, connected: impl Handler<T, S>) -> Router<S>
    where
        U: FromRequestParts<S> + Subject + 'static,
        T: 'static,
        S: Clone + Send + Sync + 'static;
}

impl SignInRouter for SignIn {
    fn router<U, T, S>(&self, connected: impl Handler<T, S>) -> Router<S>
    where
        U: FromRequestParts<S> + Subject + 'static,
        T: 'static,
        S: Clone + Send + Sync + 'static,
    {
        let mount = self.mount();
        let paths = [mount, &[mount, "/"].concat(), &[mount, "/{*rest}"].concat()];
        routes::<U, T, S>(self, connected, &paths, reject_nested)
    }

    fn nested_router<U, T, S>(&self, connected: impl Handler<T, S>) -> Router<S>
    where
        U: FromRequestParts<S> + Subject + 'static,
        T: 'static,
        S: Clone + Send + Sync + 'static,
    {
        routes::<U, T, S>(self, connected, &["/", "/{*rest}"], |_| Ok(()))
    }
}

fn routes<U, T, S>(
    sign_in: &SignIn,
    connected: impl Handler<T, S>,
    paths: &[&str],
    check: fn(&Request) -> Result<(), NestedRoutes>,
) -> Router<S>
where
    U: FromRequestParts<S> + Subject + 'static,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    let sign_in = sign_in.clone();
    let respond = any(move |State(state): State<S>, request: Request| async move {
        let mut response = match check(&request) {
            Ok(()) => respond::<U, T, S>(sign_in, connected, state, request).await,
            Err(error) => error.into_response(),
        };
        harden(&mut response);
        response
    });
    paths.iter().fold(Router::new(), |router, path| router.route(path, respond.clone()))
}

async fn respond<U, T, S>(
    sign_in: SignIn,
    connected: impl Handler<T, S>,
    state: S,
    request: Request,
) -> Response
where
    U: FromRequestParts<S> + Subject,
    S: Send + Sync + 'static,
{
    let (mut parts, body) = request.into_parts();
    match sign_in.route(&parts) {
        Route::Begin => match U::from_request_parts(&mut parts, &state).await {
            Ok(user) => {
                let return_to = SignIn::return_to(&parts);
                sign_in.begin(&parts, &user, return_to.as_deref(), b"").into_response()
            }
            Err(rejection) => rejection.into_response(),
        },
        Route::Callback => {
            parts.extensions.insert(Mounted(sign_in));
            in_own_task(connected.call(Request::from_parts(parts, body), state)).await
        }
        Route::Other(response) => response.into_response(),
    }
}

/// Runs the handler to its end, even if nobody waits for the response anymore.
async fn in_own_task(handler: impl Future<Output = Response> + Send + 'static) -> Response {
    match tokio::spawn(handler).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            // As without the task: the server or a middleware handles the panic.
            Ok(panic) => resume_unwind(panic),
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}
