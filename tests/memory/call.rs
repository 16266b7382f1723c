//! The calls whose secrets the tests search for: each operation, with each way to end.

use std::{net::Ipv4Addr, sync::OnceLock, time::Duration};

use openrouter_oauth::{
    ApiKey, AuthorizationCode, CallbackUrl, Client, CodeVerifier, CreateAuthCode, Error, ExchangeAuthCode,
    ExchangeToken, FederationPolicyId, Pkce, Retry, SubjectToken,
};
use openrouter_oauth_tests::{
    masked::{self, MaskedSecret},
    tls,
};
use openrouter_oauth_transport::ThreadTimer;
use openrouter_oauth_transport_hyper::{HyperTransport, TokioTimer};
use openrouter_oauth_transport_ureq::UreqTransport;
use tokio::{net::TcpSocket, time::timeout};

use crate::repeater::Repeater;

/// One call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) ending: Ending,
    pub(crate) is_secure: bool,
    /// Whether ureq sends the request, instead of hyper.
    pub(crate) is_blocking: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operation {
    ExchangeAuthCode,
    CreateAuthCode,
    CurrentKey,
    ExchangeToken,
}

const OPERATIONS: [Operation; 4] =
    [Operation::ExchangeAuthCode, Operation::CreateAuthCode, Operation::CurrentKey, Operation::ExchangeToken];

/// How the server or the caller ends a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ending {
    Granted,
    /// Granted, a few bytes at a time.
    InPieces,
    /// Granted, with fields that cannot be read.
    Odd,
    /// 200, as HTML with the secret in it.
    Wrapped,
    /// 403. The message repeats the request.
    Rejected,
    /// 500. The message repeats the request.
    ServerError,
    /// 502, as text that is not JSON.
    Text,
    /// 302, to a URL that contains secrets.
    Redirected,
    /// One byte is missing.
    Cut,
    Reset,
    TooLarge,
    /// The response is not HTTP.
    Garbage,
    /// No response before the deadline.
    Late,
    /// The caller drops the future.
    Abandoned,
    /// Nothing listens on the port.
    Unreachable,
    /// The client does not trust the certificate.
    Untrusted,
}

const ENDINGS: [Ending; 16] = [
    Ending::Granted,
    Ending::InPieces,
    Ending::Odd,
    Ending::Wrapped,
    Ending::Rejected,
    Ending::ServerError,
    Ending::Text,
    Ending::Redirected,
    Ending::Cut,
    Ending::Reset,
    Ending::TooLarge,
    Ending::Garbage,
    Ending::Late,
    Ending::Abandoned,
    Ending::Unreachable,
    Ending::Untrusted,
];

/// The secrets of a call: the code, key or token of the request, the verifier, and the secret of the response.
pub(crate) struct Secrets {
    sent: MaskedSecret,
    verifier: MaskedSecret,
    returned: MaskedSecret,
}

/// Long enough for a handshake on a busy machine.
const CALL_TIMEOUT: Duration = Duration::from_millis(500);

impl Secrets {
    pub(crate) fn random() -> Self {
        let sent = MaskedSecret::random();
        Self { returned: sent.reversed("sk-or-v1-"), verifier: MaskedSecret::random(), sent }
    }

    pub(crate) fn all(&self) -> [MaskedSecret; 3] {
        [&self.sent, &self.verifier, &self.returned].map(MaskedSecret::clone)
    }

    /// The addresses of all copies in memory.
    pub(crate) fn addresses(&self) -> Vec<usize> {
        masked::addresses(&[&self.sent, &self.verifier, &self.returned])
    }
}

