//! Signs in through a transport made of a closure: any HTTP client fits in.
//!
//! ```sh
//! cargo run -p openrouter-oauth --no-default-features --example closure_transport
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth::{
    Client,
    transport::{Error, Limits, from_fn},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder()
        .transport(from_fn(send))
        // The closure responds at once. One that waits needs a timer: `.timer(…)`.
        .without_deadline()
        .build()?;

    let (url, mut pending) = client.authorize_headless().key_label("closure_transport").begin()?;
    println!("The user opens {url}");
    let code = pending.read_pasted("auth_code_abc123def456")?;
    let grant = pending.exchange(&client, &code).await?;
    println!("{:?} signed in, with {:?}", grant.user_id, grant.key);
    Ok(())
}

/// Here stands a call of the HTTP client at hand. This one responds from memory.
async fn send(request: Request<Bytes>, _limits: Limits) -> Result<Response<Bytes>, Error> {
    println!("{} {} with {} bytes", request.method(), request.uri(), request.body().len());
    Ok(Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
}
