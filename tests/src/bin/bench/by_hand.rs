//! The exchange as a careful engineer writes it on hyper-util: with a pool, a timeout, a limit on the body, and a check
//! of the status.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use openrouter_oauth_tests::Result;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::canned;

const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_BODY_BYTES: usize = 64 * 1024;
const USER_AGENT: HeaderValue = HeaderValue::from_static("openrouter-by-hand/0.1.0");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[derive(Serialize)]
struct Exchange<'a> {
    code: &'a str,
    code_verifier: &'a str,
    code_challenge_method: &'a str,
}

#[derive(Deserialize)]
struct Grant {
    key: String,
    user_id: Option<String>,
}

/// Exchanges the canned code this many times in sequence.
pub(crate) async fn exchange(server: &str, exchanges: u32) -> Result<()> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
    let url: Uri = format!("{server}/auth/keys").parse()?;
    for _ in 0..exchanges {
        let grant = timeout(TIMEOUT, exchange_once(&client, &url)).await??;
        assert_eq!((&*grant.key, grant.user_id.as_deref()), (canned::KEY, Some(canned::USER)));
    }
    Ok(())
}

async fn exchange_once(client: &Client<HttpConnector, Full<Bytes>>, url: &Uri) -> Result<Grant> {
    let exchange =
        Exchange { code: canned::CODE, code_verifier: canned::VERIFIER, code_challenge_method: "S256" };
    let request = Request::post(url.clone())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT, JSON)
        .header(header::CONTENT_TYPE, JSON)
        .body(Full::from(serde_json::to_vec(&exchange)?))?;
    let response = client.request(request).await?;
    if response.status() != StatusCode::OK {
        return Err(format!("the server responded with {}", response.status()).into());
    }
    let body = Limited::new(response.into_body(), MAX_BODY_BYTES).collect().await?.to_bytes();
    Ok(serde_json::from_slice(&body)?)
}
