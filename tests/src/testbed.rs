//! An emulator, a client and a user, connected in memory or over TCP.

use std::fmt::Debug;

use openrouter_oauth::Client;
use openrouter_oauth_emulator::{Emulator, Settings, User};
use openrouter_oauth_transport::Transport;
use openrouter_oauth_transport_hyper::{HyperTransport, TokioTimer};

/// An emulator, a client without a key, and a user.
#[derive(Debug)]
pub struct Testbed {
    emulator: Emulator,
    client: Client,
    user: User,
    base_url: String,
    /// Serves until the testbed is dropped.
    _server: Box<dyn Debug + Send + Sync>,
}

impl Testbed {
    /// Connects them in memory: the emulator is the transport.
    pub fn in_memory(settings: Settings) -> Self {
        let emulator = Emulator::with_settings(settings);
        Self::new(emulator.clone(), emulator, "https://openrouter.ai/api/v1".to_owned(), ())
    }

    /// Connects them over TCP: the emulator listens on a port.
    pub async fn over_tcp(settings: Settings) -> Self {
        let emulator = Emulator::with_settings(settings);
        let server = emulator.serve(0).await.unwrap();
        Self::new(emulator, HyperTransport::new(), server.base_url(), server)
    }

    fn new(
        emulator: Emulator,
        transport: impl Transport + Clone + 'static,
        base_url: String,
        server: impl Debug + Send + Sync + 'static,
    ) -> Self {
        let builder = Client::builder().transport(transport.clone()).timer(TokioTimer::default());
        Self {
            emulator,
            client: builder.base_url(base_url.as_str()).build().unwrap(),
            user: User::new(transport),
            base_url,
            _server: Box::new(server),
        }
    }

    /// Returns the base URL of the emulator.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the emulator.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// Returns the client, which has no key.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the user, who approves or denies.
    pub fn user(&self) -> &User {
        &self.user
    }
}
