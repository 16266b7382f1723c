//! The work as a careful engineer writes it on hyper-util: with a pool, a timeout, a limit on the body, a check of the
//! status, and a verifier that is wiped.

use std::{hint::black_box, sync::Arc, time::Duration};

use base64ct::{Base64UrlUnpadded, Encoding};
use bytes::Bytes;
use form_urlencoded::Serializer;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, ResponseFuture, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use openrouter_oauth_tests::Result;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use tokio_rustls::rustls::crypto::ring;
use zeroize::Zeroizing;

use crate::{canned, side::Side};

const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_BODY_BYTES: usize = 64 * 1024;
/// The same headers as the SDK's, so that both sides send the same bytes.
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("openrouter-oauth-rust/", env!("CARGO_PKG_VERSION")));
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The work by hand.
pub(crate) struct ByHand;

pub(crate) struct Client {
    http: Http,
    url: Uri,
    origin: String,
}

/// A client for each scheme, so that an exchange over plain HTTP does not pay for TLS.
enum Http {
    Plain(legacy::Client<HttpConnector, Full<Bytes>>),
    Tls(legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

pub(crate) struct Pending {
    callback_path: String,
    state: String,
    verifier: String,
}

#[derive(Serialize)]
struct Exchange<'a> {
    code: &'a str,
    code_verifier: &'a str,
    code_challenge_method: &'a str,
}

/// The response to an exchange.
enum Exchanged {
    Granted(Grant),
    Rejected { status: StatusCode, message: String },
}

#[derive(Deserialize)]
struct Grant {
    key: String,
    user_id: Option<String>,
}

#[derive(Deserialize)]
struct Rejection {
    error: RejectionError,
}

#[derive(Deserialize)]
struct RejectionError {
    message: String,
}

impl Side for ByHand {
    type Client = Arc<Client>;
    type Pending = Pending;

    fn client(base_url: &str) -> Result<Arc<Client>> {
        let url: Uri = format!("{base_url}/auth/keys").parse()?;
        let (scheme, authority) = url.scheme_str().zip(url.authority()).ok_or("the URL is relative")?;
        let origin = format!("{scheme}://{authority}");
        let http = if scheme == "https" { Http::Tls(build(tls()?)) } else { Http::Plain(build(tcp())) };
        Ok(Arc::new(Client { http, url, origin }))
    }

    fn pending(_: &Arc<Client>) -> Result<Pending> {
        Ok(Pending {
            callback_path: canned::CALLBACK_PATH.to_owned(),
            state: canned::STATE.to_owned(),
            verifier: canned::VERIFIER.to_owned(),
        })
    }

    async fn exchange_auth_code(client: &Arc<Client>) -> Result<()> {
        check_grant(timeout(TIMEOUT, client.exchange(canned::CODE, canned::VERIFIER)).await??)
    }

    async fn exchange(client: &Arc<Client>, pending: Pending) -> Result<()> {
        check_grant(timeout(TIMEOUT, client.exchange(canned::CODE, &pending.verifier)).await??)
    }

    async fn exchange_rejected_code(client: &Arc<Client>) -> Result<()> {
        match timeout(TIMEOUT, client.exchange(canned::CODE, canned::VERIFIER)).await?? {
            Exchanged::Rejected { status: StatusCode::BAD_REQUEST, message }
                if message.starts_with(canned::MESSAGE) =>
            {
                Ok(())
            }
            _ => Err("the code was not rejected".into()),
        }
    }

    fn begin(client: &Arc<Client>) -> Result<()> {
        let (verifier, challenge) = pkce()?;
        let (attempt_id, state) = (random_text::<16>()?, random_text::<16>()?);
        let callback_url = format!("{}/{}", canned::CALLBACK_URL, *attempt_id);
        let mut url = format!("{}/auth?", client.origin);
        let start = url.len();
        url = Serializer::for_suffix(url, start)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("callback_url", &callback_url)
            .append_pair("state", &state)
            .finish();
        drop(black_box((url, callback_url, state, verifier)));
        Ok(())
    }

    fn read_callback(pending: &Pending, request_target: &str) -> Result<()> {
        let (path, query) = request_target.split_once('?').ok_or("the callback has no query")?;
        if path != pending.callback_path {
            return Err("the callback belongs to another sign-in".into());
        }
        let (mut code, mut state) = (None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "code" => code = Some(value),
                "state" => state = Some(value),
                _ => {}
            }
        }
        if state.as_deref() != Some(&pending.state) {
            return Err("the state is wrong".into());
        }
        let code = code.ok_or("the callback has no code")?.into_owned();
        if code == canned::CODE { Ok(()) } else { Err("the code is wrong".into()) }
    }

    fn pkce_pair() -> Result<()> {
        drop(black_box(pkce()?));
        Ok(())
    }
}

impl Client {
    async fn exchange(&self, code: &str, code_verifier: &str) -> Result<Exchanged> {
        let exchange = Exchange { code, code_verifier, code_challenge_method: "S256" };
        let request = Request::post(self.url.clone())
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::ACCEPT, JSON)
            .header(header::ACCEPT_ENCODING, IDENTITY)
            .header(header::CONTENT_TYPE, JSON)
            .body(Full::from(serde_json::to_vec(&exchange)?))?;
        let response = self.http.request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_BODY_BYTES).collect().await?.to_bytes();
        if status == StatusCode::OK {
            return Ok(Exchanged::Granted(serde_json::from_slice(&body)?));
        }
        let Rejection { error } = serde_json::from_slice(&body)?;
        Ok(Exchanged::Rejected { status, message: error.message })
    }
}

impl Http {
    fn request(&self, request: Request<Full<Bytes>>) -> ResponseFuture {
        match self {
            Self::Plain(client) => client.request(request),
            Self::Tls(client) => client.request(request),
        }
    }
}

fn build<C>(connector: C) -> legacy::Client<C, Full<Bytes>>
where
    C: legacy::connect::Connect + Clone,
{
    legacy::Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector)
}

fn tcp() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector
}

fn tls() -> Result<HttpsConnector<HttpConnector>> {
    let mut tcp = tcp();
    tcp.enforce_http(false);
    let builder =
        HttpsConnectorBuilder::new().with_provider_and_platform_verifier(ring::default_provider())?;
    Ok(builder.https_only().enable_http1().wrap_connector(tcp))
}

fn check_grant(exchanged: Exchanged) -> Result<()> {
    match exchanged {
        Exchanged::Granted(Grant { key, user_id })
            if key == canned::KEY && user_id.as_deref() == Some(canned::USER) =>
        {
            Ok(())
        }
        _ => Err("the exchange did not return the canned key".into()),
    }
}

/// Returns a verifier and its challenge.
fn pkce() -> Result<(Zeroizing<String>, String)> {
    let verifier = random_text::<32>()?;
    let challenge = Base64UrlUnpadded::encode_string(&Sha256::digest(verifier.as_bytes()));
    Ok((verifier, challenge))
}

fn random_text<const BYTES: usize>() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::fill(&mut *bytes)?;
    Ok(Zeroizing::new(Base64UrlUnpadded::encode_string(&*bytes)))
}
