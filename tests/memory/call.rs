//! The calls whose secrets are looked for, one for each way that a call can end.

use std::{net::Ipv4Addr, sync::OnceLock, time::Duration};

use openrouter_oauth::{
    ApiKey, AuthorizationCode, CallbackUrl, Client, CodeVerifier, CreateAuthCode, Error, ExchangeAuthCode,
    ExchangeToken, FederationPolicyId, Pkce, Retry, SubjectToken,
};
use openrouter_oauth_tests::{
    masked::{self, MaskedSecret},
    tls,
};
use openrouter_oauth_transport_hyper::{HyperTransport, TokioTimer};
use tokio::{net::TcpSocket, time::timeout};

use crate::repeater::Repeater;

/// One call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) way: Way,
    pub(crate) is_secure: bool,
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

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    Granted,
    /// Granted, a few bytes at a time.
    InPieces,
    /// 403, and the message repeats the request.
    Refused,
    /// 500, the same.
    Unknown,
    /// 502, as text that is not JSON.
    Text,
    /// 302, to a URL with secrets in it.
    Redirected,
    /// One byte is missing.
    Cut,
    Reset,
    TooLarge,
    /// What comes is not HTTP.
    Garbage,
    /// No answer in time.
    Late,
    /// The future is dropped.
    Abandoned,
    /// Nobody listens.
    Unreachable,
    /// The certificate is nobody's.
    Untrusted,
}

const WAYS: [Way; 14] = [
    Way::Granted,
    Way::InPieces,
    Way::Refused,
    Way::Unknown,
    Way::Text,
    Way::Redirected,
    Way::Cut,
    Way::Reset,
    Way::TooLarge,
    Way::Garbage,
    Way::Late,
    Way::Abandoned,
    Way::Unreachable,
    Way::Untrusted,
];

/// What a call has to do with: code, key or token, the verifier, and what the server makes.
pub(crate) struct Secrets {
    sent: MaskedSecret,
    verifier: MaskedSecret,
    made: MaskedSecret,
}

/// Long enough for a handshake on a machine that is busy.
const WAIT: Duration = Duration::from_millis(500);

impl Secrets {
    pub(crate) fn random() -> Self {
        let sent = MaskedSecret::random();
        Self { made: sent.reversed("sk-or-v1-"), verifier: MaskedSecret::random(), sent }
    }

    pub(crate) fn all(&self) -> [MaskedSecret; 3] {
        [&self.sent, &self.verifier, &self.made].map(MaskedSecret::clone)
    }

    /// Where one of them stands in memory.
    pub(crate) fn places(&self) -> Vec<usize> {
        masked::addresses(&[&self.sent, &self.verifier, &self.made])
    }
}

