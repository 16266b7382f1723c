//! The exchange through the SDK with its defaults: retries, deadline, limit on the body, and redaction are on.

use openrouter_oauth::{
    AuthorizationCode, Client, CodeChallengeMethod, ExchangeAuthCode, models::CodeVerifier,
};
use openrouter_oauth_tests::Result;

use crate::canned;

/// Exchanges the canned code this many times in sequence.
pub(crate) async fn exchange(server: &str, exchanges: u32) -> Result<()> {
    let client = Client::builder().base_url(server).build()?;
    for _ in 0..exchanges {
        let code = AuthorizationCode::parse(canned::CODE)?;
        let verifier = CodeVerifier::parse(canned::VERIFIER)?;
        let request = ExchangeAuthCode::new(code).pkce(verifier, CodeChallengeMethod::S256);
        let grant = client.exchange_auth_code(request).await?;
        assert_eq!((grant.key.expose(), grant.user_id.as_deref()), (canned::KEY, Some(canned::USER)));
    }
    Ok(())
}
