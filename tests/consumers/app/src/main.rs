//! An application that signs its user in and looks at the key.

use std::error::Error;

use openrouter_oauth::Client;
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let openrouter = Emulator::new();
    let server = openrouter.serve(0).await?;

    let client = Client::builder().base_url(server.base_url()).build()?;
    let (url, mut sign_in) = client.authorize("http://127.0.0.1:3000/callback").key_label("app").begin()?;

    let user = User::new(openrouter.clone());
    let DecisionOutcome::Redirected(callback) = user.approve(url.as_str(), Some(5.0)).await? else {
        return Err("the user was not redirected".into());
    };
    let code = sign_in.read_callback(&callback)?;
    let grant = sign_in.exchange(&client, &code).await?;

    let info = client.with_key(grant.key).current_key().await?;
    assert_eq!(info.label.as_deref(), Some("app"));
    assert_eq!(info.limit.value(), Some(&5.0));
    assert_eq!(openrouter.posts("/auth/keys"), 1);
    println!("app: signed in with a key that may spend 5 dollars");
    Ok(())
}