impl Call {
    /// Every way of every operation, in plain and by TLS.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [false, true].into_iter().flat_map(|is_secure| {
            let ways = WAYS.into_iter().filter(move |way| is_secure || *way != Way::Untrusted);
            ways.flat_map(move |way| OPERATIONS.map(|operation| Self { operation, way, is_secure }))
        })
    }

    /// Makes the call, in a runtime of its own, and checks that it ends as it should.
    pub(crate) fn run(self, repeater: &Repeater, secrets: &Secrets) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let result = runtime.block_on(async {
            let client = self.client(repeater, secrets);
            let request = self.send(&client, secrets);
            if self.way == Way::Abandoned { timeout(WAIT, request).await.ok() } else { Some(request.await) }
        });
        assert_eq!(outcome(result), self.way.outcome(self.operation), "{self:?}");
    }

    fn client(self, repeater: &Repeater, secrets: &Secrets) -> Client {
        let trusted = match self.way {
            Way::Untrusted => tls::certificate("localhost", (2020, 2100)).cert.der().to_vec(),
            _ => repeater.certificate.clone(),
        };
        let transport = HyperTransport::builder().add_root_certificates_der(&trusted);
        let builder = Client::builder().transport(transport.build().unwrap()).timer(TokioTimer::default());
        let builder = builder.base_url(self.base_url(repeater)).retry(Retry::none());
        let builder = if self.way == Way::Late { builder.timeout(WAIT) } else { builder };
        builder.api_key(ApiKey::parse(&secrets.sent.unmask()).unwrap()).build().unwrap()
    }

    fn base_url(self, repeater: &Repeater) -> String {
        let port = match self.way {
            Way::Unreachable => closed_port(),
            _ => repeater.port(self.is_secure),
        };
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://localhost:{port}/{}/api/v1", self.way.path())
    }

    /// Nothing of an answer is kept.
    async fn send(self, client: &Client, secrets: &Secrets) -> Result<(), Error> {
        match self.operation {
            Operation::ExchangeAuthCode => {
                let code = AuthorizationCode::parse(&secrets.sent.unmask())?;
                let verifier = CodeVerifier::parse(&secrets.verifier.unmask())?;
                let request = ExchangeAuthCode::new(code).pkce(verifier, Pkce::METHOD);
                let grant = client.exchange_auth_code(request).send().await?.into_inner();
                assert_eq!(grant.key.expose(), &**secrets.made.unmask());
            }
            Operation::CreateAuthCode => {
                let request = CreateAuthCode::new(CallbackUrl::parse("https://my.app/callback")?);
                let code = client.create_auth_code(request).send().await?.into_inner();
                assert_eq!(code.id.expose(), &**secrets.made.unmask());
            }
            Operation::CurrentKey => {
                let info = client.current_key().await?;
                assert_eq!(info.label.as_deref(), Some("a key"));
            }
            Operation::ExchangeToken => {
                let token = SubjectToken::parse(&secrets.sent.unmask())?;
                let request = ExchangeToken::new(FederationPolicyId::parse("policy")?, token);
                let token = client.exchange_token(request).send().await?.into_inner();
                assert_eq!(token.access_token.expose(), &**secrets.made.unmask());
            }
        }
        Ok(())
    }
}

/// A port that is bound for as long as the process runs, and on which nothing listens.
fn closed_port() -> u16 {
    static SOCKET: OnceLock<TcpSocket> = OnceLock::new();
    let socket = SOCKET.get_or_init(|| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        socket
    });
    socket.local_addr().unwrap().port()
}

/// How a call ended, in a word.
fn outcome(result: Option<Result<(), Error>>) -> &'static str {
    match result {
        None => "abandoned",
        Some(Ok(())) => "granted",
        Some(Err(Error::Api(_))) => "refused",
        Some(Err(Error::UnexpectedRedirect { .. })) => "redirected",
        Some(Err(Error::NotSent(_))) => "not sent",
        Some(Err(Error::Tls(_))) => "untrusted",
        Some(Err(error)) if error.is_outcome_unknown() => "unknown",
        Some(Err(error)) => panic!("{error}"),
    }
}

impl Operation {
    /// Whether the failure of a server is just that.
    fn makes_nothing(self) -> bool {
        matches!(self, Self::CurrentKey | Self::ExchangeToken)
    }
}

impl Way {
    /// What the server knows it by.
    fn path(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::InPieces => "in-pieces",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Text => "text",
            Self::Redirected => "redirected",
            Self::Cut => "cut",
            Self::Reset => "reset",
            Self::TooLarge => "too-large",
            Self::Garbage => "garbage",
            Self::Late | Self::Abandoned | Self::Unreachable | Self::Untrusted => "silent",
        }
    }

    fn outcome(self, operation: Operation) -> &'static str {
        match self {
            Self::Granted | Self::InPieces => "granted",
            Self::Refused => "refused",
            Self::Unknown | Self::Text if operation.makes_nothing() => "refused",
            Self::Redirected => "redirected",
            Self::Abandoned => "abandoned",
            Self::Unreachable => "not sent",
            Self::Untrusted => "untrusted",
            Self::Unknown
            | Self::Text
            | Self::Cut
            | Self::Reset
            | Self::TooLarge
            | Self::Garbage
            | Self::Late => "unknown",
        }
    }
}
