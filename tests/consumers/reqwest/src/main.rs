//! A program that signs its user in through the reqwest client that it already has.

#[path = "../../blocking/src/openrouter.rs"]
mod openrouter;

use std::error::Error;

use openrouter_oauth::Client;
use openrouter_oauth_transport_reqwest::{ReqwestTransport, TokioTimer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let openrouter = openrouter::start()?;
    let http = ReqwestTransport::client_builder().build()?;

    let transport = ReqwestTransport::from_client_unchecked(http.clone());
    let builder = Client::builder().base_url(openrouter.url("/api/v1"));
    let client = builder.transport(transport).timer(TokioTimer::new()).build()?;
    let (url, mut sign_in) = client.authorize_headless().key_label("my-program").begin()?;
    println!("Open this page, and paste the code that it shows:\n{url}");
    let code = sign_in.read_pasted(openrouter::CODE)?;
    let key = sign_in.exchange(&client, &code).await?.key;

    let request = http.get(openrouter.url("/api/v1/key")).bearer_auth(key.expose());
    assert!(request.send().await?.text().await?.contains("my-program"));
    assert_eq!((openrouter.requests().len(), openrouter.connections()?), (2, 1));
    println!("reqwest: signed in and went on over the connection of the same client");
    Ok(())
}
