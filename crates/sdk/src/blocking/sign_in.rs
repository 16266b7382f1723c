//! The exchange of a sign-in's code for a key.

use openrouter_oauth_models::{ApiKeyGrant, AuthorizationCode};
use openrouter_oauth_transport::block_on;

use super::client::Client;
use crate::{
    error::Error,
    sign_in::pending::{AnySignIn, HeadlessSignIn, PendingSignIn},
};

macro_rules! exchange_blocking {
    ($($sign_in:ident)*) => {$(
        impl $sign_in {
            /// Exchanges `code` for a key, like [`exchange`](Self::exchange), and blocks until it ends.
            ///
            /// # Errors
            ///
            /// See [`PendingSignIn::exchange`].
            pub fn exchange_blocking(
                &mut self,
                client: &Client,
                code: &AuthorizationCode,
            ) -> Result<ApiKeyGrant, Error> {
                block_on(self.exchange(client.inner(), code))
            }
        }
    )*};
}

exchange_blocking! { PendingSignIn HeadlessSignIn AnySignIn }