impl Call {
    /// Every ending of every operation, over HTTP and over HTTPS, with each transport.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let ways = [(false, false), (true, false), (false, true), (true, true)];
        ways.into_iter().flat_map(|(is_secure, is_blocking)| {
            let endings = ENDINGS.into_iter().filter(move |ending| match ending {
                Ending::Untrusted => is_secure,
                // A request that blocks cannot be abandoned.
                Ending::Abandoned => !is_blocking,
                _ => true,
            });
            endings.flat_map(move |ending| {
                OPERATIONS.map(|operation| Self { operation, ending, is_secure, is_blocking })
            })
        })
    }

    /// Makes the call in its own runtime, and checks its outcome.
    pub(crate) fn run(self, repeater: &Repeater, secrets: &Secrets) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let result = runtime.block_on(async {
            let client = self.client(repeater, secrets);
            let request = self.send(&client, secrets);
            if self.ending == Ending::Abandoned {
                timeout(CALL_TIMEOUT, request).await.ok()
            } else {
                Some(request.await)
            }
        });
        assert_eq!(Outcome::new(result), self.ending.outcome(self.operation), "{self:?}");
    }

    fn client(self, repeater: &Repeater, secrets: &Secrets) -> Client {
        let trusted = match self.ending {
            Ending::Untrusted => tls::certificate("localhost", (2020, 2100)).cert.der().to_vec(),
            _ => repeater.certificate.clone(),
        };
        let builder = if self.is_blocking {
            let transport = UreqTransport::builder().add_root_certificates_der(&trusted);
            Client::builder().transport(transport.build().unwrap()).timer(ThreadTimer)
        } else {
            let transport = HyperTransport::builder().add_root_certificates_der(&trusted);
            Client::builder().transport(transport.build().unwrap()).timer(TokioTimer::default())
        };
        let builder = builder.base_url(self.base_url(repeater)).retry(Retry::none());
        let builder = if self.ending == Ending::Late { builder.timeout(CALL_TIMEOUT) } else { builder };
        builder.api_key(ApiKey::parse(&secrets.sent.unmask()).unwrap()).build().unwrap()
    }

    fn base_url(self, repeater: &Repeater) -> String {
        let port = match self.ending {
            Ending::Unreachable => closed_port(),
            _ => repeater.port(self.is_secure),
        };
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://localhost:{port}/{}/api/v1", self.ending.path())
    }

    /// Sends the request, checks the response, and drops it.
    async fn send(self, client: &Client, secrets: &Secrets) -> Result<(), Error> {
        match self.operation {
            Operation::ExchangeAuthCode => {
                let code = AuthorizationCode::parse(&secrets.sent.unmask())?;
                let verifier = CodeVerifier::parse(&secrets.verifier.unmask())?;
                let request = ExchangeAuthCode::new(code).pkce(verifier, Pkce::METHOD);
                let grant = client.exchange_auth_code(request).send_with_response().await?.into_inner();
                assert_eq!(grant.key.expose(), &**secrets.returned.unmask());
            }
            Operation::CreateAuthCode => {
                let request = CreateAuthCode::new(CallbackUrl::parse("https://my.app/callback")?);
                let code = client.create_auth_code(request).send_with_response().await?.into_inner();
                assert_eq!(code.id.expose(), &**secrets.returned.unmask());
            }
            Operation::CurrentKey => {
                let info = client.current_key().await?;
                assert_eq!(info.label.as_deref(), Some("a key"));
            }
            Operation::ExchangeToken => {
                let token = SubjectToken::parse(&secrets.sent.unmask())?;
                let request = ExchangeToken::new(FederationPolicyId::parse("policy")?, token);
                let token = client.exchange_token(request).send_with_response().await?.into_inner();
                assert_eq!(token.access_token.expose(), &**secrets.returned.unmask());
            }
        }
        Ok(())
    }
}

/// A port on which nothing listens. It stays bound while the process runs, so that no other process can take it.
fn closed_port() -> u16 {
    static SOCKET: OnceLock<TcpSocket> = OnceLock::new();
    let socket = SOCKET.get_or_init(|| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        socket
    });
    socket.local_addr().unwrap().port()
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Success,
    Rejected,
    Redirected,
    NotSent,
    Untrusted,
    NoResponse,
    Unexpected,
    Unknown,
    Abandoned,
}

impl Outcome {
    /// The outcome of a result, or of a dropped call if there is none.
    fn new(result: Option<Result<(), Error>>) -> Self {
        match result {
            None => Self::Abandoned,
            Some(Ok(())) => Self::Success,
            Some(Err(Error::Api(_))) => Self::Rejected,
            Some(Err(Error::UnexpectedRedirect { .. })) => Self::Redirected,
            Some(Err(Error::NotSent(_))) => Self::NotSent,
            Some(Err(Error::Tls(_))) => Self::Untrusted,
            Some(Err(Error::NoResponse(_))) => Self::NoResponse,
            Some(Err(Error::UnexpectedResponse(_))) => Self::Unexpected,
            Some(Err(error)) if error.is_outcome_unknown() => Self::Unknown,
            Some(Err(error)) => panic!("{error}"),
        }
    }
}

impl Operation {
    fn is_idempotent(self) -> bool {
        matches!(self, Self::CurrentKey | Self::ExchangeToken)
    }
}

impl Ending {
    /// The beginning of the path, which selects the server's response.
    fn path(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::InPieces => "in-pieces",
            Self::Odd => "odd",
            Self::Wrapped => "wrapped",
            Self::Rejected => "rejected",
            Self::ServerError => "server-error",
            Self::Text => "text",
            Self::Redirected => "redirected",
            Self::Cut => "cut",
            Self::Reset => "reset",
            Self::TooLarge => "too-large",
            Self::Garbage => "garbage",
            Self::Late | Self::Abandoned | Self::Unreachable | Self::Untrusted => "silent",
        }
    }

    /// The outcome that the call must have.
    fn outcome(self, operation: Operation) -> Outcome {
        match self {
            Self::Granted | Self::InPieces | Self::Odd => Outcome::Success,
            Self::Rejected => Outcome::Rejected,
            Self::ServerError | Self::Text if operation.is_idempotent() => Outcome::Rejected,
            // A2
            Self::Cut | Self::Reset | Self::Garbage | Self::Late if operation.is_idempotent() => {
                Outcome::NoResponse
            }
            Self::TooLarge | Self::Wrapped if operation.is_idempotent() => Outcome::Unexpected,
            Self::Redirected => Outcome::Redirected,
            Self::Abandoned => Outcome::Abandoned,
            Self::Unreachable => Outcome::NotSent,
            Self::Untrusted => Outcome::Untrusted,
            Self::ServerError
            | Self::Text
            | Self::Wrapped
            | Self::Cut
            | Self::Reset
            | Self::TooLarge
            | Self::Garbage
            | Self::Late => Outcome::Unknown,
        }
    }
}
