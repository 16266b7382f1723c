//! A program that signs its user in without async and without tokio.
//!
//! ```sh
//! cargo run --manifest-path tests/consumers/blocking/Cargo.toml
//! ```

mod openrouter;

use std::error::Error;

use openrouter_oauth::blocking::Client;

fn main() -> Result<(), Box<dyn Error>> {
    let openrouter = openrouter::start()?;
    let client = Client::builder().base_url(openrouter.url("/api/v1")).build_blocking()?;

    let (url, mut sign_in) = client.authorize_headless().key_label("my-program").begin()?;
    println!("Open this page, and paste the code that it shows:\n{url}");
    let code = sign_in.read_pasted(openrouter::CODE)?;
    let grant = sign_in.exchange_blocking(&client, &code)?;

    let key = client.with_key(grant.key).current_key().send()?;
    assert_eq!(key.label.as_deref(), Some("my-program"));
    assert_eq!(openrouter.requests().len(), 2);
    println!("blocking: signed in without an async runtime");
    Ok(())
}
