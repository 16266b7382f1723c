//! The code of `docs/several-instances.md`.

use std::error::Error;

use openrouter_oauth::Client;
use openrouter_oauth_axum::{CookieKeys, RedisClaims, SignIn};

/// Creates the sign-in of one instance. All arguments are the same on every instance.
fn sign_in(client: Client, origin: &str, cookie_keys: &str, redis: &str) -> Result<SignIn, Box<dyn Error>> {
    // It connects with the first claim, and connects again after an error.
    let claims = RedisClaims::open(redis)?;
    Ok(SignIn::builder(client, origin, CookieKeys::parse(cookie_keys)?, claims)
        .key_label("my app")
        .build()?)
}

mod tests {
    use axum::Router;
    use openrouter_oauth_axum::SignInRouter as _;
    use openrouter_oauth_emulator::Emulator;

    use super::*;
    use crate::support::{APP, Browser, LocalUser, client, connected};

    #[tokio::test]
    async fn instances_share_cookies_and_send_nothing_without_redis() {
        let (emulator, mut browser) = (Emulator::new(), Browser::default());
        let [old, new] = ["0123456789abcdef", "fedcba9876543210"].map(|digits| digits.repeat(4));
        let instance = |keys: &str| {
            let sign_in = sign_in(client(&emulator), APP, keys, "redis://127.0.0.1:1/").unwrap();
            Router::new().merge(sign_in.router::<LocalUser, _, _>(connected))
        };
        let (first, second) = (instance(&format!("{old},{new}")), instance(&format!("{new},{old}")));
        let callback = browser.begin(&first, &emulator, "/openrouter").await;
        let page = browser.get(&second, &callback).await;
        // A cookie that it could not open would be another page.
        assert!(page.body.contains("Please try again"), "{page:?}");
        assert_eq!(emulator.posts("/auth/keys"), 0);
    }
}
