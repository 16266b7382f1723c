//! The options of each command.

use std::path::PathBuf;

use clap::{ArgGroup, ValueEnum, value_parser};
use clap_complete::Shell;
use openrouter_oauth::{
    CallbackUrl, CreditLimit, KeyLabel,
    models::{CodeChallenge, FederationPolicyId, Timestamp, TokenScope, UsageLimitType, WorkspaceId},
};

/// The key that is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyOptions {
    /// The name of the key. By default `login` names this program and the host.
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<KeyLabel>,
    /// What the key may spend, in US dollars.
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    pub(crate) limit: Option<CreditLimit>,
    /// The workspace to propose.
    #[arg(long, value_name = "UUID")]
    pub(crate) workspace: Option<WorkspaceId>,
    /// The only workspace to allow.
    #[arg(long, value_name = "UUID")]
    pub(crate) required_workspace: Option<WorkspaceId>,
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct LoginOptions {
    /// Ask for a page that shows a code to paste, as it is done over SSH.
    #[arg(long, conflicts_with = "port")]
    pub(crate) headless: bool,
    /// Don't open a browser; print the URL.
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Listen on this port of 127.0.0.1 for the browser, in place of a free one.
    #[arg(long, value_parser = value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    #[command(flatten)]
    pub(crate) key: KeyOptions,
    /// Where to keep the key.
    #[arg(long, env = "OPENROUTER_KEY_STORE", default_value = "file")]
    pub(crate) store: LoginStore,
    /// Also write the key to standard output.
    #[arg(long)]
    pub(crate) print: bool,
    /// How long to wait for the user.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = value_parser!(u32).range(1..=86_400))]
    pub(crate) timeout: u32,
    /// Make another key, also if the stored one is good.
    #[arg(long)]
    pub(crate) again: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LogoutOptions {
    /// The only store to forget the key of; by default that is every one.
    #[arg(long)]
    pub(crate) store: Option<StoreKind>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StoreOptions {
    /// Where the key is kept.
    #[arg(long, env = "OPENROUTER_KEY_STORE", default_value = "file")]
    pub(crate) store: StoreKind,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TokenOptions {
    #[command(flatten)]
    pub(crate) store: StoreOptions,
    /// Print the key also onto a terminal.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsOptions {
    /// The shell.
    pub(crate) shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ManOptions {
    /// The folder to write the pages to. It is made if there is none.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

/// Where a key is kept.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StoreKind {
    /// A file that only its owner can read.
    File,
    /// The keychain of the system.
    Keychain,
}

/// Where a login keeps the key.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LoginStore {
    /// A file that only its owner can read.
    File,
    /// The keychain of the system.
    Keychain,
    /// Nowhere.
    None,
}

impl LoginStore {
    pub(crate) fn kind(self) -> Option<StoreKind> {
        match self {
            Self::File => Some(StoreKind::File),
            Self::Keychain => Some(StoreKind::Keychain),
            Self::None => None,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct EmulatorOptions {
    /// The port of 127.0.0.1 to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UrlOptions {
    /// Where the browser comes back to; a random segment is added to its path. Without it the page shows a code.
    #[arg(long, value_name = "URL")]
    pub(crate) callback: Option<CallbackUrl>,
    #[command(flatten)]
    pub(crate) key: KeyOptions,
    /// Keep the pending sign-in in this new file, which its owner alone can read.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExchangeOptions {
    /// The file that `url` saved. It is removed, unless the sign-in can be tried again.
    #[arg(long, value_name = "FILE", conflicts_with = "without_pkce")]
    pub(crate) pending: Option<PathBuf>,
    /// The code was made without a challenge: whoever finds it can use it.
    #[arg(long)]
    pub(crate) without_pkce: bool,
}

// A group, so that whoever gives neither is told of both.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("pkce").args(["challenge", "without_pkce"]).required(true))]
pub(crate) struct CreateCodeOptions {
    /// The callback URL of the app that the code is for.
    #[arg(long, value_name = "URL")]
    pub(crate) callback: CallbackUrl,
    /// The challenge that `pkce` made (S256). The exchange then needs its verifier.
    #[arg(long, value_parser = CodeChallenge::parse)]
    pub(crate) challenge: Option<CodeChallenge>,
    /// Make a code without a challenge: whoever finds it can use it.
    #[arg(long)]
    pub(crate) without_pkce: bool,
    /// The name of the key.
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<KeyLabel>,
    /// What the key may spend, in US dollars.
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    pub(crate) limit: Option<CreditLimit>,
    /// How often the limit starts anew.
    #[arg(long, requires = "limit")]
    pub(crate) limit_reset: Option<LimitReset>,
    /// When the key ends, as 2030-12-31T23:59:59Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) expires_at: Option<Timestamp>,
    /// The workspace that the key belongs to.
    #[arg(long, value_name = "UUID")]
    pub(crate) workspace: Option<WorkspaceId>,
    // Of the key that the request is made with.
    #[command(flatten)]
    pub(crate) store: StoreOptions,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExchangeTokenOptions {
    /// The federation policy that accepts the token (Settings, Workload identity).
    #[arg(long, value_name = "ID")]
    pub(crate) policy: FederationPolicyId,
    /// What the access token is for; by default all that the policy gives.
    #[arg(long)]
    pub(crate) scope: Option<Scope>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LimitReset {
    Daily,
    Weekly,
    Monthly,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Scope {
    Inference,
    Management,
}

impl From<LimitReset> for UsageLimitType {
    fn from(reset: LimitReset) -> Self {
        match reset {
            LimitReset::Daily => Self::Daily,
            LimitReset::Weekly => Self::Weekly,
            LimitReset::Monthly => Self::Monthly,
        }
    }
}

impl From<Scope> for TokenScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Inference => Self::Inference,
            Scope::Management => Self::Management,
        }
    }
}
