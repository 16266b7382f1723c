//! The two sides of each row.

use std::future::Future;

use openrouter_oauth_tests::Result;

// The names of the sides.
pub(crate) const HAND: &str = "hand";
pub(crate) const SDK: &str = "sdk";
/// The SDK over reqwest.
pub(crate) const SDK_OVER_REQWEST: &str = "sdk-over-reqwest";
/// The SDK over ureq, with the client that blocks.
pub(crate) const SDK_OVER_UREQ: &str = "sdk-over-ureq";
/// The SDK with a planted allocation.
pub(crate) const SDK_WITH_ALLOCATION: &str = "sdk-with-allocation";
/// The SDK with a planted clone of the headers.
pub(crate) const SDK_WITH_HEADERS: &str = "sdk-with-headers";

/// One way to do the work of every row: by hand or through the SDK.
///
/// Every method fails if the result is not the expected one.
pub(crate) trait Side {
    type Client: Clone + Send + 'static;
    /// A sign-in that waits for its code.
    type Pending: Send;

    /// Creates a client of the service at this URL.
    fn client(base_url: &str) -> Result<Self::Client>;

    /// Creates the sign-in with the canned callback, state, and verifier.
    fn pending(client: &Self::Client) -> Result<Self::Pending>;

    /// Exchanges the canned code and verifier for the canned key.
    fn exchange_auth_code(client: &Self::Client) -> impl Future<Output = Result<()>> + Send;

    /// Exchanges the canned code for the canned key, with the verifier of the sign-in.
    fn exchange(client: &Self::Client, pending: Self::Pending) -> impl Future<Output = Result<()>> + Send;

    /// Exchanges the canned code, and reads the message of the rejection.
    fn exchange_rejected_code(client: &Self::Client) -> impl Future<Output = Result<()>> + Send;

    /// Begins a sign-in: random values, and the URL for the user.
    fn begin(client: &Self::Client) -> Result<()>;

    /// Reads the code from the request target of a callback.
    fn read_callback(pending: &Self::Pending, request_target: &str) -> Result<()>;

    /// Generates a verifier and its challenge.
    fn pkce_pair() -> Result<()>;
}
