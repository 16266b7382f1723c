//! The emulator, a client and a user, brought together in two ways.

use std::fmt::Debug;

use openrouter_oauth::Client;
use openrouter_oauth_emulator::{Emulator, Settings, User};
use openrouter_oauth_transport::Transport;
use openrouter_oauth_transport_hyper::{HyperTransport, TokioTimer};

/// A service, a client of it without a key, and a user who approves or denies.
#[derive(Debug)]
pub struct Stage {
    emulator: Emulator,
    client: Client,
    user: User,
    base_url: String,
    /// Serves until the stage is dropped.
    _server: Box<dyn Debug + Send + Sync>,
}

impl Stage {
    /// The emulator is the transport.
    pub fn in_memory(settings: Settings) -> Self {
        let emulator = Emulator::with(settings);
        Self::new(emulator.clone(), emulator, "https://openrouter.ai/api/v1".to_owned(), ())
    }

    /// The emulator listens on a port.
    pub async fn over_tcp(settings: Settings) -> Self {
        let emulator = Emulator::with(settings);
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

    /// The base URL of the service.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The service.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// A client of it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A user with a browser.
    pub fn user(&self) -> &User {
        &self.user
    }
}
