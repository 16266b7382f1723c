//! The work through the SDK with its defaults: retries, deadline, limit on the body, and redaction are on.

use std::{hint::black_box, marker::PhantomData, sync::Arc};

use http::StatusCode;
use openrouter_oauth::{
    ApiKeyGrant, AuthorizationCode, CallbackUrl, Client, CodeChallengeMethod, CodeVerifier, Error,
    ExchangeAuthCode, PendingSignIn, Pkce, blocking,
};
use openrouter_oauth_tests::{Result, tls};
use openrouter_oauth_transport_reqwest::{ReqwestTransport, TokioTimer};

use crate::{canned, planted::Plant, side::Side};

/// The work through the SDK, and with each exchange also the work of `P`.
pub(crate) struct BySdk<P>(PhantomData<P>);

pub(crate) struct Sdk {
    client: Client,
    callback_url: CallbackUrl,
}

impl<P: Plant> Side for BySdk<P> {
    type Client = Arc<Sdk>;
    type Pending = PendingSignIn;

    fn client(base_url: &str) -> Result<Arc<Sdk>> {
        Ok(Arc::new(Sdk {
            client: Client::builder().base_url(base_url).build()?,
            callback_url: CallbackUrl::parse(canned::CALLBACK_URL)?,
        }))
    }

    fn pending(sdk: &Arc<Sdk>) -> Result<PendingSignIn> {
        let origin = sdk.client.origin().as_str();
        let json = format!(
            r#"{{"version":1,"origin":"{origin}","callback_url":"http://127.0.0.1:3000{}","state":"{}",
                "code_verifier":"{}","begun_at":0}}"#,
            canned::CALLBACK_PATH,
            canned::STATE,
            canned::VERIFIER
        );
        Ok(PendingSignIn::from_secret_json(&json)?)
    }

    async fn exchange_auth_code(sdk: &Arc<Sdk>) -> Result<()> {
        P::run();
        check_grant(&exchange_auth_code(&sdk.client).await?)
    }

    async fn exchange(sdk: &Arc<Sdk>, mut pending: PendingSignIn) -> Result<()> {
        P::run();
        let code = AuthorizationCode::parse(canned::CODE)?;
        check_grant(&pending.exchange(&sdk.client, &code).await?)
    }

    async fn exchange_rejected_code(sdk: &Arc<Sdk>) -> Result<()> {
        match exchange_auth_code(&sdk.client).await {
            Err(Error::Api(error))
                if error.status() == StatusCode::BAD_REQUEST
                    && error.message().as_str().starts_with(canned::MESSAGE) =>
            {
                Ok(())
            }
            _ => Err("the code was not rejected".into()),
        }
    }

    fn begin(sdk: &Arc<Sdk>) -> Result<()> {
        drop(black_box(sdk.client.authorize(sdk.callback_url.clone()).begin()?));
        Ok(())
    }

    fn read_callback(pending: &PendingSignIn, request_target: &str) -> Result<()> {
        let code = pending.read_callback(request_target)?;
        if code.expose() == canned::CODE { Ok(()) } else { Err("the code is wrong".into()) }
    }

    fn pkce_pair() -> Result<()> {
        drop(black_box(Pkce::generate()?));
        Ok(())
    }
}

/// Exchanges the canned code over reqwest.
pub(crate) struct OverReqwest(Client);

impl OverReqwest {
    pub(crate) fn client(base_url: &str) -> Result<Self> {
        tls::use_ring();
        let builder = Client::builder().transport(ReqwestTransport::new()?).timer(TokioTimer::new());
        Ok(Self(builder.base_url(base_url).build()?))
    }

    pub(crate) async fn exchange_auth_code(&self) -> Result<()> {
        check_grant(&exchange_auth_code(&self.0).await?)
    }
}

/// Exchanges the canned code over ureq, with the client that blocks.
pub(crate) struct OverUreq(blocking::Client);

impl OverUreq {
    pub(crate) fn client(base_url: &str) -> Result<Self> {
        Ok(Self(blocking::Client::builder().base_url(base_url).build_blocking()?))
    }

    pub(crate) fn exchange_auth_code(&self) -> Result<()> {
        check_grant(&self.0.exchange_auth_code(request()?).send()?)
    }
}

async fn exchange_auth_code(client: &Client) -> std::result::Result<ApiKeyGrant, Error> {
    client.exchange_auth_code(request()?).await
}

fn request() -> std::result::Result<ExchangeAuthCode, Error> {
    let code = AuthorizationCode::parse(canned::CODE)?;
    let verifier = CodeVerifier::parse(canned::VERIFIER)?;
    Ok(ExchangeAuthCode::new(code).pkce(verifier, CodeChallengeMethod::S256))
}

fn check_grant(grant: &ApiKeyGrant) -> Result<()> {
    if grant.key.expose() == canned::KEY && grant.user_id.as_deref() == Some(canned::USER) {
        Ok(())
    } else {
        Err("the exchange did not return the canned key".into())
    }
}
