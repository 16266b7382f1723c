//! `exchange-token`: exchanges an identity provider's JWT for an access token.

use openrouter_oauth::{Client, ExchangeToken, SubjectToken};

use crate::{args::ExchangeTokenOptions, exit::Failure, input, output::Output};

pub(crate) async fn run(
    options: ExchangeTokenOptions,
    client: &Client,
    output: Output,
) -> Result<(), Failure> {
    let jwt = input::secret("OPENROUTER_SUBJECT_TOKEN", "identity provider's token", client)?;
    let mut request = ExchangeToken::new(options.policy, SubjectToken::parse(jwt.trim())?);
    if let Some(scope) = options.scope {
        request = request.scope(scope.into());
    }
    let token = client.exchange_token(request).await?;
    output.result(&token, token.access_token.expose())
}
